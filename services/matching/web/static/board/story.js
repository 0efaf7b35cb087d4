// One request's drawer: what is asked, the one change that would serve it, who to call, and every step of its story.

import { get } from "/static/api.js";
import { nameOf } from "/static/people/directory.js";
import { byId, h, state } from "/static/dom.js";
import { time, when, whenFull } from "/static/format.js";
import { config, known, label, t } from "/static/page.js";
import { drawMain, drawOthers, partsOf } from "/static/matching/board/acts.js";
import { drawAsks } from "/static/matching/board/extra_patient.js";
import { drawPeople } from "/static/matching/board/people.js";
import { lacks, lasts, standing } from "/static/matching/board/standing.js";

/** What the drawer shows; null as soon as somebody closes it, whatever is still on its way. */
let opened = null;
const dialog = byId("story");
dialog.addEventListener("close", () => { opened = null; });

export async function showStory(request, context) {
  if (!request) return dialog.close();
  const parts = opened?.id === request.id ? opened.parts : partsOf();
  const mine = (opened = { id: request.id, version: request.version, parts });
  const story = await get("matching", `/requests/${request.id}`).catch((error) => {
    if (error.status === 404) return { ...request, story: [] };
    throw error;
  });
  if (opened !== mine) return undefined;
  fill(parts, story, context);
  if (!dialog.contains(parts.body)) dialog.replaceChildren(parts.body);
  if (!dialog.open) dialog.showModal();
  return undefined;
}

/** The board changed: what the open drawer shows may have too. */
export function storyOf(context) {
  if (!opened || !dialog.open) return;
  const request = context.request(opened.id);
  if (!request) return;
  if (request.version !== opened.version) showStory(request, context);
  else opened.parts.asks.replaceChildren(drawAsks(request, context) ?? "");
}

function fill(parts, story, context) {
  parts.head.replaceChildren(
    h("h2", { id: "story-title" }, h("span", { class: `urgency p${story.urgency}` }, `P${story.urgency}`), ` ${context.motive(story.act)} · ${context.commune(story.insee)}`),
    h("button", { type: "button", class: "quiet", autofocus: true, onclick: () => dialog.close() }, t("board.back")));
  parts.facts.replaceChildren(...facts(story, context));
  if (context.acts) {
    drawMain(parts, story, context);
    drawPeople(parts, story, context);
    drawOthers(parts, story, context);
  }
  parts.asks.replaceChildren(drawAsks(story, context) ?? "");
  parts.story.replaceChildren(
    h("div", { class: "spread" }, h("h3", {}, t("tension.story.title")), exports(story.id)),
    h("ol", { class: "story" }, story.story.toReversed().map((change) => h("li", {}, h("span", { class: "time" }, time(change.at)), line(change, context)))));
}

/** The story as a file. */
function exports(id) {
  const link = (kind) => h("a", { class: "button quiet", download: true, href: `${config.api.matching}/exports/story.${kind}?${new URLSearchParams({ cpts: config.cpts, of: id })}` }, kind.toUpperCase());
  return h("details", { class: "export no-print" }, h("summary", { class: "button quiet" }, t("board.export")), h("div", {}, link("csv"), link("xlsx")));
}

function facts(request, context) {
  const slot = context.slot(request.slot_id);
  const lines = [
    ["tension.story.state", h("span", {}, state(...standing(request, context)), ` ${t("board.since", { time: when(request.submitted_at) })}`)],
    ["tension.story.deadline", `${whenFull(request.deadline_at)} · ${lasts(request)}`],
    ["tension.story.source", `${label("source", request.source)}${context.acts ? ` · ${context.asker(request)}` : ""}`],
    ["board.column.who", context.handler(request)],
    ["tension.story.slot", slot ? `${when(slot.starts_at)}, ${nameOf(slot.practitioner_id)}` : ""],
    ["tension.story.blocks", slot ? "" : lacks(request, context.free(), context)],
    ["board.whom", request.professions.map((code) => label("profession", code)).join(", ")],
    ["tension.story.travel", request.max_travel_minutes ? t("time.minutes", { m: request.max_travel_minutes }) : ""],
    ["tension.story.modes", request.modes.map((mode) => label("mode", mode)).join(", ")],
  ];
  return lines.filter(([, what]) => what).flatMap(([word, what]) => [h("dt", {}, t(word)), h("dd", {}, what)]);
}

/** What a line is about: a slot, a person, a reason, a number of minutes. */
function about(change, context) {
  const { slot_id: slot, reason, practitioners, practitioner_id: practitioner, travel_minutes: minutes, max_travel_minutes: travel, account, whom } = change.detail ?? {};
  const there = context.slot(slot);
  return [
    there ? `${when(there.starts_at)}, ${nameOf(there.practitioner_id)}` : "",
    !there && practitioner ? nameOf(practitioner) : "",
    // The step that says whom to ask has asked nobody.
    change.code === "overbooking_asked" ? practitioners?.map(nameOf).join(", ") : "",
    minutes ? t("board.wider", { minutes }) : "",
    travel ? t("time.minutes", { m: travel }) : "",
    account ? context.colleagues().get(account)?.label ?? "" : "",
    whom && whom !== "practitioner" ? t(`board.called.${whom}`) : "",
    reason ? label("closure", label("cancellation", reason)) : "",
  ].filter(Boolean).join(" · ");
}

function line(change, context) {
  const steps = change.code === "escalated" ? [`board.step.${change.detail?.step}`] : [];
  const key = [...steps, `tension.change.${change.code}`].find(known);
  const what = about(change, context);
  return h("span", {}, key ? t(key) : label("request_state", change.to_state), what ? ` · ${what}` : "", h("br"), h("span", { class: "quiet-text" }, by(change.by, context)));
}

function by(account, context) {
  if (account === "round" || account === "request") return t("tension.by.round");
  if (account === config.account) return t("tension.by.me");
  return context.colleagues().get(account)?.label ?? t("tension.by.person");
}
