// The level of tension: now, why, what is done, and how it came.

import { get } from "/static/api.js";
import { byId, h, state } from "/static/dom.js";
import { number, whenFull } from "/static/format.js";
import { config, t } from "/static/page.js";

const KIND = { 1: "done", 2: "wait", 3: "alert", 4: "bad" };
const AGAIN = 60_000;

function name(level) {
  return `${t("year.level", { n: level })} · ${t(`year.level_${level}`)}`;
}

/** Draw the level; again every minute while its tab is shown. */
export async function drawLevel() {
  const found = await get("coordination", `/level?${new URLSearchParams({ cpts: config.cpts })}`);
  byId("level").replaceChildren(state(KIND[found.level], name(found.level)), ` ${t("year.points_of", { n: found.total })}. `, found.next_at === null ? "" : t("year.next_at", { n: found.next_at }));
  byId("points").replaceChildren(...found.points.map((each) => h("tr", {}, h("th", { scope: "row" }, t(`year.level_of.${each.code}`)),
    h("td", { class: "number" }, each.measured === null ? t("year.not_measured") : number(each.measured)), h("td", { class: "number" }, number(each.points)))));
  byId("actions").replaceChildren(...(found.actions.length ? found.actions : [t("year.nothing_to_do")]).map((said) => h("li", {}, said)));
  byId("history").replaceChildren(...found.history.map((each) => h("li", {}, h("span", { class: "time" }, whenFull(each.at)), " · ", name(each.level))));
}

setInterval(() => byId("panel-niveau") && !byId("panel-niveau").hidden && !document.hidden && drawLevel().catch(() => {}), AGAIN);
