// Closing requests, one or many, with one reason that nobody chose for you, a note, and ten seconds to take it back.

import { post } from "/static/api.js";
import { byId, chooser, h } from "/static/dom.js";
import { ask, attempt, toast } from "/static/shell.js";
import { label, states, t } from "/static/page.js";

const CLOSURES = ["served_elsewhere", "emergency", "unreachable", "gave_up", "duplicate", "no_solution", "other"];
let rows = [];

export const choosing = {
  on: false,
  ids: new Set(),
  toggle(id) {
    if (!this.ids.delete(id)) this.ids.add(id);
  },
};
const redraw = () => dispatchEvent(new Event("board:draw"));

function turn(on) {
  choosing.on = on;
  choosing.ids.clear();
  redraw();
}

export function drawChoosing(shown, context) {
  if (!context.acts) return;
  rows = shown.filter((each) => states.waiting.has(each.state));
  const ids = new Set(rows.map((each) => each.id));
  for (const id of choosing.ids) if (!ids.has(id)) choosing.ids.delete(id);
  byId("pick-head").hidden = !choosing.on;
  byId("choose").setAttribute("aria-pressed", choosing.on);
  byId("chosen").hidden = !choosing.on;
  const n = choosing.ids.size;
  byId("close-chosen").textContent = t("board.close.many", { n });
  byId("close-chosen").disabled = n === 0;
  const all = byId("choose-all");
  all.checked = n > 0 && n === rows.length;
  all.indeterminate = n > 0 && n < rows.length;
}

/** Ask why, close, and offer to take it back. */
export async function closeRequests(ids) {
  const answer = await ask(t("board.close.title", { n: ids.length }), h("div", { class: "stack" },
    h("p", {}, t("tension.act.close_text")),
    h("label", { class: "field" }, t("tension.act.close_reason"),
      chooser("reason", CLOSURES.map((code) => [code, label("closure", code)]))),
    h("label", { class: "field" }, t("board.close.note"), h("input", { name: "note", maxlength: 500, autocomplete: "off" }))),
  [{ value: "yes", text: t("board.close.do", { n: ids.length }), kind: "grave" }, { value: "", text: t("common.back"), kind: "quiet" }]);
  if (!answer) return false;
  const { request_ids: closed } = await post("matching", "/requests/closures", { request_ids: ids, reason: answer.values.reason, note: answer.values.note });
  const undo = () => attempt(async () => {
    const { request_ids: opened } = await post("matching", "/requests/openings", { request_ids: closed });
    toast(t("board.close.opened", { n: opened.length }));
  });
  if (!closed.length) toast(t("board.close.none"));
  else toast(t("board.close.done", { n: closed.length }), { undo });
  return closed.length > 0;
}

byId("choose")?.addEventListener("click", () => turn(!choosing.on));
byId("choose-all")?.addEventListener("change", (event) => {
  choosing.ids = new Set(event.target.checked ? rows.map((each) => each.id) : []);
  redraw();
});
byId("close-chosen")?.addEventListener("click", () => attempt(async () => {
  if (await closeRequests([...choosing.ids])) turn(false);
}));
