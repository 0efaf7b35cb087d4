// The register of people without a médecin traitant: who waits, what a round proposes, what becomes of it.

import { Problem, get, post } from "/static/api.js";
import { nameOf } from "/static/people/directory.js";
import { byId, h, keep, state } from "/static/dom.js";
import { age, minutes, number, whenFull } from "/static/format.js";
import { attempt, toast } from "/static/shell.js";
import { config, label, states, t } from "/static/page.js";

const KIND = { proposed: "wait", accepted_by_practitioner: "wait", accepted: "done", confirmed: "done", refused_by_practitioner: "bad", refused_by_patient: "bad", to_revalidate: "wait" };

export function drawRegister(attachments, context) {
  entries = attachments ?? {};
  drawProposals(context);
  const all = Object.values(attachments ?? {});
  const open = all.filter((each) => !states.closed_entry.has(each.state)).sort((one, other) => one.registered_at.localeCompare(other.registered_at));
  byId("register-empty").hidden = open.length > 0;
  byId("register-words").textContent = [
    t("register.seeking", { n: all.filter((each) => states.seeking_doctor.has(each.state)).length }),
    t("register.proposing", { n: open.length - all.filter((each) => states.seeking_doctor.has(each.state)).length }),
    t("register.declared", { n: all.filter((each) => each.state === "confirmed").length }),
  ].join(" · ");
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

let rounds = [];
let chosen = null;
let entries = {};

/** The rounds of this CPTS, and the one looked at: whom it served, and each proposal with where it stands now. */
export async function drawRounds(context, wanted = chosen?.id) {
  await attempt(async () => {
    rounds = await get("matching", `/attachment-rounds?cpts=${encodeURIComponent(config.cpts)}`);
    if (rounds.length) await choose(rounds.find((each) => each.id === wanted)?.id ?? rounds[0].id, context);
    byId("rounds").hidden = rounds.length === 0;
  });
}

async function choose(id, context) {
  chosen = await get("matching", `/attachment-rounds/${id}`);
  const select = byId("round-choice");
  select.replaceChildren(...rounds.map((each) => h("option", { value: each.id },
    each.failed ? t("register.round_failed", { when: whenFull(each.at) }) : t("register.round_of", { when: whenFull(each.at), kept: number(each.kept), n: each.kept }))));
  select.value = id;
  byId("round-words").textContent = chosen.failed ? t("register.failed") : [
    t("register.round_words", { kept: number(chosen.kept), seeking: number(chosen.seeking), n: chosen.kept }),
    chosen.envious ? t("register.envious", { n: chosen.envious }) : t("register.nobody_envious"),
    t(chosen.certified ? "register.proved" : "register.unproved"),
  ].join(" ");
  const line = (name) => (each) => h("tr", {}, h("th", { scope: "row" }, name(each.of)), h("td", { class: "number" }, number(each.asked)),
    h("td", { class: "number" }, number(each.proposed)), h("td", { class: "number" }, each.proposed ? minutes(each.mean_travel_s) : "–"));
  byId("round-classes").replaceChildren(...chosen.equity_by_class.map(line((code) => label("attachment_class", code))));
  byId("round-communes").replaceChildren(...chosen.equity_by_commune.map(line((insee) => context.commune(insee))));
  for (const link of byId("rounds").querySelectorAll("a[data-kind]")) {
    link.href = `${config.api.matching}/exports/${link.dataset.list}.${link.dataset.kind}?${new URLSearchParams({ cpts: config.cpts, of: id })}`;
  }
  drawProposals(context);
}

function drawProposals(context) {
  byId("proposals-part").hidden = !chosen?.outcomes.length;
  if (!chosen) return;
  keep(byId("proposals"), chosen.outcomes.slice(0, 300), {
    key: (each) => each.attachment_id,
    version: (each) => [chosen.id, entries[each.attachment_id]?.version, nameOf(each.practitioner_id), context.commune(entries[each.attachment_id]?.insee)].join("|"),
    draw: (each) => {
      const entry = entries[each.attachment_id];
      return h("tr", {},
        h("th", { scope: "row" }, label("attachment_class", each.priority_class)),
        h("td", {}, entry ? context.commune(entry.insee) : ""),
        h("td", {}, each.practitioner_id ? nameOf(each.practitioner_id) : ""),
        h("td", {}, reason(each)),
        h("td", {}, entry ? state(KIND[entry.state] ?? "free", label("attachment_state", entry.state)) : ""));
    },
  });
}

/** Why this practitioner: rank in the class, days waited, journey; or what stood in the way. */
function reason(outcome) {
  const { why } = outcome;
  const said = outcome.blocker ? [label("attachment_blocker", outcome.blocker)] : [];
  if (why.travel_s !== undefined) said.push(t("register.journey", { minutes: minutes(why.travel_s) }));
  if (outcome.practitioner_id && !outcome.kept) said.push(t("register.not_kept"));
  if (why.place) said.push(t("register.rank", { place: number(why.place), of: number(why.of_class), days: number(why.waited_days), n: why.waited_days }));
  return said.join(" · ");
}

async function enterList(file) {
  const answer = await fetch(`${config.api.matching}/attachment-lists?cpts=${encodeURIComponent(config.cpts)}`, {
    method: "POST", headers: { "Content-Type": "text/csv", Accept: "application/json" }, body: file,
  });
  const report = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Problem(answer.status, report);
  byId("list-words").textContent = t("register.list_words", { added: number(report.added), same: number(report.same), refused: number(new Set(report.refused.map((each) => each.line)).size) });
  byId("list-refused").hidden = report.refused.length === 0;
  byId("list-rows").replaceChildren(...report.refused.map((each) => h("tr", {},
    h("th", { scope: "row", class: "number" }, String(each.line)), h("td", {}, each.column), h("td", {}, each.value), h("td", {}, each.change))));
  byId("list-report").hidden = false;
}

export function wireRegister(context) {
  byId("round")?.addEventListener("click", () => attempt(async () => {
    const { id, failed } = await post("matching", "/attachment-rounds", { cpts_id: config.cpts });
    await drawRounds(context, id);
    toast(t(failed ? "register.failed" : "register.done"));
  }));
  byId("round-choice").addEventListener("change", (event) => attempt(() => choose(event.target.value, context)));
  byId("list")?.addEventListener("submit", (event) => {
    event.preventDefault();
    const [file] = event.target.file.files;
    if (file) attempt(() => enterList(file)).then((well) => well && event.target.reset());
  });
}
