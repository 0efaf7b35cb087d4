// Side by side, for whoever keeps several diaries: the week of one practitioner, or the day of all of them.

import { h, keep } from "/static/dom.js";
import { day, fullDay, instantOf, time } from "/static/format.js";
import { t } from "/static/page.js";
import { nameOf } from "/static/people/directory.js";
import { comerOf, who } from "/static/availability/comers.js";
import { summary } from "/static/availability/timeline.js";

const DAY = 86_400_000;

/** The columns of a view: whose day each is, and what stands over it. */
export function columnsOf(view, { at, practitioner, all }) {
  if (view === "together") return all.map((id) => ({ key: day(at), id, title: nameOf(id) }));
  const noon = instantOf(day(at), "12:00");
  const weekday = (new Date(`${day(at)}T12:00:00Z`).getUTCDay() + 6) % 7;
  return [0, 1, 2, 3, 4, 5, 6].map((index) => day(noon + (index - weekday) * DAY))
    .map((key) => ({ key, id: practitioner, title: fullDay(instantOf(key, "12:00")) }));
}

/** One press on a slot opens its day. */
export function drawGrid(box, columns, { slotsOf, open }) {
  keep(box, columns.map((column) => ({ ...column, slots: slotsOf(column.key, column.id).filter((slot) => slot.status === "published" || slot.taken) })), {
    key: (column) => column.key + column.id,
    version: (column) => column.title + JSON.stringify(column.slots.map((slot) => [slot.id, slot.version, slot.status, slot.held, slot.bookings.map(comerOf)])),
    draw: (column) => h("section", { class: "column", "aria-label": column.title }, h("h2", {}, column.title),
      column.slots.length ? h("ol", {}, column.slots.map((slot) => h("li", {}, cell(slot, column, open)))) : h("p", { class: "quiet-text" }, t("slots.none"))),
  });
}

function cell(slot, column, open) {
  const names = slot.bookings.map((booking) => who(comerOf(booking))).filter(Boolean).join(" · ");
  return h("button", { type: "button", "data-focus": slot.id, onclick: () => open(column) }, h("strong", {}, time(slot.starts_at)), names ? h("span", {}, names) : summary(slot));
}
