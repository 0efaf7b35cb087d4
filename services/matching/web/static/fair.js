// Who carries the load: the ledger of the last 4 weeks, and one sentence that says how even it is.

import { nameOf, professionOf } from "/static/directory.js";
import { byId, h, keep, state } from "/static/dom.js";
import { number, ratio } from "/static/format.js";
import { t } from "/static/page.js";

export function drawFair(live, freeSlots) {
  const open = (each) => freeSlots.filter((slot) => slot.practitioner_id === each.id).length;
  const everybody = Object.values(live.practitioners ?? {});
  // Hundreds who open nothing would hide the few who carry the load, and make any load look uneven.
  const people = everybody.filter((each) => each.served_4_weeks || each.served_this_week || each.paused || open(each)).sort((one, other) => other.served_4_weeks - one.served_4_weeks || nameOf(one.id).localeCompare(nameOf(other.id)));
  const total = people.reduce((sum, each) => sum + each.served_4_weeks, 0);
  const top = people.slice(0, 5).reduce((sum, each) => sum + each.served_4_weeks, 0);
  byId("fair-words").textContent = total
    ? `${t("tension.fair.words", { share: Math.round((100 * top) / total), total: number(total) })} ${evenness(people.map((each) => each.served_4_weeks))}` : t("tension.fair.nothing");
  byId("fair-others").textContent = everybody.length > people.length ? t("tension.fair.others", { n: everybody.length - people.length }) : "";
  const most = Math.max(1, ...people.map((each) => each.served_4_weeks));
  keep(byId("fair"), people, {
    key: (each) => each.id,
    version: (each) => JSON.stringify([each, most, nameOf(each.id), open(each)]),
    draw: (each) => h("tr", {},
      h("th", { scope: "row" }, nameOf(each.id), h("br"), h("span", { class: "quiet-text" }, professionOf(each.id))),
      h("td", { class: "number" }, number(each.served_this_week), each.week_cap === null ? "" : ` / ${number(each.week_cap)}`),
      h("td", { class: "number" }, bar(each.served_4_weeks / most), " ", number(each.served_4_weeks)),
      h("td", { class: "number" }, number(open(each))),
      h("td", {}, each.paused ? state("wait", t("tension.fair.paused")) : state("done", t("tension.fair.active")))),
  });
}

/** The Gini coefficient, in words first: 0 when all serve alike, near 1 when one person serves all. */
function evenness(loads) {
  const ordered = loads.toSorted((one, other) => one - other);
  const total = ordered.reduce((sum, load) => sum + load, 0);
  const gini = ordered.reduce((sum, load, index) => sum + (2 * (index + 1) - ordered.length - 1) * load, 0) / (ordered.length * total);
  const word = gini < .2 ? "even" : gini < .35 ? "fair" : gini < .5 ? "uneven" : "lopsided";
  return t(`tension.fair.${word}`, { gini: ratio(gini) });
}

function bar(share) {
  const element = h("span", { class: "fair-bar", "aria-hidden": "true" });
  element.style.width = `${Math.round(share * 96)}px`;
  return element;
}
