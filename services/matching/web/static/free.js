// What is on offer: every slot with a place left, when the figure « Places libres » is chosen.

import { nameOf } from "/static/directory.js";
import { byId, h, keep } from "/static/dom.js";
import { number, when } from "/static/format.js";
import { label } from "/static/page.js";

export function drawFree(slots, commune, context) {
  const where = (slot) => context.place(slot.place_id)?.insee;
  const shown = slots.filter((slot) => !commune || where(slot) === commune).sort((one, other) => one.starts_at.localeCompare(other.starts_at));
  byId("free-empty").hidden = shown.length > 0;
  keep(byId("free"), shown, {
    key: (slot) => slot.id,
    version: (slot) => [slot.version, nameOf(slot.practitioner_id), context.commune(where(slot)), when(slot.starts_at)].join("|"),
    draw: (slot) => h("tr", {},
      h("th", { scope: "row", class: "time" }, when(slot.starts_at)),
      h("td", {}, nameOf(slot.practitioner_id)),
      h("td", {}, context.commune(where(slot))),
      h("td", {}, slot.modes.map((mode) => label("mode", mode)).join(", ")),
      h("td", { class: "number" }, number(slot.capacity - slot.taken))),
  });
}
