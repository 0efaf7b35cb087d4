// What is on offer: every slot with a place left, when the figure « Places libres » is chosen; each can be given by hand.

import { nameOf, professionOf } from "/static/people/directory.js";
import { byId, h, keep } from "/static/dom.js";
import { number, when } from "/static/format.js";
import { ask, attempt } from "/static/shell.js";
import { label, t } from "/static/page.js";
import { take } from "/static/matching/board/acts.js";
import { lasts, shortName } from "/static/matching/board/standing.js";
import { showStory } from "/static/matching/board/story.js";

const LISTED = 30;

export function drawFree(slots, commune, context, { requests }) {
  const where = (slot) => context.place(slot.place_id)?.insee;
  const shown = slots.filter((slot) => !commune || where(slot) === commune).sort((one, other) => one.starts_at.localeCompare(other.starts_at));
  byId("free-empty").hidden = shown.length > 0;
  keep(byId("free"), shown, {
    key: (slot) => slot.id,
    version: (slot) => [slot.version, nameOf(slot.practitioner_id), context.commune(where(slot)), when(slot.starts_at)].join("|"),
    draw: (slot) => h("tr", {},
      h("th", { scope: "row", class: "time" }, when(slot.starts_at)),
      h("td", {}, nameOf(slot.practitioner_id), h("span", { class: "quiet-text" }, ` · ${professionOf(slot.practitioner_id)}`)),
      h("td", { title: context.commune(where(slot)) }, shortName(context.commune(where(slot)))),
      h("td", {}, slot.modes.map((mode) => label("mode", mode)).join(", ")),
      h("td", { class: "number" }, number(slot.capacity - slot.taken)),
      context.acts ? h("td", {}, h("button", { type: "button", class: "quiet", "data-focus": "give", onclick: () => attempt(() => give(slot, context, requests())) }, t("board.give_to"))) : null),
  });
}

/** Who waits, those whom this slot suits first; the one chosen holds it, and their drawer opens to confirm. */
async function give(slot, context, waiting) {
  const profession = context.practitioner(slot.practitioner_id)?.profession;
  const suits = (each) => each.professions.includes(profession) && slot.starts_at <= each.deadline_at && (!slot.acts.length || slot.acts.includes(each.act));
  const rows = waiting.toSorted((one, other) => suits(other) - suits(one) || one.urgency - other.urgency || one.deadline_at.localeCompare(other.deadline_at)).slice(0, LISTED);
  const body = rows.length ? h("ul", { class: "pick-list" }, rows.map((each) => h("li", { class: `spread bar-p${each.urgency} padded` },
    h("span", {}, `P${each.urgency} ${context.motive(each.act)} · ${shortName(context.commune(each.insee))}`, h("br"), h("span", { class: "quiet-text" }, [lasts(each), suits(each) ? "" : t("board.not_suited")].filter(Boolean).join(" · "))),
    h("button", { value: each.id, type: "submit" }, t("board.give"))))) : h("p", {}, t("tension.empty"));
  const answer = await ask(t("board.give_title", { what: `${when(slot.starts_at)}, ${nameOf(slot.practitioner_id)}` }), body, [{ value: "", text: t("common.back"), kind: "quiet" }]);
  const request = answer && context.request(answer.chosen);
  if (!request) return;
  await take(request, slot.id);
  await showStory(context.request(request.id), context);
}
