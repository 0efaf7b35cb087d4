// A period in counts, beside the same days before: the coordinator's evening, the committee's meeting.

import { byId, h } from "/static/dom.js";
import { day, fullDay, number, instantOf, span } from "/static/format.js";
import { attempt } from "/static/shell.js";
import { Problem } from "/static/api.js";
import { config, label, now, t } from "/static/page.js";

const DAY = 86_400_000;
const form = byId("review-form");
const PARTS = ["class", "commune", "motive", "source", "hour"];
let context = null;
let turn = 0;

const midnight = (before) => instantOf(day(now() - before * DAY), "00:00");
const LENGTHS = { today: 0, week: 6, month: 27, quarter: 90 };

function period() {
  const choice = form.elements.period.value;
  byId("review-dates").hidden = choice !== "other";
  if (choice !== "other") return [midnight(LENGTHS[choice]), now()];
  const { since, until } = form.elements;
  if (!since.value || !until.value) return null;
  return [instantOf(since.value, "00:00"), Math.min(now(), instantOf(until.value, "00:00") + DAY)];
}

const count = (value, of) => (value === null ? (of === 0 ? "0" : t("review.few")) : number(value));
const wait = (part) => (part.median_s === null ? "–" : span(part.median_s * 1000));

export async function drawReview(known) {
  context = known;
  const chosen = period();
  if (!chosen) return;
  const mine = ++turn;
  byId("review-looking").hidden = false;
  await attempt(async () => {
    const [since, until] = chosen.map((at) => new Date(at).toISOString());
    const answer = await fetch(`/tension/review?${new URLSearchParams({ cpts: config.cpts, since, until })}`);
    const found = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Problem(answer.status, found);
    await context.nameCommunes?.([...found.now.by_commune, ...found.before.by_commune].map((each) => each.of));
    if (mine === turn) show(found, { since, until });
  });
  if (mine === turn) byId("review-looking").hidden = true;
}

function show(found, query) {
  byId("review-found").hidden = false;
  const { now: own, before } = found;
  byId("review-title").textContent = t("review.of", { since: fullDay(own.since), until: fullDay(Date.parse(own.until) - 1) });
  byId("review-lead").replaceChildren(...lead(own.total, before.total));
  byId("review-least").hidden = found.least === 0;
  byId("review-least").textContent = t("review.least", { least: found.least });
  const most = Math.max(1, ...found.weeks.map((each) => each.asked ?? 0));
  byId("review-weeks").replaceChildren(...found.weeks.map((each) => h("tr", {},
    h("th", { scope: "row" }, fullDay(Date.parse(`${each.of}T12:00:00Z`))), h("td", { class: "number" }, count(each.asked)), h("td", {}, bar((each.asked ?? 0) / most)),
    h("td", { class: "number" }, share(each)), h("td", { class: "number" }, wait(each)), h("td", { class: "number" }, count(each.lost, each.asked)))));
  byId("review-parts").replaceChildren(...PARTS.map((name) => table(name, own[`by_${name}`], before[`by_${name}`])), closed(own.closed, before.closed));
  for (const link of form.querySelectorAll("a[data-kind]")) link.href = `${config.api.matching}/exports/review.${link.dataset.kind}?${new URLSearchParams({ cpts: config.cpts, ...query })}`;
}

const share = (part) => (part.asked === null || part.within_48_h === null ? t("review.few") : part.asked ? `${number(Math.round(100 * part.within_48_h / part.asked))} %` : "–");

function lead(own, before) {
  const one = (value, words, past) => h("span", { class: "review-figure" }, h("strong", {}, value), " ", words, " ", h("span", { class: "quiet-text" }, t("review.before", { n: past })));
  return [
    one(count(own.asked), t("review.asked"), count(before.asked)),
    one(share(own), t("review.within_48_h"), share(before)),
    one(wait(own), t("review.median"), wait(before)),
    one(count(own.lost, own.asked), t("review.lost"), count(before.lost, before.asked)),
  ];
}

function named(kind, of) {
  if (kind === "commune") return context.commune(of);
  if (kind === "motive") return context.motive(of);
  if (kind === "hour") return t("review.hour", { h: Number(of) });
  return kind === "source" ? label("source", of) : of;
}

function table(kind, own, before) {
  const past = new Map(before.map((each) => [each.of, each]));
  const id = `review-${kind}`;
  return h("div", { class: "scroll", tabindex: "0", role: "group", "aria-labelledby": id }, h("table", { class: "review-table" },
    h("caption", { id }, t(`review.by.${kind}`)),
    h("thead", {}, h("tr", {}, ...["what", "asked", "then", "within_48_h", "lost"].map((column) => h("th", { scope: "col", class: column === "what" ? "" : "number" }, t(`review.${column}`))))),
    h("tbody", {}, own.map((each) => h("tr", {}, h("th", { scope: "row" }, named(kind, each.of)), h("td", { class: "number" }, count(each.asked)),
      h("td", { class: "number" }, count(past.get(each.of)?.asked ?? (past.has(each.of) ? null : 0))), h("td", { class: "number" }, count(each.within_48_h, each.asked)), h("td", { class: "number" }, count(each.lost, each.asked)))))));
}

function closed(own, before) {
  const past = new Map(before.map((each) => [each.of, each]));
  return h("div", { class: "scroll", tabindex: "0", role: "group", "aria-labelledby": "review-closed" }, h("table", { class: "review-table" },
    h("caption", { id: "review-closed" }, t("review.closed")),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("review.what")), h("th", { scope: "col", class: "number" }, t("review.asked")), h("th", { scope: "col", class: "number" }, t("review.then")))),
    h("tbody", {}, own.map((each) => h("tr", {}, h("th", { scope: "row" }, label("closure", label("cancellation", each.of)) || t("review.unsaid")), h("td", { class: "number" }, count(each.asked)), h("td", { class: "number" }, count(past.get(each.of)?.asked ?? (past.has(each.of) ? null : 0))))))));
}

function bar(share) {
  const inside = h("span", { class: "fair-bar" });
  inside.style.width = `${Math.round(share * 120)}px`;
  return h("span", { class: "fair-track", "aria-hidden": "true" }, inside);
}

form.addEventListener("change", () => drawReview(context));
form.addEventListener("submit", (event) => event.preventDefault());
byId("review-print").addEventListener("click", () => print());
