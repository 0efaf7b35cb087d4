// The day on paper: a table of who comes, and nothing to press.

import { h } from "/static/dom.js";
import { time } from "/static/format.js";
import { label, t } from "/static/page.js";
import { askedAt, askedBy, isOwn, who } from "/static/availability/comers.js";

const COLUMNS = ["time", "patient", "motive", "from", "asked", "state"];

export function drawSheet(table, slots, { context, title }) {
  const rows = slots.filter((slot) => slot.status === "published" || slot.taken).flatMap((slot) => {
    const comers = slot.bookings.filter((booking) => booking.state !== "held");
    return comers.length ? comers.map((booking) => cells(slot, booking, context)) : [[time(slot.starts_at), "", "", "", "", t("slots.free")]];
  });
  table.replaceChildren(h("caption", {}, title),
    h("thead", {}, h("tr", {}, COLUMNS.map((name) => h("th", { scope: "col" }, t(`slots.sheet.${name}`))))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell) => h("td", {}, cell))))));
}

function cells(slot, booking, context) {
  const { known, motive, mode, urgency } = context.sayOf(booking);
  return [time(slot.starts_at), who(known), [urgency ? `P${urgency}` : "", motive, isOwn(booking) ? t("slots.own") : ""].filter(Boolean).join(" · "), known?.commune ?? "",
    known?.commune ? [askedAt(known), askedBy(known), known.asked_by_phone].filter(Boolean).join(" · ") : "",
    [label("booking_state", booking.state), mode ? label("mode", mode) : ""].filter(Boolean).join(" · ")];
}
