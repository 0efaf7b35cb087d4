// The register of people without a médecin traitant: who waits, what a round proposes, what becomes of it.

import { post } from "/static/api.js";
import { nameOf } from "/static/directory.js";
import { byId, h, keep, state } from "/static/dom.js";
import { age, minutes, number } from "/static/format.js";
import { attempt, toast } from "/static/shell.js";
import { config, label, t } from "/static/page.js";

const KIND = { proposed: "wait", accepted_by_practitioner: "wait", accepted: "done", confirmed: "done", refused_by_practitioner: "bad", refused_by_patient: "bad", to_revalidate: "wait" };
const SEEKING = new Set(["waiting", "refused_by_practitioner", "refused_by_patient"]);
const CLOSED = new Set(["confirmed", "withdrawn", "expired"]);

export function drawRegister(attachments, context) {
  const all = Object.values(attachments ?? {});
  const open = all.filter((each) => !CLOSED.has(each.state)).sort((one, other) => one.registered_at.localeCompare(other.registered_at));
  byId("register-empty").hidden = open.length > 0;
  byId("register-words").textContent = t("register.words", {
    seeking: number(all.filter((each) => SEEKING.has(each.state)).length),
    proposed: number(open.length - all.filter((each) => SEEKING.has(each.state)).length),
    confirmed: number(all.filter((each) => each.state === "confirmed").length),
  });
  keep(byId("register"), open.slice(0, 200), {
    key: (each) => each.id,
    version: (each) => [each.version, context.commune(each.insee), nameOf(each.practitioner_id), age(each.registered_at)].join("|"),
    draw: (each) => row(each, context),
  });
}

function row(entry, context) {
  const travel = entry.why.travel_s === undefined ? "" : ` · ${minutes(entry.why.travel_s)}`;
  return h("tr", {},
    h("th", { scope: "row" }, label("attachment_class", entry.priority_class)),
    h("td", {}, age(entry.registered_at)),
    h("td", {}, context.commune(entry.insee)),
    h("td", {}, state(KIND[entry.state] ?? "free", label("attachment_state", entry.state))),
    h("td", {}, entry.practitioner_id ? `${nameOf(entry.practitioner_id)}${travel}` : ""),
    h("td", {}, acts(entry)));
}

function acts(entry) {
  if (config.role !== "coordinator") return "";
  const act = (path, word) => h("button", { type: "button", "data-focus": path, onclick: () => attempt(() => post("matching", `/attachments/${entry.id}/${path}`)) }, t(word));
  if (entry.state === "accepted_by_practitioner") return act("acceptance", "register.patient_accepts");
  if (entry.state === "accepted") return act("confirmation", "register.confirm");
  if (entry.state === "to_revalidate") return act("revalidation", "register.revalidate");
  return "";
}

export function wireRegister() {
  byId("round")?.addEventListener("click", () => attempt(async () => {
    const round = await post("matching", "/attachment-rounds", { cpts_id: config.cpts });
    byId("round-words").hidden = false;
    byId("round-words").textContent = t("register.round_words", { kept: number(round.kept), seeking: number(round.seeking), n: round.kept });
    toast(t("register.done"));
  }));
}
