// Slots that other editors publish: shown apart, with the address where one books them. Nothing is held from here.

import { byId, h, icon, keep } from "/static/dom.js";
import { nameOf, professionOf } from "/static/people/directory.js";
import { minutes, time, when } from "/static/format.js";
import { label, t } from "/static/page.js";

export function drawElsewhere(page) {
  const found = page.requestId ? [] : page.answer?.elsewhere ?? [];
  byId("elsewhere").hidden = found.length === 0;
  keep(byId("elsewhere-list"), found, {
    key: (slot) => `${slot.editor} ${slot.practitioner_id} ${slot.starts_at}`,
    version: (slot) => JSON.stringify(slot),
    draw: (slot) => h("li", {}, card(slot)),
  });
}

function card(slot) {
  const who = nameOf(slot.practitioner_id);
  const seen = !slot.modes.includes("AMB") && !slot.modes.includes("HH");
  return h("div", { class: "elsewhere-item" },
    h("div", {}, h("strong", {}, when(slot.starts_at)), ` · ${who}`, h("br"),
      h("span", { class: "quiet-text" }, [professionOf(slot.practitioner_id), slot.address, seen ? "" : t("referral.options.minutes", { minutes: minutes(slot.travel_s) })].filter(Boolean).join(" · ")), h("br"),
      h("span", { class: "state" }, icon(slot.modes[0]), label("mode", slot.modes[0])),
      slot.stale ? h("p", { class: "quiet-text" }, t("referral.elsewhere.stale", { editor: slot.editor, time: time(slot.read_at) })) : null),
    slot.agenda_url
      ? h("a", { class: "button", href: slot.agenda_url, target: "_blank", rel: "noopener noreferrer", "aria-label": t("referral.elsewhere.book_spoken", { who, when: when(slot.starts_at), editor: slot.editor }) }, t("referral.elsewhere.book"))
      : h("span", { class: "quiet-text" }, t("referral.elsewhere.on_agenda", { editor: slot.editor })));
}
