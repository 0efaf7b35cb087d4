// Rounds of médecins traitants: looked at before they are run, undone until practitioners are told, read afterwards.

import { get, post } from "/static/api.js";
import { nameOf } from "/static/people/directory.js";
import { byId, h, keep, state } from "/static/dom.js";
import { minutes, number, time, whenFull } from "/static/format.js";
import { attempt, toast } from "/static/shell.js";
import { config, label, now, t } from "/static/page.js";
import { KIND } from "/static/matching/territory/entry.js";
import { markOf } from "/static/matching/territory/marks.js";

const TELL_AFTER_MINUTES = 10;
const AT_ONCE = 100;
let rounds = [];
// What is looked at: a round that was run, or the preview of one.
let chosen = null;
let preview = null;
let shown = AT_ONCE;
let entries = {};

/** The rounds of this CPTS, and the one looked at: whom it served, and each proposal with where it stands now. */
export async function drawRounds(context, wanted = chosen?.id) {
  await attempt(async () => {
    rounds = await get("matching", `/attachment-rounds?cpts=${encodeURIComponent(config.cpts)}`);
    if (rounds.length && !preview) await choose(rounds.find((each) => each.id === wanted)?.id ?? rounds[0].id, context);
    byId("rounds").hidden = rounds.length === 0 && !preview;
  });
}

async function choose(id, context) {
  preview = null;
  chosen = await get("matching", `/attachment-rounds/${id}`);
  draw(context);
}

const nameRound = (each) => (each.failed ? t("register.round_failed", { when: whenFull(each.at) })
  : each.undone_at ? t("register.round_undone", { when: whenFull(each.at) }) : t("register.round_of", { when: whenFull(each.at), kept: number(each.kept), n: each.kept }));

function draw(context) {
  const of = preview ?? chosen;
  shown = AT_ONCE;
  byId("rounds").hidden = false;
  byId("rounds").classList.toggle("previewed", Boolean(preview));
  byId("rounds-title").textContent = t(preview ? "register.preview_title" : "register.rounds");
  byId("round-which").hidden = Boolean(preview);
  const select = byId("round-choice");
  select.replaceChildren(...rounds.map((each) => h("option", { value: each.id }, nameRound(each))));
  if (chosen) select.value = chosen.id;
  byId("round-words").textContent = of.failed ? t("register.failed") : [
    t(preview ? "register.preview_words" : "register.round_words", { kept: number(preview ? of.proposed : of.kept), seeking: number(of.seeking), n: preview ? of.proposed : of.kept }),
    of.envious ? t("register.envious", { n: of.envious }) : t("register.nobody_envious"),
    t(of.certified ? "register.proved" : "register.unproved"),
  ].join(" ");
  drawActs(of, context);
  const line = (name) => (each) => h("tr", {}, h("th", { scope: "row" }, name(each.of)), h("td", { class: "number" }, count(each.asked)),
    h("td", { class: "number" }, count(each.proposed)), h("td", { class: "number" }, each.proposed && each.mean_travel_s !== null ? minutes(each.mean_travel_s) : "–"));
  byId("round-classes").replaceChildren(...of.equity_by_class.map(line((code) => label("attachment_class", code))));
  byId("round-communes").replaceChildren(...of.equity_by_commune.map(line((insee) => context.commune(insee))));
  for (const link of byId("rounds").querySelectorAll("a[data-kind]")) {
    link.closest("p, details").hidden = Boolean(preview);
    if (chosen) link.href = `${config.api.matching}/exports/${link.dataset.list}.${link.dataset.kind}?${new URLSearchParams({ cpts: config.cpts, of: chosen.id })}`;
  }
  drawProposals(entries, context);
}

const count = (value) => (value === null ? "–" : number(value));

/** What may still be done with what is looked at. */
function drawActs(of, context) {
  const box = byId("round-acts");
  const button = (word, action, kind = "") => h("button", { type: "button", class: kind, onclick: () => attempt(action) }, word);
  const undoable = !preview && of.tell_at && !of.told_at && !of.undone_at;
  box.hidden = config.role !== "coordinator" || !(preview || undoable);
  if (preview) return box.replaceChildren(
    preview.proposed ? button(t("register.preview_do", { n: preview.proposed }), () => run(context), "primary") : h("span", {}, t("register.preview_nothing")),
    button(t("common.cancel"), async () => { preview = null; await drawRounds(context); byId("rounds").hidden = rounds.length === 0; }, "quiet"));
  if (!undoable) return box.replaceChildren();
  return box.replaceChildren(h("span", {}, t("register.told_at", { time: time(of.tell_at) })),
    button(t("register.undo"), async () => { await post("matching", `/attachment-rounds/${of.id}/undoing`); toast(t("register.undone")); await drawRounds(context, of.id); }, "primary"),
    button(t("register.tell"), async () => { await post("matching", `/attachment-rounds/${of.id}/telling`); toast(t("register.done")); await drawRounds(context, of.id); }));
}

async function look(context) {
  const button = byId("round");
  button.setAttribute("aria-busy", "true");
  byId("round-running").hidden = false;
  try {
    preview = await post("matching", "/attachment-rounds/preview", { cpts_id: config.cpts }, { patience: 60_000 });
    draw(context);
    byId("rounds-title").focus();
  } finally {
    button.removeAttribute("aria-busy");
    byId("round-running").hidden = true;
  }
}

async function run(context) {
  const { mark } = preview;
  const { id, failed } = await post("matching", "/attachment-rounds", { cpts_id: config.cpts, seen: mark, tell_after_minutes: TELL_AFTER_MINUTES }, { patience: 60_000 });
  preview = null;
  await drawRounds(context, id);
  toast(t(failed ? "register.failed" : "register.proposed_done", { n: TELL_AFTER_MINUTES }));
}

/** Whom it proposes to whom: those who have a proposal first, in the order in which they were served. */
export function drawProposals(known, context) {
  entries = known;
  const of = preview ?? chosen;
  byId("proposals-part").hidden = !of?.outcomes.length;
  if (!of) return;
  const rank = new Map(of.classes.map((code, at) => [code, at]));
  const ranked = of.outcomes.toSorted((one, other) => Boolean(other.practitioner_id) - Boolean(one.practitioner_id)
    || (rank.get(one.priority_class) ?? 99) - (rank.get(other.priority_class) ?? 99) || (one.why.place ?? 0) - (other.why.place ?? 0));
  const rows = ranked.slice(0, shown);
  byId("proposals-count").textContent = t(rows.length < ranked.length ? "register.part" : "register.whole", { shown: number(rows.length), n: ranked.length });
  byId("proposals-more").hidden = rows.length === ranked.length;
  keep(byId("proposals"), rows, {
    key: (each) => each.attachment_id,
    version: (each) => [of.id, of.mark ?? "", entries[each.attachment_id]?.version, nameOf(each.practitioner_id), markOf(each.attachment_id), context.commune(entries[each.attachment_id]?.insee)].join("|"),
    draw: (each) => {
      const entry = entries[each.attachment_id];
      return h("tr", {},
        h("th", { scope: "row" }, markOf(each.attachment_id)),
        h("td", {}, label("attachment_class", each.priority_class)),
        h("td", {}, entry ? context.commune(entry.insee) : ""),
        h("td", {}, each.practitioner_id ? nameOf(each.practitioner_id) : ""),
        h("td", {}, reasonOf(each, Boolean(preview))),
        h("td", {}, entry ? state(KIND[entry.state] ?? "free", label("attachment_state", entry.state)) : ""));
    },
  });
}

/** Why this practitioner: class, rank in it, days waited, journey; or what stood in the way. */
export function reasonOf(outcome, before = false) {
  const { why } = outcome;
  const said = outcome.blocker ? [label("attachment_blocker", outcome.blocker)] : [];
  if (why.travel_s !== undefined) said.push(t("register.journey", { minutes: minutes(why.travel_s) }));
  if (outcome.practitioner_id && !outcome.kept && !before) said.push(t("register.not_kept"));
  if (why.place) said.push(t("register.rank", { place: number(why.place), of: number(why.of_class), days: number(why.waited_days), n: why.waited_days }));
  return said.join(" · ");
}

export function wireRounds(context) {
  byId("round")?.addEventListener("click", () => attempt(() => look(context)));
  byId("round-choice").addEventListener("change", (event) => attempt(() => choose(event.target.value, context)));
  byId("proposals-more").addEventListener("click", () => {
    shown += AT_ONCE;
    drawProposals(entries, context);
  });
  // When its time comes the round is told: nothing is left to undo.
  setInterval(() => {
    if (chosen?.tell_at && !chosen.told_at && !chosen.undone_at && Date.parse(chosen.tell_at) <= now()) drawRounds(context);
  }, 15_000);
}
