// « Année »: the figures of a period with the list behind each, the contract, the dossiers.

import { get } from "/static/api.js";
import { byId, h } from "/static/dom.js";
import { attemptIn } from "/static/form.js";
import { day, number, whenFull } from "/static/format.js";
import { ask, attempt, follow, tabs } from "/static/shell.js";
import { config, now, t } from "/static/page.js";
import { drawContract, contractYear } from "/static/coordination/contrat.js";
import { drawLevel } from "/static/coordination/niveau.js";
import { drawDossiers } from "/static/coordination/dossiers.js";

const writes = config.role !== "committee";
const form = byId("period");
const names = new Map();
let turn = 0;

const availability = follow("availability", (events) => {
  if (events === null) byId("territory").textContent = availability.state.cpts?.[config.cpts]?.name ?? "";
});

const key = (year, month, date) => new Date(Date.UTC(year, month, date)).toISOString().slice(0, 10);

/** First and last day of what is chosen, both included; null while dates are missing. */
async function period() {
  const [year, month] = day(now()).split("-").map(Number);
  const choice = form.elements.choice.value;
  if (writes) byId("dates").hidden = choice !== "other";
  if (choice === "month") return [key(year, month - 1, 1), key(year, month, 0)];
  if (choice === "last_month") return [key(year, month - 2, 1), key(year, month - 1, 0)];
  if (choice === "year") return [key(year, month - 12, 1), key(year, month, 0)];
  if (choice === "contract") return contractYear();
  const { since, until } = form.elements;
  return since.value && until.value ? [since.value, until.value] : null;
}

const few = () => h("span", { class: "quiet-text" }, t("year.few"));

function value(figure) {
  if (figure.hidden) return few();
  if (figure.value === null) return "–";
  return figure.is_share ? `${number(figure.value)} %` : number(figure.value);
}

function row(figure, query) {
  const made = figure.numerator === null || figure.value === null ? "" : t("year.of", { above: number(figure.numerator), below: number(figure.denominator) });
  return h("tr", {}, h("th", { scope: "row" }, figure.label), h("td", { class: "number" }, value(figure)), h("td", { class: "number quiet-text" }, made),
    writes && h("td", {}, h("button", { type: "button", class: "quiet", onclick: () => attempt(() => openBehind(figure, query)) }, t("year.list"), h("span", { class: "unseen" }, ` ${figure.label}`))));
}

const SHOWN = ["insee", "urgency", "priority_class", "act", "source", "state", "submitted_at", "registered_at", "starts_at", "offered_at", "given_at", "answered_at", "attached_at", "capacity", "taken", "opened", "attached", "profession"];
const MOST = 200;

function cell(name, said) {
  if (said === null || said === "") return "";
  if (name === "insee") return names.get(said) ?? said;
  return name.endsWith("_at") ? whenFull(said) : String(said);
}

async function openBehind(figure, query) {
  const found = await get("coordination", `/figures/behind?${new URLSearchParams({ ...query, formula: figure.formula })}`);
  const parts = found.map((part) => {
    const columns = SHOWN.filter((name) => part.things[0] && name in part.things[0]);
    const link = (kind) => h("a", { class: "button quiet", download: true, href: `${config.api.coordination}/exports/behind.${kind}?${new URLSearchParams({ ...query, formula: part.name })}` }, kind.toUpperCase());
    return h("section", { class: "stack" }, h("div", { class: "spread" }, h("h3", {}, t("year.counted", { n: number(part.count), what: part.said })), h("span", { class: "row" }, link("csv"), link("xlsx"))),
      part.things.length ? h("div", { class: "scroll behind", tabindex: "0", role: "group", "aria-label": part.said }, h("table", { class: "dense" },
        h("thead", {}, h("tr", {}, columns.map((name) => h("th", { scope: "col" }, t(`year.field.${name}`))))),
        h("tbody", {}, part.things.slice(0, MOST).map((thing) => h("tr", {}, columns.map((name) => h("td", {}, cell(name, thing[name])))))))) : "",
      part.things.length > MOST && h("p", { class: "quiet-text" }, t("year.more", { n: part.things.length - MOST })));
  });
  await ask(figure.label, h("div", { class: "stack" }, h("p", {}, h("code", {}, figure.formula)), parts), [{ value: "", text: t("common.close") }]);
}

async function nameCommunes(rows) {
  const missing = rows.filter((insee) => !names.has(insee)).slice(0, 250);
  if (!missing.length) return;
  const answer = await fetch(`/tension/communes?${new URLSearchParams(missing.map((insee) => ["insee", insee]))}`);
  if (answer.ok) for (const each of await answer.json()) names.set(each.insee, each.name);
}

async function draw() {
  const mine = ++turn;
  await attempt(async () => {
    const chosen = await period();
    if (!chosen || mine !== turn) return;
    const query = { cpts: config.cpts, since: chosen[0], until: chosen[1] };
    byId("said").textContent = t("year.looking");
    const [found, table] = await Promise.all([get("coordination", `/figures?${new URLSearchParams(query)}`), get("coordination", `/figures/table?${new URLSearchParams(query)}`)]);
    await nameCommunes(table.rows);
    if (mine !== turn) return;
    byId("said").textContent = t("year.from_to", { since: chosen[0].split("-").reverse().join("/"), until: chosen[1].split("-").reverse().join("/") });
    byId("least").hidden = table.least === 0;
    byId("figures").replaceChildren(...found.map((figure) => row(figure, query)));
    const total = [...table.rows, null];
    byId("communes").replaceChildren(...(table.rows.length ? table.counts : []).map((counts, at) => h("tr", { class: total[at] === null ? "sum" : "" },
      h("th", { scope: "row" }, total[at] === null ? t("coordination.column.total") : names.get(total[at]) ?? total[at]), counts.map((count) => h("td", { class: "number" }, count === null ? few() : number(count))))));
    for (const link of form.querySelectorAll("a[data-kind]")) link.href = `${config.api.coordination}/exports/${link.dataset.list}.${link.dataset.kind}?${new URLSearchParams(query)}`;
  });
}

form.addEventListener("change", draw);
form.addEventListener("submit", (event) => event.preventDefault());
byId("print").addEventListener("click", () => print());

if (writes) {
  const own = byId("own");
  own.addEventListener("submit", (event) => {
    event.preventDefault();
    attemptIn(own, async () => {
      byId("own-answer").textContent = "";
      const chosen = await period();
      const query = { cpts: config.cpts, since: chosen[0], until: chosen[1], formula: own.elements.formula.value };
      const figure = await get("coordination", `/figures/formula?${new URLSearchParams(query)}`);
      byId("own-answer").replaceChildren(figure.value === null ? t("year.nothing_to_divide") : number(figure.value));
    });
  });
  attempt(async () => byId("names").replaceChildren(...(await get("coordination", "/names")).flatMap((each) => [h("dt", {}, each.name), h("dd", {}, each.said)])));
  tabs(byId("tabs"), (tab) => {
    if (tab === "contrat") attempt(drawContract);
    if (tab === "dossiers") attempt(drawDossiers);
    if (tab === "niveau") attempt(drawLevel);
  });
}
await draw();
