// What the coordinator can do about a request: the smallest change first and filled, everything else quieter.

import { get, post } from "/static/api.js";
import { nameOf, professionOf } from "/static/people/directory.js";
import { byId, h } from "/static/dom.js";
import { metresBetween, number, when } from "/static/format.js";
import { attempt, toast } from "/static/shell.js";
import { states, t } from "/static/page.js";
import { closeRequests } from "/static/matching/board/closing.js";
import { askOf, drawCandidates } from "/static/matching/board/extra_patient.js";
import { changes, proposal, shortName, who } from "/static/matching/board/standing.js";

const LISTED = 40;
const FARTHER_MINUTES = 15;

/** The parts of a drawer; those somebody types in are never drawn again while it is open. */
export function partsOf() {
  const part = (tag, options) => h(tag, options);
  const parts = { head: part("div", { class: "spread" }), facts: part("dl", { class: "facts" }), main: part("div", { class: "stack main-act" }), asks: part("div", {}),
    people: part("div", { class: "stack" }), others: part("div", { class: "stack" }), story: part("div", { class: "stack" }) };
  return { ...parts, body: h("div", { class: "stack" }, parts.head, parts.facts, parts.main, parts.asks, parts.others, parts.people, parts.story) };
}

/** Keep a slot for this request; it is then in the drawer to confirm, once the patient agrees. */
export async function take(request, slotId) {
  await post("matching", `/requests/${request.id}/hold`, { slot_id: slotId });
  toast(t("board.held"));
}

const button = (words, action, kind = "") => h("button", { type: "button", class: kind, onclick: () => attempt(action) }, words);

export function drawMain(parts, request, context) {
  const { main } = parts;
  if (request.state === "held") return main.replaceChildren(...held(request, context));
  if (!states.waiting.has(request.state)) return main.replaceChildren();
  const stamp = `${request.id} ${request.version}`;
  if (main.dataset.stamp === stamp) return undefined;
  main.dataset.stamp = stamp;
  const known = changes(request, context).map((change) => ofChange(request, change, context));
  // What the board knows is shown at once; what is free this minute takes a moment more.
  show(main, known, { looking: true });
  attempt(async () => {
    const answer = await get("matching", `/requests/${request.id}/options?k=3`);
    const fits = answer.options.map((option) => ofOption(request, option));
    const other = changes({ ...request, relaxations: answer.relaxations }, context).map((change) => ofChange(request, change, context));
    if (main.dataset.stamp === stamp) show(main, [...fits, ...(other.length || fits.length ? other : known)], { looking: false });
  }).then((well) => well || show(main, known, { looking: false }));
  return undefined;
}

const ofOption = (request, option) => ({ words: t("board.propose.fits", { when: when(option.starts_at), who: nameOf(option.practitioner_id) }), action: () => take(request, option.slot_id) });

function ofChange(request, change, context) {
  const action = change.kind === "place" ? () => askOf(request, [change.practitioner_id || context.slot(change.slot_id)?.practitioner_id]) : () => take(request, change.slot_id);
  return { words: proposal(change, context), action, whom: who(change, context) };
}

function show(main, found, { looking }) {
  const [first, ...rest] = found;
  main.replaceChildren(...[
    first ? button(first.words, first.action, "primary best") : looking ? h("div", { class: "skeleton", role: "status", "aria-label": t("board.looking") }) : h("p", { class: "quiet-text" }, t("board.no_change")),
    rest.length ? h("details", { class: "rest" }, h("summary", {}, t("board.other_changes", { n: rest.length })), h("div", { class: "stack" }, rest.map((each) => button(each.words, each.action)))) : null,
  ].filter(Boolean));
}

function held(request, context) {
  const slot = context.slot(request.slot_id);
  const what = slot ? `${when(slot.starts_at)}, ${nameOf(slot.practitioner_id)}` : "";
  return [
    h("p", {}, t("board.holding", { what, time: when(request.held_until ?? request.deadline_at) })),
    h("div", { class: "row" },
      button(t("board.confirm", { what }), async () => {
        await post("matching", `/requests/${request.id}/confirmation`);
        toast(t("board.confirmed", { what }));
      }, "primary best"),
      button(t("board.release"), () => post("matching", `/requests/${request.id}/release`, { then: "other_slot" }), "quiet")),
  ];
}

/** Everything else: another slot by hand, one more patient, farther, closing. */
export function drawOthers(parts, request, context) {
  const { others } = parts;
  const waits = states.waiting.has(request.state);
  others.hidden = !waits;
  others.dataset.minutes = request.max_travel_minutes ?? 30;
  if (!waits || others.dataset.of === `${request.id} ${others.dataset.minutes} ${request.modes}`) return;
  others.dataset.of = `${request.id} ${others.dataset.minutes} ${request.modes}`;
  const relax = (body, words) => button(words, async () => {
    await post("matching", `/requests/${request.id}/relaxation`, body);
    toast(t("tension.done.relaxed"));
  });
  const farther = Number(others.dataset.minutes) + FARTHER_MINUTES;
  const remote = context.motiveModes(request.act).includes("VR") && !request.modes.includes("VR");
  const free = h("div", { class: "stack" });
  const whom = h("div", { class: "stack" });
  others.replaceChildren(
    h("div", { class: "row" },
      relax({ max_travel_minutes: farther }, t("tension.act.widen", { minutes: farther })),
      remote ? relax({ modes: [...request.modes, "VR"] }, t("tension.act.video")) : null,
      button(t("tension.act.close"), async () => { if (await closeRequests([request.id])) byId("story").close(); }, "quiet")),
    unfolding("assign", t("board.assign"), free, () => drawFreeFor(request, context, free)),
    unfolding("extra", t("tension.act.overbook"), whom, () => attempt(() => drawCandidates(request, whom))));
}

function unfolding(name, words, inside, fill) {
  const box = h("details", { class: "rest", "data-part": name }, h("summary", {}, words), inside);
  box.addEventListener("toggle", () => box.open && fill());
  return box;
}

function drawFreeFor(request, context, box) {
  const suits = (slot) => request.professions.includes(context.practitioner(slot.practitioner_id)?.profession);
  const rows = context.free().toSorted((one, other) => suits(other) - suits(one) || one.starts_at.localeCompare(other.starts_at)).slice(0, LISTED);
  box.replaceChildren(rows.length ? h("ul", { class: "pick-list" }, rows.map((slot) => h("li", { class: "spread" },
    h("span", {}, h("span", { class: "time" }, when(slot.starts_at)), ` ${nameOf(slot.practitioner_id)}`, h("br"), h("span", { class: "quiet-text" }, notes(slot, request, context))),
    button(t("board.give"), () => take(request, slot.id))))) : h("p", { class: "quiet-text" }, t("tension.free.none")));
}

/** What is to be known before giving this slot: whose it is, where, and what it breaks of what was asked. */
function notes(slot, request, context) {
  const place = context.place(slot.place_id);
  const from = context.point(request.insee);
  const far = place && from ? t("board.about_km", { km: number(Math.round(metresBetween(from, place) / 1000)) }) : "";
  return [professionOf(slot.practitioner_id), shortName(context.commune(place?.insee)), far,
    slot.starts_at > request.deadline_at ? t("board.after_deadline") : "",
    slot.acts.length && !slot.acts.includes(request.act) ? t("board.not_taken") : ""].filter(Boolean).join(" · ");
}
