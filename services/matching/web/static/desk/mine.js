// « À rappeler »: whose patient must still be told; « Mes demandes en cours »: their live state and age.

import { byId, chooser, h, keep, state } from "/static/dom.js";
import { nameOf } from "/static/people/directory.js";
import { age, when } from "/static/format.js";
import { ask } from "/static/shell.js";
import { label, now, states, t } from "/static/page.js";

const OPEN = new Set([...states.waiting, "held", "confirmed"]);
const REASONS = ["patient", "better_elsewhere", "emergency", "mistake", "duplicate", "other"];
// How a confirmed slot is lost: the practitioner withdrew it, or cancelled this patient.
const UNDONE = new Set(["slot_withdrawn", "booking_ended"]);
const KIND = { open: "wait", proposed: "wait", held: "wait", confirmed: "done", escalated: "wait", unserved: "bad" };

/** The patient is not told yet what became of their request: it was settled, stuck or undone without who asked. */
function toCall(request) {
  if (request.told_at) return false;
  return ["confirmed", "unserved"].includes(request.state) || (request.state === "escalated" && request.reason === "call_back")
    || (["open", "proposed"].includes(request.state) && UNDONE.has(request.reason));
}

export function drawCalls(requests, context) {
  const shown = requests.filter(toCall).sort((one, other) => one.urgency - other.urgency || (one.starts_at ?? one.deadline_at).localeCompare(other.starts_at ?? other.deadline_at));
  byId("calls").hidden = shown.length === 0;
  keep(byId("calls-list"), shown, {
    key: (each) => each.id,
    version: (each) => `${each.version} ${context.slot(each.slot_id)?.version ?? ""} ${context.motive(each.act)}`,
    draw: (each) => call(each, context),
  });
}

function call(request, context) {
  const slot = context.slot(request.slot_id);
  const what = request.state === "confirmed" && slot ? t("referral.calls.confirmed", { when: when(slot.starts_at), who: nameOf(slot.practitioner_id) })
    : UNDONE.has(request.reason) ? t("referral.mine.gone") : t("referral.calls.nothing", { when: when(request.deadline_at) });
  return h("li", { class: `mine-item bar-p${request.urgency}` },
    h("span", { class: "who" }, h("span", { class: `urgency p${request.urgency}` }, `P${request.urgency}`), h("span", {}, context.motive(request.act)), h("span", {}, what)),
    h("span", { class: "row" },
      h("button", { type: "button", "data-focus": "call", onclick: () => context.act("call", request) }, t("referral.calls.call")),
      request.state === "confirmed" && slot ? h("button", { type: "button", "data-focus": "ticket", onclick: () => context.act("ticket", request) }, t("referral.mine.ticket")) : null,
      h("button", { type: "button", class: "primary", "data-focus": "told", onclick: () => context.act("told", request) }, t("referral.calls.told"))));
}

export function drawMine(requests, context) {
  const shown = requests.filter((each) => OPEN.has(each.state))
    .sort((one, other) => one.urgency - other.urgency || one.submitted_at.localeCompare(other.submitted_at));
  byId("mine-empty").hidden = shown.length > 0;
  const fresh = keep(byId("mine"), shown, {
    key: (each) => each.id,
    version: (each) => `${each.version} ${age(each.submitted_at)} ${context.slot(each.slot_id)?.version ?? ""} ${context.motive(each.act)} ${asked(each, context)} ${inHand(each)}`,
    draw: (each) => item(each, context),
  });
  for (const { element, added } of fresh) if (!added) element.classList.add("flash");
}

/** How many practitioners are asked for one more patient, or said no. */
function asked(request, context) {
  const by = (state) => context.asks(request.id).filter((each) => each.state === state).length;
  if (!states.waiting.has(request.state)) return "";
  return [by("asked") ? t("referral.mine.asked", { n: by("asked") }) : "", by("declined") ? t("referral.mine.declined", { n: by("declined") }) : ""].filter(Boolean).join(", ");
}

function item(request, context) {
  const slot = context.slot(request.slot_id);
  const where = slot && ["held", "confirmed"].includes(request.state)
    ? h("span", {}, h("span", { class: "time" }, when(slot.starts_at)), ` · ${nameOf(slot.practitioner_id)}`) : null;
  const verb = { held: "resume", confirmed: "ticket" }[request.state];
  return h("li", { class: `mine-item bar-p${request.urgency}` },
    h("span", { class: "who" },
      h("span", { class: `urgency p${request.urgency}` }, `P${request.urgency}`),
      h("span", {}, context.motive(request.act)), state(KIND[request.state], label("request_state", request.state)), where,
      h("span", { class: "quiet-text" }, t("referral.mine.age", { age: age(request.submitted_at) })),
      h("span", { class: "quiet-text" }, asked(request, context)),
      request.automatic || !states.waiting.has(request.state) ? null : h("span", { class: "quiet-text" }, t(inHand(request) ? "referral.mine.in_hand" : "referral.mine.undecided")),
      states.waiting.has(request.state) ? h("span", { class: "quiet-text" }, t("referral.mine.call_back", { when: when(request.deadline_at) })) : null),
    h("span", { class: "row" },
      request.automatic || !states.seeking.has(request.state) ? null
        : h("button", { type: "button", "data-focus": "board", onclick: () => context.act("board", request) }, t("referral.mine.board")),
      verb ? h("button", { type: "button", "data-focus": verb, onclick: () => context.act(verb, request) }, t(`referral.mine.${verb}`)) : null,
      h("button", { type: "button", class: "quiet", "data-focus": "cancel", onclick: () => cancel(request, context) }, t("referral.mine.cancel"))));
}

/** Somebody is choosing for it now. */
const inHand = (request) => request.reason !== "expired" && Boolean(request.in_hand_until) && Date.parse(request.in_hand_until) > now();

async function cancel(request, context) {
  const answer = await ask(t("referral.mine.cancel_title"), h("div", { class: "stack" },
    h("p", {}, t("referral.mine.cancel_text")),
    h("label", { class: "field" }, t("referral.mine.cancel_reason"),
      chooser("reason", REASONS.map((code) => [code, label("cancellation", code)])))),
  [{ value: "yes", text: t("referral.mine.cancel"), kind: "grave" }, { value: "", text: t("referral.mine.cancel_keep"), kind: "quiet" }]);
  if (answer) context.act("cancel", { request, reason: answer.values.reason });
}
