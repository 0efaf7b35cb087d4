// The contract: begun from the terms, corrected as a draft, written at once; each indicator with its figure.

import { call, get, Problem } from "/static/api.js";
import { byId, chooser, h, state } from "/static/dom.js";
import { attemptIn } from "/static/form.js";
import { number } from "/static/format.js";
import { ask, attempt, toast } from "/static/shell.js";
import { config, label, t } from "/static/page.js";

let view = null;
let draft = null;
const copy = (value) => JSON.parse(JSON.stringify(value));
// Fields come back in another order than they were sent in.
const sorted = (key, value) => (value && typeof value === "object" && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort()) : value);
const same = (one, other) => JSON.stringify(one, sorted) === JSON.stringify(other, sorted);
const euros = (value) => t("year.euros", { n: number(value) });
const dated = (day) => (day ? day.split("-").reverse().join("/") : "–");
const decimal = (said) => said.trim().replace(/[\s\u202f]/g, "").replace(",", ".");
const asNumber = (said) => (said.trim() === "" ? null : Number.isNaN(Number(decimal(said))) ? said : Number(decimal(said)));

async function load() {
  const found = await get("coordination", `/contract?${new URLSearchParams({ cpts: config.cpts })}`);
  view = found.version ? found : null;
  draft ??= view ? copy(view.contract) : null;
}

/** First and last day of the contract year of today; null while there is no contract. */
export async function contractYear() {
  if (!view) await load();
  if (!view) {
    toast(t("year.no_contract"));
    return null;
  }
  return [view.since, view.until];
}

export async function drawContract() {
  await load();
  show();
}

function show() {
  byId("begin").hidden = draft !== null;
  byId("contract").hidden = draft === null;
  if (!draft) return;
  const changed = !view || !same(view.contract, draft);
  byId("contract-lead").replaceChildren(...(view ? [h("strong", {}, euros(view.earned_eur)), ` ${t("year.earned_of", { best: number(view.envelope_eur), since: dated(view.since), until: dated(view.until) })}`] : [t("year.not_written")]));
  const bar = changed ? [h("p", { class: "row", role: "status" }, h("strong", {}, t("year.unsaved")),
    h("button", { type: "button", class: "primary", onclick: () => attempt(write) }, t("year.write")), h("button", { type: "button", class: "quiet", onclick: () => abandon() }, t("year.abandon")))] : [];
  byId("missions").replaceChildren(...bar, ...draft.missions.map((mission, at) => drawMission(mission, at)));
}

function abandon() {
  draft = view ? copy(view.contract) : null;
  byId("faults").replaceChildren();
  show();
}

let writing = false;

/** Write the draft; pressed twice, it is written once. */
async function write() {
  if (writing) return;
  writing = true;
  byId("faults").replaceChildren();
  try {
    await call("coordination", "PUT", "/contract", { cpts_id: config.cpts, after: view?.version ?? 0, contract: draft });
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== "rules_broken") throw error;
    byId("faults").replaceChildren(...error.body.errors.map((each) => h("li", {}, each.said)));
    byId("faults").scrollIntoView({ block: "nearest" });
    return;
  } finally {
    writing = false;
  }
  // The draft stays: what was corrected while the answer was on its way is not written yet.
  await load();
  show();
  toast(t("year.written"));
}

const LATE = { start: "year.late_start", deployment: "year.late_deployment" };

function drawMission(mission, at) {
  const seen = view?.missions.find((each) => each.code === mission.code);
  const id = `mission-${at}`;
  const total = mission.indicators.reduce((sum, each) => sum + (Number(each.weight_eur) || 0), 0);
  const envelope = Number(mission.parts.variable ?? mission.parts.crisis_only ?? 0);
  return h("section", { class: "card stack mission", "aria-labelledby": id },
    h("header", {}, h("h2", { id }, label("mission", mission.code)), h("span", {}, seen ? t("year.earned_short", { earned: number(seen.earned_eur), best: number(seen.envelope_eur) }) : "",
      total !== envelope && h("strong", { class: "fault" }, ` ${t("year.weights_now", { total: number(total), envelope: number(envelope) })}`))),
    h("p", { class: "quiet-text" }, t("year.deadlines", { start: dated(seen?.start_by), deploy: dated(seen?.deploy_by) }), " ", seen?.late ? state("bad", t(LATE[seen.late])) : ""),
    h("div", { class: "scroll", tabindex: "0", role: "group", "aria-labelledby": id }, h("table", { class: "dense indicators" },
      h("thead", {}, h("tr", {}, ["indicator", "value", "next", "earned", "weight", "acts"].map((column) => h("th", { scope: "col", class: ["indicator", "acts"].includes(column) ? "" : "number" }, t(`year.column.${column}`))))),
      h("tbody", {}, mission.indicators.map((indicator, index) => drawIndicator(mission, indicator, index, seen))))),
    h("div", { class: "row no-print" }, h("button", { type: "button", class: "quiet", onclick: () => attempt(() => editMission(mission)) }, t("year.edit_mission"), h("span", { class: "unseen" }, ` ${label("mission", mission.code)}`)),
      h("button", { type: "button", class: "quiet", onclick: () => attempt(() => editIndicator(mission, mission.indicators.length)) }, t("year.add_indicator"), h("span", { class: "unseen" }, ` ${label("mission", mission.code)}`))));
}

function drawIndicator(mission, indicator, index, seen) {
  const now = seen?.indicators.find((each) => each.label === indicator.label);
  const done = indicator.kind === "deliverable";
  const value = !now || now.value === null ? "–" : done ? t(now.value ? "year.done" : "year.not_done") : number(now.value);
  const source = now?.formula ? t("year.our_facts") : now?.source ? t("year.given", { source: now.source, day: dated(now.dated) }) : "";
  const cells = { value: [value, source && h("small", { class: "quiet-text" }, ` ${source}`)], next: [now?.next_at === null || !now ? "" : number(now.next_at)], earned: [!now || now.earned_eur === null ? "–" : euros(now.earned_eur)], weight: [euros(indicator.weight_eur)] };
  return h("tr", {}, h("th", { scope: "row" }, indicator.label), Object.entries(cells).map(([name, said]) => h("td", { class: "number", "data-word": t(`year.column.${name}`) }, said)),
    h("td", { class: "no-print" }, h("span", { class: "row" },
      now && !now.formula && h("button", { type: "button", class: "quiet", onclick: () => attempt(() => give(mission, indicator)) }, t("year.give"), h("span", { class: "unseen" }, ` ${indicator.label}`)),
      h("button", { type: "button", class: "quiet", onclick: () => attempt(() => editIndicator(mission, index)) }, t("year.edit"), h("span", { class: "unseen" }, ` ${indicator.label}`)))));
}

const field = (name, word, attributes = {}) => h("label", { class: "field" }, t(word), h("input", { name, autocomplete: "off", ...attributes }));
const choice = (name, word, options, chosen) => h("label", { class: "field" }, t(word), h("select", { name }, options.map(([code, said]) => h("option", { value: code, selected: code === chosen }, said))));

/** A figure is asked for until it is taken or given up: a refusal loses nothing that was typed. */
async function give(mission, indicator, typed = {}, refused = "") {
  const done = indicator.kind === "deliverable";
  const typedIn = (name, word, attributes = {}) => field(name, word, { value: typed[name] ?? "", ...attributes });
  const body = h("div", { class: "stack" }, refused && h("p", { class: "fault", role: "alert" }, refused),
    done ? h("label", { class: "field" }, t("year.is_done"), chooser("value", [["1", t("year.done")], ["0", t("year.not_done")]])) : typedIn("value", "coordination.column.value", { inputmode: "decimal", required: true }),
    typedIn("source", "coordination.column.source", { required: true, maxlength: 300 }), typedIn("dated", "year.dated", { type: "date", required: true }),
    ...(done ? [] : [h("details", { open: Boolean(typed.numerator) }, h("summary", {}, t("year.share_of")), h("div", { class: "stack" }, typedIn("numerator", "coordination.column.above", { inputmode: "decimal" }), typedIn("denominator", "coordination.column.below", { inputmode: "decimal" })))]));
  const said = await ask(indicator.label, body, [{ value: "yes", text: t("year.give_do"), kind: "primary" }, { value: "", text: t("common.back"), kind: "quiet" }]);
  if (!said) return;
  const { value, source, dated: on, numerator = "", denominator = "" } = said.values;
  const form = { cpts_id: config.cpts, mission: mission.code, label: indicator.label, value: decimal(value), source, dated: on || null, numerator: numerator ? decimal(numerator) : null, denominator: denominator ? decimal(denominator) : null };
  try {
    await call("coordination", "PUT", "/contract/values", form);
  } catch (error) {
    return give(mission, indicator, said.values, error.message);
  }
  await load();
  show();
  toast(t("year.given_done", { label: indicator.label }));
}

const steps = (said) => said.split("\n").map((line) => line.trim()).filter(Boolean).map((line) => line.split(/[:;]/).map(asNumber));

async function editIndicator(mission, index) {
  const known = mission.indicators[index];
  const one = known ?? { label: "", kind: "count", weight_eur: 0 };
  const text = (value) => (value === undefined || value === null ? "" : String(value).replace(".", ","));
  const body = h("div", { class: "stack" }, field("label", "coordination.column.indicator", { value: one.label, required: true, maxlength: 300 }),
    choice("kind", "year.kind", ["steps", "target", "count", "deliverable"].map((code) => [code, t(`year.kinds.${code}`)]), one.kind),
    choice("direction", "year.direction", [["", "–"], ["up", t("year.up")], ["down", t("year.down")]], one.direction ?? ""),
    field("weight_eur", "coordination.column.weight", { value: text(one.weight_eur), inputmode: "decimal", required: true }),
    field("baseline", "year.baseline", { value: text(one.baseline), inputmode: "decimal" }), field("target", "year.target", { value: text(one.target), inputmode: "decimal" }),
    h("label", { class: "field" }, t("year.steps"), h("span", { class: "hint" }, t("year.steps_hint")), h("textarea", { name: "steps", rows: "3", value: (one.steps ?? []).map((step) => step.map(text).join(" : ")).join("\n") })),
    h("label", { class: "field" }, t("coordination.column.formula"), h("span", { class: "hint" }, t("year.formula_hint")), h("input", { name: "formula", value: one.formula ?? "", maxlength: 300, autocomplete: "off", spellcheck: "false" })));
  const said = await ask(t(known ? "year.edit_title" : "year.add_indicator"), body, [{ value: "yes", text: t("year.keep"), kind: "primary" }, ...(known ? [{ value: "remove", text: t("year.remove"), kind: "grave" }] : []), { value: "", text: t("common.back"), kind: "quiet" }]);
  if (!said) return;
  if (said.chosen === "remove") mission.indicators.splice(index, 1);
  else mission.indicators[index] = read(one, said.values);
  show();
}

function read(one, { label: name, kind, direction, weight_eur, baseline, target, steps: written, formula }) {
  const found = { label: name.trim(), kind, weight_eur: asNumber(weight_eur) ?? 0, value_from: formula.trim() ? "ours" : one.value_from ?? "" };
  if (direction) found.direction = direction;
  for (const [key, said] of [["baseline", baseline], ["target", target]]) if (said.trim()) found[key] = asNumber(said);
  if (written.trim() && kind === "steps") found.steps = steps(written);
  if (formula.trim()) found.formula = formula.trim();
  if (one.part) found.part = one.part;
  // A difference that the contract states holds while its target stays.
  if (one.stated_gap !== undefined && found.target === one.target) found.stated_gap = one.stated_gap;
  return found;
}

async function editMission(mission) {
  const body = h("div", { class: "stack" }, field("started_on", "year.started_on", { type: "date", value: mission.started_on ?? "" }), field("deployed_on", "year.deployed_on", { type: "date", value: mission.deployed_on ?? "" }),
    ...Object.entries(mission.parts).map(([part, euro]) => h("label", { class: "field" }, t(`year.part.${part}`), h("input", { name: `part-${part}`, value: String(euro).replace(".", ","), inputmode: "decimal", autocomplete: "off" }))));
  const said = await ask(label("mission", mission.code), body, [{ value: "yes", text: t("year.keep"), kind: "primary" }, { value: "", text: t("common.back"), kind: "quiet" }]);
  if (!said) return;
  for (const name of ["started_on", "deployed_on"]) {
    if (said.values[name]) mission[name] = said.values[name];
    else delete mission[name];
  }
  for (const part of Object.keys(mission.parts)) mission.parts[part] = asNumber(said.values[`part-${part}`]) ?? 0;
  show();
}

async function editContract() {
  const body = h("div", { class: "stack" }, field("starts_on", "year.starts_on", { type: "date", value: draft.starts_on, required: true }), field("ends_on", "year.ends_on", { type: "date", value: draft.ends_on, required: true }),
    field("population", "year.population", { value: draft.population, inputmode: "numeric", required: true }), field("size", "year.size", { value: draft.size, inputmode: "numeric", required: true }));
  const said = await ask(t("year.edit_contract"), body, [{ value: "yes", text: t("year.keep"), kind: "primary" }, { value: "", text: t("common.back"), kind: "quiet" }]);
  if (!said) return;
  Object.assign(draft, { starts_on: said.values.starts_on, ends_on: said.values.ends_on, population: asNumber(said.values.population), size: asNumber(said.values.size) });
  show();
}

byId("dates-edit")?.addEventListener("click", () => attempt(editContract));
const begin = byId("begin");
begin?.addEventListener("submit", (event) => {
  event.preventDefault();
  attemptIn(begin, async () => {
    const { starts_on, population, label_set } = begin.elements;
    const query = { cpts: config.cpts, starts_on: starts_on.value, population: population.value.replace(/\D/g, ""), label_set: label_set.value };
    draft = await get("coordination", `/contract/draft?${new URLSearchParams(query)}`);
    show();
  });
});
