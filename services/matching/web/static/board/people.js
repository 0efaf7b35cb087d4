// Who is to be called about a request, who takes care of it, and what people leave each other in writing.

import { call, get, post } from "/static/api.js";
import { entryOf, nameOf } from "/static/people/directory.js";
import { h } from "/static/dom.js";
import { whenFull } from "/static/format.js";
import { openPatient } from "/static/people/patient.js";
import { attempt, toast } from "/static/shell.js";
import { config, t } from "/static/page.js";
import { changes } from "/static/matching/board/standing.js";

const TAKES_CHARGE = new Set(["coordinator", "regulator"]);
const button = (words, action, kind = "quiet") => h("button", { type: "button", class: kind, onclick: () => attempt(action) }, words);
const dialled = (number) => `tel:${number.replaceAll(/[^+\d]/g, "")}`;

export function drawPeople(parts, request, context) {
  const { people } = parts;
  people.hidden = false;
  const stamp = `${request.id} ${request.owner} ${request.story.filter((each) => each.code === "noted").length}`;
  if (people.dataset.of === stamp) return;
  people.dataset.of = stamp;
  people.replaceChildren(calls(request, context), charge(request, context), notes(request));
}

const called = (request, body) => post("matching", `/requests/${request.id}/calls`, body).then(() => toast(t("board.traced")));

function calls(request, context) {
  const asker = context.colleagues().get(request.asked_by);
  const line = (who, number, body) => h("li", { class: "spread" }, h("span", {}, who), h("span", { class: "row" },
    number ? h("a", { class: "button", href: dialled(number), onclick: () => attempt(() => called(request, body)) }, number) : null,
    body.practitioner_id ? h("a", { class: "button quiet", href: `/creneaux?praticien=${body.practitioner_id}` }, t("board.act_for")) : null,
    button(t("board.i_called"), () => called(request, body))));
  const whose = [...new Set(changes(request, context).map((each) => each.practitioner_id || context.slot(each.slot_id)?.practitioner_id))].filter(Boolean).slice(0, 3);
  return h("section", { class: "stack" }, h("h3", {}, t("board.call_whom")), h("ul", { class: "pick-list" },
    line(t("board.call.asker", { who: asker?.label ?? t("board.asker") }), asker?.phone, { whom: "asker" }),
    h("li", { class: "spread" }, h("span", {}, t("board.call.patient")), h("span", { class: "row" },
      request.has_patient ? button(t("board.see_patient"), () => openPatient("matching", `/requests/${request.id}/patient`, context.motive(request.act)), "") : h("span", { class: "quiet-text" }, t("board.no_patient")),
      button(t("board.i_called"), () => called(request, { whom: "patient" })))),
    whose.map((id) => line(nameOf(id), phoneOf(id), { whom: "practitioner", practitioner_id: id }))));
}

const phoneOf = (id) => entryOf(id)?.phone || entryOf(id)?.places.map((place) => place.phone).find(Boolean);

function charge(request, context) {
  const own = (body, words, done) => button(words, async () => {
    await call("matching", "PUT", `/requests/${request.id}/owner`, body);
    toast(done);
  });
  const mine = request.owner === config.account;
  const choices = [...context.colleagues().values()].filter((each) => TAKES_CHARGE.has(each.role) && each.account !== config.account);
  const select = h("select", { "aria-label": t("board.hand_to") }, choices.map((each) => h("option", { value: each.account }, each.label)));
  return h("section", { class: "stack" }, h("h3", {}, t("board.column.who")), h("div", { class: "row charge" },
    mine ? own({}, t("board.let_go"), t("board.done.let_go")) : button(t("board.own"), async () => {
      await post("matching", `/requests/${request.id}/ownership`);
      toast(t("board.done.owned"));
    }, ""),
    choices.length ? [select, button(t("board.hand_over"), async () => {
      await call("matching", "PUT", `/requests/${request.id}/owner`, { account: select.value });
      toast(t("board.done.handed", { who: select.selectedOptions[0].textContent }));
    })] : null));
}

function notes(request) {
  const count = request.story.filter((each) => each.code === "noted").length;
  const list = h("ul", { class: "pick-list" });
  const form = h("form", { class: "row note" }, h("input", { name: "text", maxlength: 500, required: true, autocomplete: "off", "aria-label": t("board.note.label") }), h("button", {}, t("board.note.add")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      await post("matching", `/requests/${request.id}/notes`, { text: form.elements.text.value });
      toast(t("board.note.added"));
    });
  });
  const box = h("details", { class: "rest" }, h("summary", {}, t("board.note.title", { n: count })), list, form);
  box.addEventListener("toggle", () => box.open && attempt(async () => {
    const { notes: found } = await get("matching", `/requests/${request.id}/notes`);
    list.replaceChildren(...found.map((each) => h("li", {}, each.text, h("br"), h("span", { class: "quiet-text" }, `${each.by} · ${whenFull(each.at)}`))));
  }));
  return box;
}
