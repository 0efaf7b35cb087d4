// What the patient leaves with: when, where, how to get in. Without a name.

import { byId, h } from "/static/dom.js";
import { entryOf, nameOf, placeOf, professionOf } from "/static/people/directory.js";
import { fullDay, time } from "/static/format.js";
import { label, t } from "/static/page.js";
import { linkPart } from "/static/matching/patient/giving.js";

/** A number that one can press when it leads somewhere. */
const phoneOf = (whose) => whose?.call ? h("a", { href: whose.call }, whose.phone) : whose?.phone;

/** Where they meet, in the way that was agreed. */
function meeting(mode, place, line) {
  if (mode === "HH") return [line("referral.ticket.how", t("referral.ticket.at_home"))];
  if (mode === "VR") return [line("referral.ticket.how", t("referral.ticket.by_video"))];
  return [
    mode ? line("referral.ticket.how", label("mode", mode)) : null,
    line("referral.ticket.where", place?.name, h("br"), place?.address),
    line("referral.ticket.access", place?.access_note),
  ];
}

/**
 * `next`: what « Autre patient » does; without it, an old ticket is only looked at. `expected`: it answers the last press
 * of a key, and Enter goes on; else Enter means nothing yet, for it may have been meant for something else.
 */
export function showTicket(request, context, next, { expected = true } = {}) {
  const slot = context.slot(request.slot_id);
  if (!slot) return;
  const place = placeOf(slot);
  const line = (word, ...what) => what.some(Boolean) ? h("div", {}, h("dt", {}, t(word)), h("dd", {}, ...what)) : null;
  const dialog = byId("ticket");
  const again = () => {
    dialog.close();
    next();
  };
  dialog.replaceChildren(h("div", { class: "ticket" },
    h("h2", { id: "ticket-title", tabindex: "-1", autofocus: !expected && Boolean(next) }, t("referral.ticket.title")),
    h("dl", {},
      line("referral.ticket.when", h("span", { class: "ticket-figure" }, time(slot.starts_at)), ` ${fullDay(slot.starts_at)}`),
      line("referral.ticket.with", nameOf(slot.practitioner_id), " · ", professionOf(slot.practitioner_id)),
      ...meeting(request.mode, place, line),
      line("referral.ticket.phone", phoneOf(place?.phone ? place : entryOf(slot.practitioner_id)))),
    place?.wheelchair && !["HH", "VR"].includes(request.mode) ? h("p", { class: "small" }, t("referral.ticket.wheelchair")) : null,
    h("div", { class: "row" }, h("img", { class: "qr", src: `/rdv/${slot.id}.svg`, alt: "", width: 136, height: 136 }),
      h("p", { class: "hint" }, t("referral.ticket.qr"))),
    linkPart(request),
    h("div", { class: "row no-print" },
      next ? h("button", { type: "button", class: "primary", autofocus: expected, onclick: again }, t("referral.ticket.next"), " ", h("kbd", { "aria-hidden": "true" }, "↵")) : null,
      h("button", { type: "button", onclick: () => print() }, t("common.print")),
      h("button", { type: "button", class: "quiet", autofocus: !next, onclick: () => dialog.close() }, t("common.close")))));
  if (!dialog.open) dialog.showModal();
}
