// Who carries the load: the ledger of the last 4 weeks, one profession at a time, and one sentence that says how even it is.

import { entryOf, nameOf, professionOf } from "/static/people/directory.js";
import { byId, h, keep, state } from "/static/dom.js";
import { number, ratio } from "/static/format.js";
import { attempt } from "/static/shell.js";
import { label, t } from "/static/page.js";

const codeOf = (each) => each.profession;
let chosen = "";

export function drawFair(live, freeSlots, context) {
  const open = (each) => freeSlots.filter((slot) => slot.practitioner_id === each.id).length;
  const everybody = Object.values(live.practitioners ?? {});
  // Hundreds who open nothing would hide the few who carry the load, and make any load look uneven.
  const taking = everybody.filter((each) => each.served_4_weeks || each.served_this_week || each.paused || open(each));
  const professions = [...new Set(taking.map(codeOf))].sort((one, other) => sum(taking, other) - sum(taking, one));
  if (!professions.includes(chosen)) chosen = professions[0] ?? "";
  offer(professions, () => drawFair(live, freeSlots, context));
  // A dentist's load says nothing of a nurse's: they are never compared.
  const people = taking.filter((each) => codeOf(each) === chosen).sort((one, other) => other.served_4_weeks - one.served_4_weeks || nameOf(one.id).localeCompare(nameOf(other.id)));
  byId("fair-words").textContent = words(people);
  const left = everybody.filter((each) => codeOf(each) === chosen).length - people.length;
  byId("fair-others").textContent = left > 0 ? t("tension.fair.others", { n: left }) : "";
  const most = Math.max(1, ...people.map((each) => each.served_4_weeks));
  const mean = people.length ? people.reduce((total, each) => total + each.served_4_weeks, 0) / people.length : 0;
  keep(byId("fair"), people, {
    key: (each) => each.id,
    version: (each) => JSON.stringify([each, most, mean, nameOf(each.id), open(each)]),
    draw: (each) => h("tr", {},
      h("th", { scope: "row" }, h("button", { type: "button", class: "open", "data-focus": "sheet", onclick: () => sheet(each, mean) }, nameOf(each.id) || "–"), h("span", { class: "quiet-text" }, ` ${professionOf(each.id)}${entryOf(each.id)?.rpps ? ` · ${entryOf(each.id).rpps}` : ""}`)),
      h("td", { class: "number" }, number(each.served_this_week), each.week_cap === null ? "" : ` / ${number(each.week_cap)}`),
      h("td", { class: "month" }, h("span", { class: "month-line" }, h("span", { class: "month-number" }, number(each.served_4_weeks)), bar(each.served_4_weeks / most, mean / most))),
      h("td", { class: "number" }, number(open(each))),
      h("td", {}, each.paused ? state("wait", t("tension.fair.paused")) : state("done", t("tension.fair.active")))),
  });
}

const sum = (people, code) => people.filter((each) => codeOf(each) === code).reduce((total, each) => total + each.served_4_weeks, 0);

const sheet = (each, mean) => attempt(async () => (await import("/static/matching/territory/sheet_of.js")).openSheet(each, mean));

function offer(professions, redraw) {
  keep(byId("fair-professions"), professions, {
    key: (code) => code,
    version: (code) => code === chosen,
    draw: (code) => h("label", { class: "chip" }, h("input", { type: "radio", name: "profession", value: code, checked: code === chosen, onchange: () => {
      chosen = code;
      redraw();
    } }), h("span", {}, label("profession", code))),
  });
}

function words(people) {
  const total = people.reduce((all, each) => all + each.served_4_weeks, 0);
  if (!total) return t("tension.fair.nothing");
  const top = people.slice(0, 5).reduce((all, each) => all + each.served_4_weeks, 0);
  return `${t("tension.fair.words", { share: Math.round((100 * top) / total), total: number(total) })} ${evenness(people.map((each) => each.served_4_weeks))}`;
}

/** The Gini coefficient, in words first: 0 when all serve alike, near 1 when one person serves all. */
function evenness(loads) {
  const ordered = loads.toSorted((one, other) => one - other);
  const total = ordered.reduce((all, load) => all + load, 0);
  const gini = ordered.reduce((all, load, index) => all + (2 * (index + 1) - ordered.length - 1) * load, 0) / (ordered.length * total);
  const word = gini < .2 ? "even" : gini < .35 ? "fair" : gini < .5 ? "uneven" : "lopsided";
  return t(`tension.fair.${word}`, { gini: ratio(gini) });
}

const WIDTH_PX = 120;

/** From the left, with a mark where the mean is. */
function bar(share, mean) {
  const inside = h("span", { class: "fair-bar" });
  inside.style.width = `${Math.round(share * WIDTH_PX)}px`;
  const mark = h("span", { class: "fair-mean" });
  mark.style.left = `${Math.round(mean * WIDTH_PX)}px`;
  return h("span", { class: "fair-track", "aria-hidden": "true" }, inside, mark);
}
