// « Tension »: a departures board of what waits, its figures, a map by commune, who carries the load.

import { get } from "/static/api.js";
import { loadDirectory } from "/static/directory.js";
import { byId, h, keep, state } from "/static/dom.js";
import { age, day, number, span, when } from "/static/format.js";
import { announce, attempt, follow, keys, tabs, toast } from "/static/shell.js";
import { config, label, now, t } from "/static/page.js";
import { drawFair } from "/static/matching/fair.js";
import { drawRegister, drawRounds, wireRegister } from "/static/matching/register.js";
import { drawFree } from "/static/matching/free.js";
import { drawTerritory } from "/static/matching/territory.js";
import { drawTomorrow, offerCommunes } from "/static/matching/whatif.js";
import { overbookButton, showStory } from "/static/matching/story.js";

const WAITING = new Set(["open", "proposed", "escalated", "unserved"]);
const SERVED = new Set(["confirmed", "honoured", "no_show"]);
const KIND = { open: "wait", proposed: "wait", held: "wait", escalated: "wait", unserved: "bad", confirmed: "done", honoured: "done", no_show: "bad" };
const page = { sort: "urgency", down: false, filter: { figure: null, commune: null }, layer: "unserved", story: null };
const communes = new Map();
let motives = new Map();
let steps = [];
let told = null;
let order = [];

const availability = follow("availability", (events) => {
  if (events === null) byId("territory").textContent = availability.state.cpts?.[config.cpts]?.name ?? "";
  drawSoon();
});
const matching = follow("matching", (events) => {
  byId("loading").hidden = true;
  announceNew(events ?? []);
  drawSoon();
  figuresSoon();
});
export const context = {
  slot: (id) => availability.state.slots?.[id],
  place: (id) => availability.state.places?.[id],
  request: (id) => matching.state.requests?.[id],
  motive: (code) => motives.get(code) ?? code,
  commune: (insee) => communes.get(insee)?.name ?? insee,
  point: (insee) => communes.get(insee),
  pick: (insee) => {
    page.filter.commune = page.filter.commune === insee ? null : insee;
    draw();
  },
};

const requests = () => Object.values(matching.state.requests ?? {});
const waiting = () => requests().filter((each) => WAITING.has(each.state));
const onBoard = () => requests().filter((each) => WAITING.has(each.state) || each.state === "held");

let drawing;
function drawSoon() {
  drawing ??= requestAnimationFrame(() => {
    drawing = null;
    attempt(nameCommunes).then(draw);
  });
}

async function nameCommunes() {
  const wanted = new Set([...requests().map((each) => each.insee), ...Object.values(matching.state.attachments ?? {}).map((each) => each.insee), ...(availability.state.cpts?.[config.cpts]?.communes ?? []),
    ...Object.values(availability.state.places ?? {}).map((each) => each.insee)]);
  const missing = [...wanted].filter((insee) => !communes.has(insee)).slice(0, 250);
  if (!missing.length) return;
  for (const insee of missing) communes.set(insee, undefined);
  const answer = await fetch(`/tension/communes?${new URLSearchParams(missing.map((insee) => ["insee", insee]))}`);
  if (answer.ok) for (const each of await answer.json()) communes.set(each.insee, each);
}

const SORTS = {
  age: (one) => one.submitted_at,
  urgency: (one) => `${one.urgency} ${one.submitted_at}`,
  commune: (one) => context.commune(one.insee),
  motive: (one) => context.motive(one.act),
  state: (one) => label("request_state", one.state),
  blocks: (one) => blocks(one),
  next: (one) => one.next_step_at ?? "9",
};

/** What each figure shows when it is chosen; « free » shows slots instead of requests. */
const FILTERS = {
  waiting: (each) => WAITING.has(each.state),
  p1: (each) => each.urgency === 1 && WAITING.has(each.state),
  median: (each) => WAITING.has(each.state) && now() - Date.parse(each.submitted_at) > (told?.today.median_s ?? 0) * 1000,
  served: (each) => SERVED.has(each.state) && day(each.submitted_at) === day(),
};

function shown() {
  const { figure, commune } = page.filter;
  const among = figure === "served" ? requests() : onBoard();
  return among.filter((each) => (!commune || each.insee === commune) && (FILTERS[figure]?.(each) ?? true));
}

/** Sorted; but while somebody points into the table, known rows stay where they are and new ones come last. */
function sorted(rows) {
  const value = SORTS[page.sort];
  const fresh = rows.toSorted((one, other) => value(one).localeCompare(value(other), config.language) * (page.down ? -1 : 1));
  const table = byId("board");
  if (table.matches(":hover") || table.contains(document.activeElement)) {
    const at = new Map(order.map((id, index) => [id, index]));
    fresh.sort((one, other) => (at.get(one.id) ?? Infinity) - (at.get(other.id) ?? Infinity) || 0);
  }
  order = fresh.map((each) => each.id);
  return fresh;
}

function blocks(request) {
  const worst = Object.entries(request.blockers ?? {}).sort(([, one], [, other]) => other - one)[0];
  return worst ? t("tension.blocks", { n: worst[1], why: label("blocker", worst[0]) }) : "";
}

function next(request) {
  if (!request.next_step_at || !WAITING.has(request.state)) return "";
  const step = steps[request.escalation];
  return step ? t("tension.next", { step: t(`tension.step.${step}`), time: when(request.next_step_at) }) : "";
}

/** Its time to ask for one more patient has come, and nobody was asked yet: the board offers to, in one click. */
function offersToAsk(request) {
  return byId("story").dataset.acts === "yes" && request.reason === "ask_overbooking" && WAITING.has(request.state)
    && !Object.values(matching.state.overbooking_asks ?? {}).some((each) => each.request_id === request.id);
}

function draw() {
  if (!matching.ready || !availability.ready) return;
  const rows = sorted(shown());
  const fresh = keep(byId("board"), rows, {
    key: (each) => each.id,
    version: (each) => [each.version, age(each.submitted_at), context.commune(each.insee), context.motive(each.act), next(each), offersToAsk(each)].join("|"),
    draw: row,
  });
  for (const { element, added } of fresh) if (added && order.length > fresh.length) element.classList.add("flash");
  const slots = page.filter.figure === "free";
  byId("free-panel").hidden = !slots;
  byId("board-panel").hidden = slots;
  byId("board-exports").hidden = slots;
  if (slots) drawFree(freeSlots(), page.filter.commune, context);
  byId("board-empty").hidden = slots || rows.length > 0;
  drawFilter();
  drawCounts();
  drawTerritory(page, { requests: requests(), waiting: waiting(), slots: freeSlots(), communes: availability.state.cpts?.[config.cpts]?.communes ?? [] }, context);
  drawFair(availability.state, freeSlots());
  drawRegister(matching.state.attachments, context);
  offerCommunes(availability.state.cpts?.[config.cpts]?.communes ?? [], context);
  for (const head of document.querySelectorAll("[data-sort]")) {
    const order = head.dataset.sort === page.sort ? (page.down ? "descending" : "ascending") : "none";
    head.closest("th").setAttribute("aria-sort", order);
  }
  if (page.story && byId("story").open) showStory(context.request(page.story), context);
}

function row(request) {
  return h("tr", { class: `bar-p${request.urgency}`, onclick: () => open(request) },
    h("td", { class: "age" }, age(request.submitted_at)),
    h("td", {}, h("span", { class: `urgency p${request.urgency}` }, `P${request.urgency}`)),
    h("td", {}, context.commune(request.insee)),
    h("td", { class: "wide" }, h("button", { type: "button", class: "open", "data-focus": "open" }, context.motive(request.act) || t("tension.open"))),
    h("td", {}, state(KIND[request.state], label("request_state", request.state)),
      Date.parse(request.in_hand_until ?? "") > now() ? h("div", { class: "quiet-text" }, t("tension.in_hand")) : null),
    h("td", { class: "wide small" }, blocks(request)),
    h("td", { class: "wide small" }, next(request), offersToAsk(request) ? h("div", { class: "no-wall no-print" }, overbookButton(request)) : null));
}

function open(request) {
  page.story = request.id;
  attempt(() => showStory(request, context));
}

const freeSlots = () => Object.values(availability.state.slots ?? {})
  .filter((slot) => slot.status === "published" && Date.parse(slot.starts_at) > now() && slot.taken < slot.capacity);

function drawFilter() {
  const { commune, figure } = page.filter;
  const words = [figure ? t(`tension.figure.${figure}`) : null, commune ? context.commune(commune) : null].filter(Boolean).join(" · ");
  const clear = () => {
    page.filter = { figure: null, commune: null };
    draw();
  };
  byId("filter").replaceChildren(...(words ? [words, h("button", { type: "button", class: "quiet", onclick: clear }, t("tension.clear"))] : []));
  for (const card of document.querySelectorAll("button[data-figure]")) card.setAttribute("aria-pressed", card.dataset.figure === figure);
}

function figure(name, value, before = "", more = "") {
  const card = document.querySelector(`[data-figure="${name}"]`);
  card.querySelector(".figure-value").textContent = value;
  card.querySelector(".figure-before").textContent = before || " ";
  card.querySelector(".figure-more").textContent = more;
  return card;
}

/** A figure of a week ago, with the one of yesterday beside it. */
function earlier(value) {
  if (!told) return "";
  const lived = (at) => at.submitted + at.waiting + at.free > 0;
  if (!lived(told.last_week) && !lived(told.yesterday)) return t("tension.no_earlier");
  const said = (at) => (lived(at) ? value(at) : "–");
  return t("tension.earlier", { week: said(told.last_week), yesterday: said(told.yesterday) });
}

function drawCounts() {
  const rows = waiting();
  const oldest = rows.map((each) => each.submitted_at).sort()[0];
  const first = rows.filter((each) => each.urgency === 1);
  figure("waiting", number(rows.length), earlier((at) => number(at.waiting)), oldest ? t("tension.oldest", { age: age(oldest) }) : "");
  figure("p1", number(first.length), earlier((at) => number(at.p1))).classList.toggle("alarm", first.length > 0);
  const free = freeSlots();
  const places = free.reduce((sum, slot) => sum + slot.capacity - slot.taken, 0);
  const soonest = free.map((slot) => slot.starts_at).sort()[0];
  figure("free", number(places), earlier((at) => number(at.free)), soonest ? t("tension.soonest", { time: when(soonest) }) : "");
  if (!told) return;
  const lasted = (at) => (at.median_s === null ? "–" : span(at.median_s * 1000));
  figure("median", lasted(told.today), earlier(lasted), t("tension.median_of"));
  const of = (at) => t("tension.of", { some: at.within_48_h, all: at.submitted });
  figure("served", of(told.today), earlier(of), t("tension.served_of"));
}

let figuring;
function figuresSoon() {
  figuring ??= setTimeout(async () => {
    figuring = null;
    // While the server is away the banner says so; the next turn asks again.
    const figures = await fetch(`/tension/figures?cpts=${encodeURIComponent(config.cpts)}`)
      .then((answer) => (answer.ok && !answer.redirected ? answer.json() : null))
      .catch(() => null);
    if (figures === null) return;
    told = figures;
    drawCounts();
  }, 500);
}

function announceNew(events) {
  const fresh = events.filter((event) => event.value?.version === 1).length;
  if (fresh) announce(t("tension.fresh", { n: fresh }));
}

function wall() {
  const on = document.body.classList.toggle("wall");
  if (on) toast(t("tension.wall_out"));
}

document.querySelector("#board-table thead").addEventListener("click", (event) => {
  const column = event.target.closest("[data-sort]")?.dataset.sort;
  if (!column) return;
  page.down = page.sort === column && !page.down;
  page.sort = column;
  order = [];
  draw();
});
byId("figures").addEventListener("click", (event) => {
  const name = event.target.closest("button[data-figure]")?.dataset.figure;
  if (!name) return;
  page.filter.figure = page.filter.figure === name ? null : name;
  draw();
});
byId("layers").addEventListener("change", (event) => {
  page.layer = event.target.value;
  draw();
});
byId("wall").addEventListener("click", wall);
byId("story").addEventListener("close", () => { page.story = null; });
const step = (by) => {
  const rows = [...byId("board").querySelectorAll(".open")];
  const at = rows.indexOf(document.activeElement);
  rows[Math.max(0, Math.min(rows.length - 1, at + by))]?.focus();
};
keys({
  "/": ["tension.key.sort", () => document.querySelector("[data-sort]").focus()],
  ArrowDown: ["tension.key.down", () => step(1)],
  ArrowUp: ["tension.key.up", () => step(-1)],
  w: ["tension.key.wall", wall],
  Escape: ["tension.key.back", () => document.body.classList.remove("wall")],
});
tabs(byId("tabs"), (tab) => {
  draw();
  if (tab === "mt") attempt(nameCommunes).then(() => drawRounds(context));
  if (tab === "demain") drawTomorrow();
});
wireRegister(context);
setInterval(() => attempt(async () => draw()), 15_000);
setInterval(figuresSoon, 60_000);

await attempt(async () => {
  const [list, { now: set }] = await Promise.all([get("matching", "/motives"), get("matching", `/parameters/${config.cpts}`), loadDirectory()]);
  steps = set.escalation.map((each) => each.step);
  motives = new Map(list.map((each) => [each.code, each.label]));
  draw();
});
figuresSoon();

