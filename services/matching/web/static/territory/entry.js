// One person of the register: opened with everything that happened to them, answered for, taken off; and entering one.

import { get, post } from "/static/api.js";
import { combobox, plain } from "/static/combobox.js";
import { byId, chooser, h, state } from "/static/dom.js";
import { attemptIn, showRefusal } from "/static/form.js";
import { age, day, instantOf, when, whenFull } from "/static/format.js";
import { nameOf } from "/static/people/directory.js";
import { openPatient } from "/static/people/patient.js";
import { ask, attempt, toast } from "/static/shell.js";
import { config, label, states, t } from "/static/page.js";
import { placeField } from "/static/matching/desk/place.js";
import { markOf } from "/static/matching/territory/marks.js";

export const KIND = { proposed: "wait", accepted_by_practitioner: "wait", accepted: "done", confirmed: "done", refused_by_practitioner: "bad", refused_by_patient: "bad", to_revalidate: "wait" };
const PROMISED = new Set(["proposed", "accepted_by_practitioner", "accepted"]);
const REFUSALS = ["too_far", "prefers_another", "access", "personal", "unreachable", "other"];
const WITHDRAWALS = ["found_elsewhere", "moved_away", "no_longer_wished", "deceased", "duplicate", "other"];
const acts = () => config.role === "coordinator";

function button(entry, path, word, kind = "") {
  return h("button", { type: "button", class: kind, "data-focus": path, onclick: () => attempt(() => post("matching", `/attachments/${entry.id}/${path}`)) }, t(word));
}

/** What comes next for an entry, in one button. */
export function nextAct(entry, kind = "") {
  if (!acts()) return "";
  if (entry.state === "accepted_by_practitioner") return button(entry, "acceptance", "register.patient_accepts", kind);
  if (entry.state === "accepted") return button(entry, "confirmation", "register.confirm", kind);
  if (entry.state === "to_revalidate") return button(entry, "revalidation", "register.revalidate", kind);
  return "";
}

async function withReason(entry, path, title, reasons) {
  const said = await ask(t(title, { who: markOf(entry.id) }), h("label", { class: "field" }, t("register.reason"),
    chooser("reason", reasons.map((code) => [code, label("attachment_reason", code)]))),
  [{ value: "yes", text: t(`register.${path}_do`), kind: "grave" }, { value: "", text: t("common.back"), kind: "quiet" }]);
  if (!said) return;
  await post("matching", `/attachments/${entry.id}/${path}`, { reason: said.values.reason });
  toast(t(`register.${path}_done`, { who: markOf(entry.id) }));
}

/** Everything of one person: what is known, their household, why the last round decided as it did, the whole story. */
export async function openEntry(id, context) {
  const [entry, { reasonOf }] = await Promise.all([get("matching", `/attachments/${id}`), import("/static/matching/territory/rounds.js")]);
  const together = Object.values(context.entries).filter((each) => each.household === entry.household && each.id !== id);
  const facts = [
    ["register.class", label("attachment_class", entry.priority_class)],
    ["tension.column.commune", context.commune(entry.insee)],
    ["register.since", `${age(entry.registered_at)} (${whenFull(entry.registered_at)})`],
    ["register.household_of", together.map((each) => markOf(each.id)).join(", ")],
    ["register.visits", entry.home_visits ? t("register.at_home") : ""],
    ["register.travel", entry.max_travel_minutes ? `${entry.max_travel_minutes} min` : ""],
    ["register.proposed_to", entry.practitioner_id ? nameOf(entry.practitioner_id) : ""],
    ["register.answer_by", PROMISED.has(entry.state) && entry.answer_by ? when(entry.answer_by) : ""],
    ["register.why", entry.last_round ? reasonOf(entry.last_round) : ""],
    ["register.last_reason", entry.reason ? label("attachment_reason", entry.reason) : ""],
  ].filter(([, said]) => said);
  const who = h("button", { type: "button", onclick: () => attempt(() => openPatient("matching", `/attachments/${id}/patient`, markOf(id))) }, t("register.patient"));
  const body = h("div", { class: "stack" },
    h("p", {}, state(KIND[entry.state] ?? "free", label("attachment_state", entry.state))),
    h("dl", { class: "keys" }, facts.flatMap(([word, said]) => [h("dt", {}, t(word)), h("dd", {}, said)])),
    entry.has_patient ? who : h("p", { class: "quiet-text" }, t("register.no_patient")),
    h("h3", {}, t("register.story")),
    h("ol", { class: "plain-list" }, entry.story.map((line) => h("li", {}, h("span", { class: "time" }, whenFull(line.at)), " · ", told(line)))));
  const buttons = [{ value: "", text: t("common.close"), kind: "quiet" }];
  if (acts() && PROMISED.has(entry.state)) buttons.unshift({ value: "refusal", text: t("register.patient_refuses") });
  if (acts() && !states.closed_entry.has(entry.state)) buttons.unshift({ value: "withdrawal", text: t("register.withdraw") });
  const next = { accepted_by_practitioner: ["acceptance", "register.patient_accepts"], accepted: ["confirmation", "register.confirm"], to_revalidate: ["revalidation", "register.revalidate"] }[entry.state];
  if (acts() && next) buttons.unshift({ value: next[0], text: t(next[1]), kind: "primary" });
  const answer = await ask(markOf(id), body, buttons);
  if (answer?.chosen === "refusal") await withReason(entry, "refusal", "register.refusal_title", REFUSALS);
  else if (answer?.chosen === "withdrawal") await withReason(entry, "withdrawal", "register.withdrawal_title", WITHDRAWALS);
  else if (answer) await post("matching", `/attachments/${id}/${answer.chosen}`);
}

function told(line) {
  const { reason, practitioner_id: practitioner } = line.detail;
  const code = label("attachment_change", line.code);
  return [code === line.code ? label("attachment_state", line.to_state) : code, practitioner ? nameOf(practitioner) : "", reason ? label("attachment_reason", reason) : ""].filter(Boolean).join(" · ");
}

/** The form that enters a person; `known()` is the register as it stands. */
export function wireEntering(known) {
  const form = byId("entering");
  if (!form) return;
  const dialog = byId("enter");
  let commune = null;
  let household = null;
  const place = placeField(byId("enter-place"), byId("enter-place-note"), (option) => { commune = option?.value ?? null; });
  const beside = combobox(byId("enter-household"), {
    find: async (text) => Object.values(known().entries).filter((each) => !states.closed_entry.has(each.state) && plain(`${markOf(each.id)} ${known().commune(each.insee)}`).includes(plain(text)))
      .slice(0, 8).map((each) => ({ value: each.id, text: markOf(each.id), note: known().commune(each.insee) })),
    onChoose: (option) => { household = option?.value ?? null; },
  });
  byId("enter-open").addEventListener("click", () => attempt(async () => {
    if (!byId("enter-flags").children.length) {
      const { classes } = await get("matching", `/attachment-parameters/${config.cpts}`);
      const flags = [...new Set(classes.map((each) => each.flag).filter(Boolean))];
      byId("enter-flags").replaceChildren(...flags.map((flag) => h("label", { class: "chip" }, h("input", { type: "checkbox", name: "flags", value: flag }), h("span", {}, label("attachment_class", flag)))));
    }
    form.elements.since.max = day();
    dialog.showModal();
    byId("enter-place").focus();
  }));
  byId("enter-cancel").addEventListener("click", () => dialog.close());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!commune) return void showRefusal(form, { body: { field: "insee", detail: t("referral.place.unknown") } });
    attemptIn(form, async () => {
      const given = Object.fromEntries(new FormData(form));
      const patient = Object.fromEntries(["name", "phone"].map((name) => [name, given[name].trim()]).filter(([, said]) => said));
      const body = { cpts_id: config.cpts, insee: commune?.insee ?? "", flags: new FormData(form).getAll("flags"), home_visits: "home_visits" in given, source: given.source, reference: given.reference.trim() };
      if (given.age.trim()) body.age = Number(given.age);
      if (given.since) body.waiting_since = new Date(instantOf(given.since, "00:00")).toISOString();
      if (household) body.household_with = household;
      if (given.travel) body.max_travel_minutes = Number(given.travel);
      if (Object.keys(patient).length) body.patient = patient;
      await post("matching", "/attachments", body);
      toast(t("register.entered"));
      form.reset();
      place.clear();
      beside.clear();
      commune = household = null;
      dialog.close();
    });
  });
}
