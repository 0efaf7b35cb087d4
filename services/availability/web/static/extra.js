// « Demandes »: one more patient asked of this practitioner; yes at a time of their own, or not today.

import { post } from "/static/api.js";
import { byId, h, keep } from "/static/dom.js";
import { age, day, instantOf, time, when } from "/static/format.js";
import { ask, attempt, toast } from "/static/shell.js";
import { now, t } from "/static/page.js";

const STEP = 300_000;
const QUARTER = 900_000;
const communes = new Map();

export function drawExtra(asks, page, context) {
  const shown = Object.values(asks ?? {})
    .filter((each) => each.practitioner_id === page.practitioner && each.state === "asked" && Date.parse(each.answer_by) > now())
    .sort((one, other) => one.urgency - other.urgency || one.asked_at.localeCompare(other.asked_at));
  byId("extra-part").hidden = shown.length === 0;
  learn(shown.map((each) => each.insee), context.redraw);
  keep(byId("extra"), shown, {
    key: (each) => each.id,
    version: (each) => [each.version, communes.get(each.insee), context.motive(each.act), page.places.length, suggested(each, context)].join("|"),
    draw: (each) => card(each, page, context),
  });
  return shown.length;
}

/** Names of communes, asked once. */
async function learn(wanted, redraw) {
  const missing = [...new Set(wanted)].filter((insee) => !communes.has(insee));
  if (!missing.length) return;
  for (const insee of missing) communes.set(insee, "");
  const answer = await fetch(`/tension/communes?${new URLSearchParams(missing.map((insee) => ["insee", insee]))}`);
  if (answer.ok) for (const each of await answer.json()) communes.set(each.insee, each.name);
  redraw();
}

const published = (context) => context.slotsOf(day()).filter((slot) => slot.status === "published");

/** After the last slot of the day; where that is too late, the first free quarter of an hour from now on. */
function suggested(entry, context) {
  const taken = published(context).map((slot) => [Date.parse(slot.starts_at), Date.parse(slot.ends_at)]);
  const soon = Math.ceil((now() + 2 * STEP) / STEP) * STEP;
  const last = Math.max(soon, ...taken.map(([, end]) => Math.ceil(end / STEP) * STEP));
  const until = Date.parse(entry.answer_by);
  if (last <= until) return last;
  for (let start = soon; start <= until; start += STEP) if (taken.every(([from, to]) => start >= to || start + QUARTER <= from)) return start;
  return soon;
}

function card(entry, page, context) {
  const at = suggested(entry, context);
  const place = published(context).at(-1)?.place_id ?? page.places[0]?.id;
  return h("li", { class: "card stack" },
    h("p", { class: "row" }, h("span", { class: `urgency p${entry.urgency}` }, `P${entry.urgency}`),
      h("strong", {}, [context.motive(entry.act), communes.get(entry.insee)].filter(Boolean).join(" · "))),
    h("p", { class: "quiet-text" }, [t("asks.waits", { age: age(entry.asked_at) }), t("asks.answer_by", { when: when(entry.answer_by) })].join(" · ")),
    h("div", { class: "row" },
      h("button", { type: "button", class: "primary", "data-focus": `extra${entry.id}`, disabled: !place, onclick: () => attempt(() => accept(entry, place, at)) }, t("extra.yes", { time: time(at) })),
      h("button", { type: "button", onclick: () => attempt(() => decline(entry)) }, t("extra.no")),
      h("button", { type: "button", class: "quiet", disabled: !place, onclick: () => attempt(() => another(entry, page, place, at)) }, t("extra.other"))));
}

async function accept(entry, place, at, minutes = 15) {
  await post("matching", `/overbooking-asks/${entry.id}/acceptance`, { starts_at: new Date(at).toISOString(), place_id: place, minutes });
  toast(t("extra.accepted", { time: time(at) }));
}

async function decline(entry) {
  await post("matching", `/overbooking-asks/${entry.id}/refusal`, { reason: "not_today" });
  toast(t("extra.declined"));
}

async function another(entry, page, place, at) {
  const lengths = [10, 15, 20, 30].map((n) => h("option", { value: n, selected: n === 15 }, t("time.minutes", { m: n })));
  const answer = await ask(t("extra.other_title"), h("div", { class: "stack" },
    h("label", { class: "field" }, t("extra.at"), h("input", { type: "time", name: "at", step: 300, required: true, value: time(at).padStart(5, "0") })),
    h("label", { class: "field" }, t("slots.minutes"), h("select", { name: "minutes" }, lengths)),
    h("label", { class: "field" }, t("slots.place"), h("select", { name: "place" }, page.places.map((each) => h("option", { value: each.id, selected: each.id === place }, each.name))))),
  [{ value: "yes", text: t("extra.yes_then"), kind: "primary" }, { value: "", text: t("common.back"), kind: "quiet" }]);
  if (answer) await accept(entry, answer.values.place, instantOf(day(), answer.values.at), Number(answer.values.minutes));
}
