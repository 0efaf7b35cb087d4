// Finding a request again, ended or not, of today, of yesterday, of the week.

import { post } from "/static/api.js";
import { byId, h, state } from "/static/dom.js";
import { day, instantOf, whenFull } from "/static/format.js";
import { attemptIn } from "/static/form.js";
import { config, label, now, t } from "/static/page.js";
import { shortName } from "/static/matching/board/standing.js";
import { showStory } from "/static/matching/board/story.js";

const DAY = 86_400_000;
const KIND = { confirmed: "done", honoured: "done", unserved: "lost", no_show: "lost" };
const form = byId("find");
let context = null;

const midnight = (before) => instantOf(day(now() - before * DAY), "00:00");
const PERIODS = {
  today: () => [midnight(0), now()],
  yesterday: () => [midnight(1), midnight(0)],
  week: () => [midnight(7), now()],
};

export function find(known) {
  context = known;
  offer();
  return search();
}

function offer() {
  const select = form.elements.insee;
  if (select.options.length > 1) return;
  const communes = context.communes().map((insee) => [insee, context.commune(insee)]).sort(([, one], [, other]) => one.localeCompare(other, config.language));
  select.append(...communes.map(([insee, name]) => h("option", { value: insee }, name)));
}

function search() {
  const { day: period, initials, insee, state: stands } = Object.fromEntries(new FormData(form));
  const [since, until] = PERIODS[period]().map((at) => new Date(at).toISOString());
  return attemptIn(form, async () => {
    byId("find-words").textContent = t("board.find.looking");
    const body = { cpts_id: config.cpts, since, until, initials, insee, states: stands ? [stands] : [] };
    const { found, more } = await post("matching", "/requests/search", body);
    byId("find-panel").hidden = found.length === 0;
    byId("find-words").textContent = `${t("board.find.found", { n: found.length })}${more ? ` ${t("board.find.more")}` : ""}`;
    byId("found").replaceChildren(...found.map(row));
  });
}

function row({ request, initials, age, asked_by_name: asker }) {
  const who = [initials || t("board.find.unnamed"), age === null ? "" : t("board.find.age", { n: age })].filter(Boolean).join(", ");
  return h("tr", { class: `bar-p${request.urgency}` },
    h("th", { scope: "row", class: "time" }, whenFull(request.submitted_at)),
    h("td", {}, h("span", { class: `urgency p${request.urgency}` }, `P${request.urgency}`)),
    h("td", {}, who),
    h("td", { title: context.commune(request.insee) }, shortName(context.commune(request.insee))),
    h("td", {}, h("button", { type: "button", class: "open", onclick: () => attemptIn(form, () => showStory(request, context)) }, context.motive(request.act))),
    h("td", {}, state(KIND[request.state] ?? "going", label("request_state", request.state)), request.state === "cancelled" && request.reason ? ` ${label("closure", label("cancellation", request.reason))}` : ""),
    h("td", {}, asker));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  search();
});
form.addEventListener("change", (event) => event.target.name !== "initials" && search());
