// One more patient than slots: asked in one click of who suits best, or of whom one chooses, and followed to the answer.

import { get, post } from "/static/api.js";
import { nameOf } from "/static/people/directory.js";
import { h, state } from "/static/dom.js";
import { minutes, time } from "/static/format.js";
import { attempt, toast } from "/static/shell.js";
import { label, t } from "/static/page.js";

const AT_ONCE = 3;
const KIND = { asked: "going", accepted: "done", declined: "lost", withdrawn: "going", expired: "going" };

export async function askOf(request, practitioners) {
  const body = practitioners ? { practitioner_ids: practitioners } : {};
  const { asks } = await post("matching", `/requests/${request.id}/overbooking-asks`, body);
  const waiting = asks.filter((each) => each.state === "asked" && (!practitioners || practitioners.includes(each.practitioner_id)));
  toast(t("tension.done.asked", { who: waiting.map((each) => nameOf(each.practitioner_id)).join(", ") }));
}

/** One click: the practitioners who suit best are asked for one more patient. */
export function overbookButton(request) {
  return h("button", { type: "button", "data-focus": "overbook", onclick: (event) => {
    event.stopPropagation();
    attempt(() => askOf(request));
  } }, t("tension.act.overbook"));
}

/** What was asked, of whom, and what they said; an ask that waits can be taken back. */
export function drawAsks(request, context) {
  const asks = context.asks(request.id).toSorted((one, other) => one.asked_at.localeCompare(other.asked_at));
  if (!asks.length) return null;
  return h("ul", { class: "asks" }, asks.map((each) => h("li", { class: "spread" },
    h("span", {}, state(KIND[each.state], label("ask_state", each.state)), ` ${nameOf(each.practitioner_id)}`,
      h("span", { class: "quiet-text" }, ` · ${t("board.extra.since", { time: time(each.asked_at) })}${each.starts_at ? ` · ${time(each.starts_at)}` : ""}`)),
    each.state === "asked" && context.acts ? h("button", { type: "button", class: "quiet", onclick: () => attempt(async () => {
      await post("matching", `/overbooking-asks/${each.id}/withdrawal`);
      toast(t("board.extra.taken_back", { who: nameOf(each.practitioner_id) }));
    }) }, t("board.extra.take_back")) : null)));
}

/** Whom to ask: everybody who may be, the best first; three at once. */
export async function drawCandidates(request, box) {
  box.replaceChildren(h("div", { class: "skeleton" }));
  const { candidates } = await get("matching", `/requests/${request.id}/overbooking-asks`);
  if (!candidates.length) return box.replaceChildren(h("p", { class: "quiet-text" }, t("board.extra.nobody")));
  const form = h("form", { class: "stack" },
    h("ul", { class: "pick-list" }, candidates.map((each) => h("li", {}, h("label", { class: "check" },
      h("input", { type: "checkbox", name: "who", value: each.practitioner_id }),
      h("span", {}, nameOf(each.practitioner_id), h("span", { class: "quiet-text" }, ` · ${minutes(each.travel_s)} · ${t("board.extra.this_week", { n: each.on_top_this_week })}`)))))),
    h("button", {}, t("board.extra.ask")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = new FormData(form).getAll("who");
    if (!chosen.length || chosen.length > AT_ONCE) return toast(t("board.extra.how_many"));
    return attempt(async () => {
      await askOf(request, chosen);
      box.replaceChildren();
    });
  });
  return box.replaceChildren(form);
}
