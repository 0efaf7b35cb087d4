// « Mes demandes en cours »: their live state and age.

import { byId, h, keep, state } from "/static/dom.js";
import { nameOf } from "/static/directory.js";
import { age, when } from "/static/format.js";
import { ask } from "/static/shell.js";
import { label, t } from "/static/page.js";

const OPEN = new Set(["open", "proposed", "held", "confirmed", "escalated", "unserved"]);
const REASONS = ["patient", "better_elsewhere", "emergency", "mistake", "duplicate", "other"];
const KIND = { open: "wait", proposed: "wait", held: "wait", confirmed: "done", escalated: "wait", unserved: "bad" };

export function drawMine(requests, context) {
  const shown = requests.filter((each) => OPEN.has(each.state))
    .sort((one, other) => one.urgency - other.urgency || one.submitted_at.localeCompare(other.submitted_at));
  byId("mine-empty").hidden = shown.length > 0;
  const fresh = keep(byId("mine"), shown, {
    key: (each) => each.id,
    version: (each) => `${each.version} ${age(each.submitted_at)} ${context.slot(each.slot_id)?.version ?? ""} ${context.motive(each.act)}`,
    draw: (each) => item(each, context),
  });
  for (const { element, added } of fresh) if (!added) element.classList.add("flash");
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
      ["unserved", "escalated"].includes(request.state) ? h("span", { class: "quiet-text" }, t("referral.mine.call_back", { when: when(request.deadline_at) })) : null),
    h("span", { class: "row" },
      verb ? h("button", { type: "button", "data-focus": verb, onclick: () => context.act(verb, request) }, t(`referral.mine.${verb}`)) : null,
      h("button", { type: "button", class: "quiet", "data-focus": "cancel", onclick: () => cancel(request, context) }, t("referral.mine.cancel"))));
}

async function cancel(request, context) {
  const answer = await ask(t("referral.mine.cancel_title"), h("div", { class: "stack" },
    h("p", {}, t("referral.mine.cancel_text")),
    h("label", { class: "field" }, t("referral.mine.cancel_reason"),
      h("select", { name: "reason" }, REASONS.map((code) => h("option", { value: code }, label("cancellation", code)))))),
  [{ value: "yes", text: t("referral.mine.cancel"), kind: "grave" }, { value: "", text: t("referral.mine.cancel_keep"), kind: "quiet" }]);
  if (answer) context.act("cancel", { request, reason: answer.values.reason });
}
