// « Demandes »: people proposed to this practitioner as médecin traitant; accept, or refuse with a reason.

import { post } from "/static/api.js";
import { byId, chooser, h, keep } from "/static/dom.js";
import { age, minutes, when } from "/static/format.js";
import { openPatient } from "/static/people/patient.js";
import { ask, attempt, toast } from "/static/shell.js";
import { label, t } from "/static/page.js";

const ACCEPTED = { accepted_by_practitioner: "asks.patient_asked", accepted: "asks.to_declare" };
const REASONS = ["full", "too_far", "outside_practice", "personal", "not_received", "other"];

export function drawProposals(attachments, practitioner) {
  const shown = Object.values(attachments ?? {})
    .filter((each) => each.practitioner_id === practitioner && each.state === "proposed")
    .sort((one, other) => one.proposed_at.localeCompare(other.proposed_at));
  byId("asks-part").hidden = shown.length === 0;
  const family = (entry) => shown.filter((each) => each.household === entry.household).length;
  keep(byId("asks"), shown, { key: (each) => each.id, version: (each) => each.version, draw: (entry) => card(entry, family(entry)) });
  drawAccepted(Object.values(attachments ?? {}).filter((each) => each.practitioner_id === practitioner && each.state in ACCEPTED));
  return shown.length;
}

/** Whom this practitioner took, until the declaration is made: nobody said yes to disappears. */
function drawAccepted(entries) {
  byId("accepted-part").hidden = entries.length === 0;
  keep(byId("accepted"), entries.sort((one, other) => one.registered_at.localeCompare(other.registered_at)), {
    key: (each) => each.id, version: (each) => each.version,
    draw: (each) => h("li", { class: "card spread" },
      h("span", {}, h("strong", {}, label("attachment_class", each.priority_class)), " ", h("span", { class: "quiet-text" }, t(ACCEPTED[each.state]))),
      h("span", { class: "row" },
        h("button", { type: "button", class: "quiet", onclick: () => attempt(() => openPatient("matching", `/attachments/${each.id}/patient`, t("asks.patient"))) }, t("slots.open_patient")),
        each.state === "accepted" ? h("button", { type: "button", "data-focus": `made${each.id}`, onclick: () => attempt(async () => {
          await post("matching", `/attachments/${each.id}/confirmation`);
          toast(t("asks.declared"));
        }) }, t("asks.declare")) : null)),
  });
}

function card(entry, family) {
  return h("li", { class: "card stack" },
    h("p", {}, h("strong", {}, label("attachment_class", entry.priority_class)), " ",
      h("span", { class: "quiet-text" }, t("asks.waits", { age: age(entry.registered_at) }))),
    h("p", { class: "quiet-text" }, [
      entry.why.travel_s === undefined ? "" : t("asks.travel", { minutes: minutes(entry.why.travel_s) }),
      family > 1 ? t("asks.family", { n: family }) : "", entry.home_visits ? t("asks.home_visits") : "", entry.answer_by ? t("asks.answer_by", { when: when(entry.answer_by) }) : "",
    ].filter(Boolean).join(" · ")),
    h("div", { class: "row" },
      h("button", { type: "button", class: "primary", "data-focus": `yes${entry.id}`, onclick: () => attempt(async () => {
        await post("matching", `/attachments/${entry.id}/acceptance`);
        toast(t("asks.accepted"));
      }) }, t("asks.accept")),
      h("button", { type: "button", onclick: () => attempt(() => refuse(entry)) }, t("asks.refuse"))));
}

async function refuse(entry) {
  const answer = await ask(t("asks.refuse_title"), h("label", { class: "field" }, t("asks.reason"),
    chooser("reason", REASONS.map((code) => [code, label("attachment_reason", code)]))),
  [{ value: "yes", text: t("asks.refuse"), kind: "primary" }, { value: "", text: t("common.back"), kind: "quiet" }]);
  if (!answer) return;
  await post("matching", `/attachments/${entry.id}/refusal`, { reason: answer.values.reason });
  toast(t("asks.refused"));
}
