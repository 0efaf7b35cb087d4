// The sheet of one practitioner: what they offered and received in four weeks, to read with them or to print.

import { get } from "/static/api.js";
import { nameOf, professionOf } from "/static/people/directory.js";
import { h } from "/static/dom.js";
import { fullDay, number } from "/static/format.js";
import { ask } from "/static/shell.js";
import { config, label, t } from "/static/page.js";

export async function openSheet(each, mean) {
  const found = await get("matching", `/practitioners/${each.id}/sheet?cpts=${encodeURIComponent(config.cpts)}`);
  const asks = Object.entries(found.asks).map(([state, n]) => `${number(n)} ${label("ask_state", state).toLocaleLowerCase(config.language)}`).join(", ");
  const lines = [
    [t("board.sheet.sent"), `${number(found.sent)} · ${t("board.sheet.mean", { n: number(mean) })}`],
    [t("board.sheet.classes"), found.by_class.map((n, index) => `P${index + 1} : ${number(n)}`).join(" · ")],
    [t("board.sheet.offered"), t("board.sheet.offered_of", { all: number(found.offered), back: number(found.given_back) })],
    [t("board.sheet.no_show"), number(found.no_show)],
    [t("board.sheet.unknown"), number(each.unknown_this_week)],
    [t("board.sheet.asks"), asks || "0"],
  ];
  await ask(`${nameOf(each.id)} · ${professionOf(each.id)}`, h("div", { class: "stack sheet-of" },
    h("p", { class: "quiet-text" }, t("board.sheet.period", { since: fullDay(found.since), until: fullDay(found.until) })),
    h("dl", { class: "facts" }, lines.flatMap(([word, what]) => [h("dt", {}, word), h("dd", {}, what)])),
    h("table", {}, h("caption", {}, t("board.sheet.weeks")),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("board.sheet.week")), h("th", { scope: "col", class: "number" }, t("board.sheet.places")), h("th", { scope: "col", class: "number" }, t("board.sheet.patients")))),
      h("tbody", {}, found.weeks.map((week) => h("tr", {}, h("th", { scope: "row" }, fullDay(Date.parse(`${week.monday}T12:00:00Z`))), h("td", { class: "number" }, number(week.offered)), h("td", { class: "number" }, number(week.sent)))))),
    h("p", { class: "no-print" }, h("button", { type: "button", onclick: () => print() }, t("common.print")), " ",
      config.role === "coordinator" ? h("a", { class: "button", href: `/creneaux?praticien=${each.id}` }, t("board.act_for")) : null)),
  [{ value: "", text: t("common.back"), kind: "quiet no-print" }]);
}
