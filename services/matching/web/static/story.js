// One request's story, every state with who, what and why, and what the coordinator can do about it.

import { get, post } from "/static/api.js";
import { entryOf, nameOf } from "/static/directory.js";
import { byId, h, state } from "/static/dom.js";
import { age, time, when, whenFull } from "/static/format.js";
import { ask, attempt, toast } from "/static/shell.js";
import { config, known, label, t } from "/static/page.js";

const CLOSURES = ["served_elsewhere", "emergency", "unreachable", "gave_up", "duplicate", "no_solution", "other"];
const WAITING = new Set(["open", "proposed", "escalated", "unserved"]);

export async function showStory(request, context) {
  const dialog = byId("story");
  if (!request) return dialog.close();
  if (dialog.open && dialog.dataset.version === `${request.id} ${request.version}`) return undefined;
  const story = await get("matching", `/requests/${request.id}`).catch((error) => {
    if (error.status === 404) return { ...request, story: [] };
    throw error;
  });
  dialog.dataset.version = `${request.id} ${request.version}`;
  dialog.replaceChildren(
    h("div", { class: "spread" }, h("h2", { id: "story-title" }, h("span", { class: `urgency p${request.urgency}` }, `P${request.urgency}`), ` ${context.motive(request.act)} · ${context.commune(request.insee)}`),
      h("button", { type: "button", class: "quiet", autofocus: true, onclick: () => dialog.close() }, t("common.close"))),
    facts(story, context),
    dialog.dataset.acts === "yes" && WAITING.has(request.state) ? actions(story, context) : "",
    h("div", { class: "spread" }, h("h3", {}, t("tension.story.title")), exports(request.id)),
    h("ol", { class: "story" }, story.story.toReversed().map((change) => h("li", {}, h("span", { class: "time" }, time(change.at)), line(change, context)))));
  if (!dialog.open) dialog.showModal();
  return undefined;
}

/** The story as a file. */
function exports(id) {
  const link = (kind) => h("a", { class: "button quiet", download: true, href: `${config.api.matching}/exports/story.${kind}?${new URLSearchParams({ cpts: config.cpts, of: id })}` }, kind.toUpperCase());
  return h("p", { class: "row no-print" }, link("csv"), link("xlsx"));
}

function facts(request, context) {
  const slot = context.slot(request.slot_id);
  const why = Object.entries(request.blockers ?? {}).sort(([, one], [, other]) => other - one)
    .map(([code, n]) => t("tension.blocks", { n, why: label("blocker", code) })).join(", ");
  const lines = [
    ["tension.story.state", h("span", {}, state("wait", label("request_state", request.state)), ` ${t("tension.story.since", { age: age(request.submitted_at) })}`)],
    ["tension.story.source", label("source", request.source)],
    ["tension.story.deadline", whenFull(request.deadline_at)],
    ["tension.story.slot", slot ? `${when(slot.starts_at)}, ${nameOf(slot.practitioner_id)}` : ""],
    ["tension.story.blocks", why],
    ["tension.story.travel", request.max_travel_minutes ? t("time.minutes", { m: request.max_travel_minutes }) : ""],
    ["tension.story.modes", request.modes.map((mode) => label("mode", mode)).join(", ")],
  ];
  return h("dl", { class: "facts" }, lines.filter(([, what]) => what).flatMap(([word, what]) => [h("dt", {}, t(word)), h("dd", {}, what)]));
}

function line(change, context) {
  const key = `tension.change.${change.code}`;
  const slot = context.slot(change.detail?.slot_id);
  const what = slot ? `${when(slot.starts_at)}, ${nameOf(slot.practitioner_id)}` : change.detail?.reason ? label("closure", label("cancellation", change.detail.reason)) : "";
  const who = change.by === "round" ? t("tension.by.round") : change.by === config.account ? t("tension.by.me") : t("tension.by.person");
  return h("span", {}, known(key) ? t(key) : label("request_state", change.to_state), what ? ` · ${what}` : "", h("br"), h("span", { class: "quiet-text" }, who));
}

function actions(request, context) {
  const relax = (body, word) => h("button", { type: "button", onclick: () => attempt(async () => {
    await post("matching", `/requests/${request.id}/relaxation`, body);
    toast(t("tension.done.relaxed"));
  }) }, word);
  const farther = (request.max_travel_minutes ?? 30) + 15;
  const buttons = [relax({ max_travel_minutes: farther }, t("tension.act.widen", { minutes: farther }))];
  if (!request.modes.includes("VR")) buttons.push(relax({ modes: [...request.modes, "VR"] }, t("tension.act.video")));
  buttons.push(overbookButton(request));
  for (const change of request.relaxations ?? []) buttons.push(callButton(change, context));
  buttons.push(h("button", { type: "button", class: "quiet", onclick: () => attempt(() => close(request)) }, t("tension.act.close")));
  return h("div", { class: "row" }, buttons);
}

/** One click: the practitioners who suit best are asked for one more patient. */
export function overbookButton(request) {
  return h("button", { type: "button", "data-focus": "overbook", onclick: (event) => {
    event.stopPropagation();
    attempt(async () => {
      const { asks } = await post("matching", `/requests/${request.id}/overbooking-asks`);
      toast(t("tension.done.asked", { who: asks.map((each) => nameOf(each.practitioner_id)).join(", ") }));
    });
  } }, t("tension.act.overbook"));
}

/** Asking a practitioner for one more place is a call: the number is there, nothing to look up. */
function callButton(change, context) {
  const id = change.practitioner_id || context.slot(change.slot_id)?.practitioner_id;
  const entry = entryOf(id);
  if (change.kind !== "place" || !entry?.call) return null;
  return h("a", { class: "button", href: entry.call }, t("tension.act.ask", { who: nameOf(id), phone: entry.phone }));
}

async function close(request) {
  const answer = await ask(t("tension.act.close_title"), h("div", { class: "stack" },
    h("p", {}, t("tension.act.close_text")),
    h("label", { class: "field" }, t("tension.act.close_reason"),
      h("select", { name: "reason" }, CLOSURES.map((code) => h("option", { value: code }, label("closure", code)))))),
  [{ value: "yes", text: t("tension.act.close"), kind: "grave" }, { value: "", text: t("common.back"), kind: "quiet" }]);
  if (!answer) return;
  await post("matching", `/requests/${request.id}/closure`, { reason: answer.values.reason });
  byId("story").close();
  toast(t("tension.done.closed"));
}
