// Where a request stands for who runs the board: theirs to act on, in progress, or lost; and the words for it.

import { nameOf } from "/static/people/directory.js";
import { span, when } from "/static/format.js";
import { config, label, now, states, t } from "/static/page.js";

export const GROUPS = ["yours", "going", "lost"];
const SOON_MS = 30 * 60_000;
// What tells nothing to who looks for a place: it is true of every board.
const UNTOLD = new Set(["taken", "profession", "window", "forbidden"]);

const left = (request) => Date.parse(request.deadline_at) - now();
export const lasts = (request) => (left(request) > 0 ? span(left(request)) : t("board.late", { span: span(-left(request)) }));

const accepted = (request, context) => context.asks(request.id).find((each) => each.state === "accepted");
const pending = (request, context) => context.asks(request.id).filter((each) => each.state === "asked");

/** Somebody is choosing for them this minute: nobody else has to act, and no round does. */
const inHand = (request) => Boolean(request.in_hand_until) && states.waiting.has(request.state) && Date.parse(request.in_hand_until) > now();

/** What a person has to do: "confirm", "ask", "call", "assign", or nothing. */
export function act(request, context) {
  if (request.state === "held") return accepted(request, context) ? "confirm" : null;
  if (!["open", "escalated"].includes(request.state) || pending(request, context).length) return null;
  if (request.reason === "ask_overbooking" && !context.asks(request.id).length) return "ask";
  if (request.reason === "call_back") return "call";
  if (inHand(request)) return null;
  // No round chooses for who was waited for at a desk: a person has to.
  return request.automatic === false || request.urgency === 1 || !request.next_step_at || left(request) < SOON_MS ? "assign" : null;
}

export function group(request, context) {
  if (request.state === "unserved") return "lost";
  return act(request, context) ? "yours" : "going";
}

/** The state as a mark and words: filled when it is somebody's to act. */
export function standing(request, context) {
  const what = act(request, context);
  if (what) return ["yours", t(`board.act.${what}`)];
  if (request.state === "unserved") return ["lost", label("request_state", "unserved")];
  const asked = states.waiting.has(request.state) && pending(request, context).length;
  return ["going", asked ? t("board.asked", { n: asked }) : t(`board.state.${request.state}`)];
}

/** How hard each change is to accept, in minutes: the smallest one is proposed first. */
const EFFORT = {
  travel: (change) => change.amount / 60,
  later: (change) => change.amount / 120,
  visibility: () => 15,
  tele: () => 20,
  place: () => 45,
};

export function changes(request, context) {
  return (request.relaxations ?? []).filter((change) => EFFORT[change.kind] && (change.kind === "place" || context.slot(change.slot_id)))
    .filter((change) => change.kind === "place" || Date.parse(context.slot(change.slot_id).starts_at) > now())
    .toSorted((one, other) => EFFORT[one.kind](one) - EFFORT[other.kind](other));
}

export const who = (change, context) => nameOf(change.practitioner_id || context.slot(change.slot_id)?.practitioner_id);

/** « Proposer 15:45, Dr … », and what the patient has to accept for it. */
export function proposal(change, context) {
  const slot = context.slot(change.slot_id);
  if (change.kind === "place") return t("board.propose.place", { who: who(change, context), when: slot ? when(slot.starts_at) : "" });
  const amount = change.kind === "later" ? span(change.amount * 1000) : Math.ceil(change.amount / 60);
  return t(`board.propose.${change.kind}`, { when: when(slot.starts_at), who: who(change, context), amount });
}

/** What happens next, and who does it: never empty. */
export function next(request, context, steps) {
  const what = act(request, context);
  if (what === "confirm") return t("board.next.confirm", { time: when(request.held_until ?? request.deadline_at) });
  if (what === "ask") return t("board.next.ask");
  const [first] = changes(request, context);
  if (what && first) return t("board.next.propose", { what: proposal(first, context) });
  if (what) return t(`board.next.${what}`, { who: context.asker(request) });
  if (request.state === "unserved") return t("board.next.lost");
  if (inHand(request)) return t("board.next.hand", { who: context.named(request.in_hand_by), time: when(request.in_hand_until) });
  if (request.state === "proposed") return t("board.next.answers", { time: when(request.answer_by) });
  if (request.state === "held") return t("board.next.held", { time: when(request.held_until ?? request.answer_by) });
  const asked = pending(request, context)[0];
  if (asked) return t("board.next.waits", { who: nameOf(asked.practitioner_id) });
  const step = steps[request.escalation];
  return request.next_step_at && step ? t("tension.next", { step: t(`tension.step.${step}`), time: when(request.next_step_at) })
    : t("board.next.seeks", { time: when(request.deadline_at) });
}

/** One sentence of what is missing: nobody of that profession, or what keeps those who are free away. */
export function lacks(request, free, context) {
  const slot = context.slot(request.slot_id);
  if (slot) return `${when(slot.starts_at)}, ${nameOf(slot.practitioner_id)}`;
  const late = left(request) <= 0;
  const inTime = free.filter((each) => late || each.starts_at <= request.deadline_at);
  const profession = (each) => context.practitioner(each.practitioner_id)?.profession;
  const able = inTime.filter((each) => request.professions.includes(profession(each)));
  if (!able.length) return [nobody(request, late), others(inTime, profession)].filter(Boolean).join(" ; ");
  const [first] = Object.entries(request.blockers ?? {}).filter(([code]) => !UNTOLD.has(code)).sort(([, one], [, other]) => other - one);
  if (first) return t("tension.blocks", { n: first[1], why: label("blocker", first[0]) });
  return request.blockers?.taken ? t("board.taken", { who: named(request.professions) }) : "";
}

const named = (codes) => codes.map((code) => label("profession", code).toLocaleLowerCase(config.language)).join(t("board.nor"));
const nobody = (request, late) => (late ? t("board.nobody_late", { who: named(request.professions) })
  : t("board.nobody", { who: named(request.professions), time: when(request.deadline_at) }));

function others(slots, profession) {
  const places = slots.reduce((sum, each) => sum + each.capacity - each.taken, 0);
  const whose = [...new Set(slots.map(profession))].filter(Boolean).map((code) => label("profession", code).toLocaleLowerCase(config.language)).sort();
  return places ? t("board.others", { n: places, who: whose.join(", ") }) : "";
}

/** « Marseille 15e » fits where « Marseille 15e Arrondissement » does not. */
export const shortName = (name) => name.replace(/ Arrondissement$/, "");
