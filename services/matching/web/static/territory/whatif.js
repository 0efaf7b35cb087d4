// « Simulation »: three sliders, and one sentence as the answer; « Demain »: what tomorrow still lacks.

import { Problem, get } from "/static/api.js";
import { nameOf, professionOf } from "/static/people/directory.js";
import { byId, h } from "/static/dom.js";
import { dayName, fullDay, number } from "/static/format.js";
import { attemptIn } from "/static/form.js";
import { attempt } from "/static/shell.js";
import { config, label, t } from "/static/page.js";

const form = byId("whatif");
const FIGURES = ["asked", "served", "served_within_24_h", "unserved_p1", "unserved_p2", "unserved_p3", "unserved_p4", "travel_min", "delay_min", "gini"];

const wanted = () => {
  const slots = Number(form.slots.value);
  const without = form.without.value || null;
  return { cpts_id: config.cpts, slots, insee: slots ? form.insee.value : null, demand_percent: Number(form.demand.value), farther_minutes: Number(form.farther.value),
    without, away_from: without && form.away_from.value || null, away_until: without && form.away_until.value || null };
};

/** What people call by name: the sliders go where it means. */
const PRESETS = { flu: { demand: 140, farther: 0 }, snow: { demand: 100, farther: -10 }, calm: { demand: 100, farther: 0 } };
for (const button of form.querySelectorAll("[data-preset]")) button.addEventListener("click", () => {
  for (const [name, value] of Object.entries(PRESETS[button.dataset.preset])) form.elements[name].value = value;
  showValues();
});

/** Who gives care here lately: the one who would be away. */
export function offerPeople(practitioners, free) {
  const lately = practitioners.filter((each) => each.served_4_weeks || free.some((slot) => slot.practitioner_id === each.id));
  const options = lately.map((each) => [each.id, `${nameOf(each.id)} · ${professionOf(each.id)}`]).sort(([, one], [, other]) => one.localeCompare(other, config.language));
  if (options.map(String).join() === form.dataset.people) return;
  form.dataset.people = options.map(String).join();
  const chosen = form.without.value;
  form.without.replaceChildren(h("option", { value: "" }, t("whatif.nobody")), ...options.map(([id, name]) => h("option", { value: id }, name)));
  form.without.value = chosen;
}

/** The communes of the territory, by name; the choice stays when the list is drawn again. */
export function offerCommunes(communes, context) {
  const chosen = form.insee.value;
  const options = [...communes].map((insee) => [insee, context.commune(insee)]).sort(([, one], [, other]) => one.localeCompare(other, config.language));
  if (options.map(String).join() === form.dataset.communes) return;
  form.dataset.communes = options.map(String).join();
  form.insee.replaceChildren(...options.map(([insee, name]) => h("option", { value: insee }, name)));
  if (chosen) form.insee.value = chosen;
}

function showValues() {
  byId("slots-value").textContent = number(form.slots.value);
  byId("demand-value").textContent = t("whatif.demand_value", { n: number(form.demand.value) });
  byId("farther-value").textContent = t("time.minutes", { m: form.farther.value });
}

function sentence(change, before, after) {
  const parts = [];
  if (change.slots) parts.push(t("whatif.with_slots", { n: change.slots, where: form.insee.selectedOptions[0].textContent }));
  if (change.demand_percent !== 100) parts.push(t("whatif.with_demand", { n: change.demand_percent }));
  if (change.farther_minutes) parts.push(t(change.farther_minutes > 0 ? "whatif.with_farther" : "whatif.with_nearer", { n: Math.abs(change.farther_minutes) }));
  if (change.without) parts.push(t(change.away_from && change.away_until ? "whatif.without_dated" : "whatif.without",
    { who: nameOf(change.without), from: change.away_from && shownDay(change.away_from), until: change.away_until && shownDay(change.away_until) }));
  const more = after.served_within_24_h - before.served_within_24_h;
  const result = more === 0 ? t("whatif.same") : t(more > 0 ? "whatif.more" : "whatif.fewer", { n: Math.abs(more) });
  return t("whatif.answer", { change: parts.join(", ") || t("whatif.with_nothing"), result });
}

function side(lived) {
  return { ...lived, ...Object.fromEntries(lived.unserved_by_class.map((left, index) => [`unserved_p${index + 1}`, left])) };
}

function shownDay(key) {
  return fullDay(Date.parse(`${key}T12:00:00Z`));
}

function show(change, answer) {
  const [before, after] = [side(answer.before), side(answer.after)];
  byId("whatif-answer").replaceChildren(h("strong", { class: "answer" }, sentence(change, before, after)),
    h("span", { class: "quiet-text" }, t("whatif.over", { n: answer.days, first: shownDay(answer.first), last: shownDay(answer.last) })));
  byId("whatif-rows").replaceChildren(...FIGURES.map((name) => h("tr", {},
    h("th", { scope: "row" }, t(`whatif.row.${name}`)), h("td", { class: "number" }, number(before[name])), h("td", { class: "number" }, number(after[name])))));
  byId("whatif-none").hidden = true;
  byId("whatif-result").hidden = false;
  const { cpts_id: cpts, ...rest } = change;
  const query = new URLSearchParams({ cpts, ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null)) });
  for (const link of byId("whatif-result").querySelectorAll("a[data-kind]")) link.href = `${config.api.matching}/exports/whatif.${link.dataset.kind}?${query}`;
}

/** Each event as it comes: lines that begin with "data: ". */
async function* events(answer) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let kept = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (kept + value).split("\n");
    kept = lines.pop();
    for (const line of lines) if (line.startsWith("data: ")) yield JSON.parse(line.slice(6));
  }
}

async function replay() {
  const change = wanted();
  const answer = await fetch(`${config.api.matching}/whatif`, {
    method: "POST", headers: { "Content-Type": "application/json", Accept: "text/event-stream, application/json" }, body: JSON.stringify(change),
  });
  if (!answer.ok) throw new Problem(answer.status, await answer.json().catch(() => ({})));
  for await (const event of events(answer)) {
    byId("whatif-progress").value = event.days ? event.done / event.days : 0;
    byId("whatif-far").textContent = t("whatif.running", { done: event.done, days: event.days });
    if (event.after) show(change, event);
  }
}

form.addEventListener("input", showValues);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const button = form.querySelector("button.primary");
  button.disabled = true;
  byId("whatif-running").hidden = false;
  attemptIn(form, replay).finally(() => {
    button.disabled = false;
    byId("whatif-running").hidden = true;
  });
});
showValues();

let asked = null;
/** Fewer days say what happened, and promise nothing. */
const ENOUGH_DAYS = 5;

/** What tomorrow lacks, asked for when the tab is first looked at. */
export function drawTomorrow({ again = false } = {}) {
  if (asked && !again) return;
  byId("tomorrow-none").hidden = true;
  byId("tomorrow-looking").hidden = false;
  byId("tomorrow-found").classList.toggle("stale-part", again);
  asked = attempt(async () => {
    const lack = await get("matching", `/tomorrow?cpts=${encodeURIComponent(config.cpts)}`).catch((error) => {
      if (error.code !== "no_day_lived") throw error;
      byId("tomorrow-none").textContent = error.message;
      return null;
    });
    byId("tomorrow-none").hidden = lack !== null;
    byId("tomorrow-found").hidden = lack === null;
    if (lack) showTomorrow(lack);
  }).then((well) => {
    byId("tomorrow-looking").hidden = true;
    byId("tomorrow-found").classList.remove("stale-part");
    if (!well) asked = null;
  });
}

function showTomorrow(lack) {
  const between = (block) => ({ from: block.from_s / 3600, until: block.until_s / 3600 });
  const open = lack.blocks.filter((block) => block.to_open).map((block) => t("tomorrow.open", { n: block.to_open, ...between(block) }));
  const whom = lack.professions.map(([code, n]) => t("tomorrow.whom_one", { n, who: label("profession", code) })).join(", ");
  const name = dayName(Date.parse(lack.day));
  byId("tomorrow-words").replaceChildren(
    ...(open.length ? open : [t("tomorrow.enough")]).map((line) => h("strong", { class: "answer" }, line)),
    h("span", {}, t("tomorrow.expected", { day: `${name[0].toUpperCase()}${name.slice(1)}`, low: number(lack.low), high: number(lack.high), published: t("tomorrow.places", { n: lack.published }) }), " ", t("tomorrow.usual", { n: Math.round(lack.usual) })),
    h("span", { class: "quiet-text" }, `${whom ? `${t("tomorrow.whom", { who: whom })} ` : ""}${t(lack.days < ENOUGH_DAYS ? "tomorrow.few" : "tomorrow.learnt", { n: lack.days })}`));
  byId("tomorrow-rows").replaceChildren(...lack.blocks.map((block) => h("tr", {},
    h("th", { scope: "row" }, t("tomorrow.between", between(block))), h("td", { class: "number" }, number(block.expected)),
    h("td", { class: "number" }, number(block.published)), h("td", { class: "number" }, block.usual ? `≈ ${number(block.usual)}` : "0"), h("td", { class: "number" }, block.to_open ? h("strong", {}, number(block.to_open)) : "0"))));
}

byId("tomorrow-again").addEventListener("click", () => drawTomorrow({ again: true }));
