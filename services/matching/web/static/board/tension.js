// « Tension »: a departures board of what waits, its figures, a map by commune, who carries the load.

import { get } from "/static/api.js";
import { loadDirectory } from "/static/people/directory.js";
import { byId, keep } from "/static/dom.js";
import { day, time } from "/static/format.js";
import { announce, attempt, follow, keys, tabs, toast } from "/static/shell.js";
import { config, now, states, t } from "/static/page.js";
import { watch } from "/static/matching/board/alerts.js";
import { drawCounts, figures, figuresSoon } from "/static/matching/board/figures.js";
import { choosing, drawChoosing } from "/static/matching/board/closing.js";
import { drawFair } from "/static/matching/territory/fair.js";
import { drawFree } from "/static/matching/board/free.js";
import { orderOf } from "/static/matching/board/order.js";
import { row, sortRows, sorts, stampOf } from "/static/matching/board/rows.js";
import { GROUPS, act, group } from "/static/matching/board/standing.js";
import { drawTerritory } from "/static/matching/territory/territory.js";
import { drawTomorrow, offerCommunes, offerPeople } from "/static/matching/territory/whatif.js";
import { showStory, storyOf } from "/static/matching/board/story.js";

const SERVED = new Set(["confirmed", "honoured", "no_show"]);
const page = { sort: "left", down: false, filter: { figure: null, commune: null, group: null }, layer: "unserved" };
const communes = new Map();
const colleagues = new Map();
let motives = new Map();
let steps = [];

const availability = follow("availability", (events) => {
  if (events === null) byId("territory").textContent = availability.state.cpts?.[config.cpts]?.name ?? "";
  drawSoon();
});
const matching = follow("matching", (events) => {
  byId("loading").hidden = true;
  announceNew(events ?? []);
  drawSoon();
  figuresSoon(counts);
});
export const context = {
  acts: byId("story").dataset.acts === "yes",
  openWord: t("tension.open"),
  slot: (id) => availability.state.slots?.[id],
  place: (id) => availability.state.places?.[id],
  practitioner: (id) => availability.state.practitioners?.[id],
  request: (id) => matching.state.requests?.[id],
  asks: (id) => asked.get(id) ?? [],
  motive: (code) => motives.get(code)?.label ?? code,
  motiveModes: (code) => motives.get(code)?.modes ?? [],
  commune: (insee) => communes.get(insee)?.name ?? insee,
  point: (insee) => communes.get(insee),
  free: () => free,
  colleagues: () => colleagues,
  asker: (request) => colleagues.get(request.asked_by)?.label ?? t("board.asker"),
  named: (account) => (account === config.account ? t("board.me") : colleagues.get(account)?.label ?? t("board.someone")),
  handler: (request) => (request.owner ? context.named(request.owner) : ""),
  communes: () => availability.state.cpts?.[config.cpts]?.communes ?? [],
  pick: (insee) => {
    page.filter.commune = page.filter.commune === insee ? null : insee;
    draw();
  },
};
let free = [];
let asked = new Map();

const requests = () => Object.values(matching.state.requests ?? {});
const waiting = () => requests().filter((each) => states.waiting.has(each.state));
const onBoard = () => requests().filter((each) => states.waiting.has(each.state) || each.state === "held");
const order = orderOf(byId("board-table"), byId("fresh"), () => draw());

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

/** What each figure shows when it is chosen; « free » shows slots instead of requests. */
const FILTERS = {
  yours: (each) => act(each, context) !== null,
  lost: (each) => each.state === "unserved",
  waiting: (each) => states.seeking.has(each.state),
  p1: (each) => each.urgency === 1 && states.seeking.has(each.state),
  median: (each) => states.waiting.has(each.state) && now() - Date.parse(each.submitted_at) > (figures()?.today.median_s ?? 0) * 1000,
  served: (each) => SERVED.has(each.state) && day(each.submitted_at) === day(),
};

function shown() {
  const { figure, commune } = page.filter;
  const among = figure === "served" ? requests() : onBoard();
  return among.filter((each) => (!commune || each.insee === commune) && (FILTERS[figure]?.(each) ?? true) && (!page.filter.group || group(each, context) === page.filter.group));
}

function look() {
  free = Object.values(availability.state.slots ?? {})
    .filter((slot) => slot.status === "published" && Date.parse(slot.starts_at) > now() && slot.taken < slot.capacity);
  asked = new Map();
  for (const each of Object.values(matching.state.overbooking_asks ?? {})) asked.set(each.request_id, [...(asked.get(each.request_id) ?? []), each]);
}

function draw() {
  if (!matching.ready || !availability.ready) return;
  look();
  const rows = order.place(sortRows(shown(), sorts(context)[page.sort], page.down, config.language, context));
  const chosen = (each) => (choosing.on ? choosing.ids.has(each.id) : null);
  const before = byId("board").children.length;
  const fresh = keep(byId("board"), rows, {
    key: (each) => each.id,
    version: (each) => stampOf(each, context, steps, chosen(each)),
    draw: (each) => row(each, context, steps, { open, choose, chosen: chosen(each) }),
  });
  for (const { element, added } of fresh) if (added && before) element.classList.add("flash");
  markGroups();
  drawPanels(rows);
  drawFilter();
  counts();
  drawChoosing(rows, context);
  drawTabs();
  storyOf(context);
  watch(requests(), context);
}

/** A line above the first row of each group. */
function markGroups() {
  let above = null;
  for (const each of byId("board").children) {
    each.classList.toggle("first-of-group", each.dataset.group !== above);
    above = each.dataset.group;
  }
}

function drawPanels(rows) {
  const slots = page.filter.figure === "free";
  byId("free-panel").hidden = !slots;
  byId("board-panel").hidden = slots;
  if (slots) drawFree(free, page.filter.commune, context, { requests: waiting });
  byId("board-empty").hidden = slots || rows.length > 0;
  for (const head of document.querySelectorAll("[data-sort]")) {
    const turned = head.dataset.sort === page.sort ? (page.down ? "descending" : "ascending") : "none";
    head.closest("th").setAttribute("aria-sort", turned);
  }
}

let register = null;

/** The register's scripts come when its tab is opened; until they are there, nothing in it can be pressed. */
async function openRegister() {
  if (!register) {
    const [list, rounds] = await Promise.all([import("/static/matching/territory/register.js"), import("/static/matching/territory/rounds.js")]);
    if (!register) {
      register = { ...list, ...rounds };
      register.wireRegister(context);
      register.wireRounds(context);
      byId("panel-register").inert = false;
    }
  }
  await nameCommunes();
  draw();
  await register.drawRounds(context);
}

function drawTabs() {
  const own = availability.state.cpts?.[config.cpts]?.communes ?? [];
  drawTerritory(page, { requests: requests(), waiting: waiting(), slots: free, communes: own }, context);
  drawFair(availability.state, free, context);
  register?.drawRegister(matching.state.attachments, context);
  offerCommunes(own, context);
  offerPeople(Object.values(availability.state.practitioners ?? {}), free);
}

function open(request) {
  attempt(() => showStory(request, context));
}

function choose(request) {
  choosing.toggle(request.id);
  draw();
}

function drawFilter() {
  const { commune, figure } = page.filter;
  const words = [figure ? t(FILTERS[figure] && ["yours", "lost"].includes(figure) ? `board.figure.${figure}` : `tension.figure.${figure}`) : null, commune ? context.commune(commune) : null].filter(Boolean).join(" · ");
  byId("filter-words").textContent = words;
  byId("clear").hidden = !words;
  for (const card of document.querySelectorAll("button[data-figure]")) card.setAttribute("aria-pressed", card.dataset.figure === figure);
  const all = onBoard().map((each) => group(each, context));
  for (const name of GROUPS) {
    const chip = document.querySelector(`[data-show="${name}"]`);
    chip.querySelector(".count").textContent = all.filter((each) => each === name).length;
    chip.setAttribute("aria-pressed", page.filter.group === name);
  }
}

const counts = () => drawCounts(onBoard(), free, context);

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
  order.renew();
  draw();
});
const toggled = (container, name, key) => container.addEventListener("click", (event) => {
  const value = event.target.closest(`button[data-${name}]`)?.dataset[name];
  if (!value) return;
  page.filter[key] = page.filter[key] === value ? null : value;
  order.renew();
  draw();
});
toggled(byId("figures"), "figure", "figure");
toggled(byId("groups"), "show", "group");
byId("clear").addEventListener("click", () => {
  page.filter = { figure: null, commune: null, group: null };
  order.renew();
  draw();
});
byId("layers").addEventListener("change", (event) => {
  page.layer = event.target.value;
  draw();
});
byId("wall").addEventListener("click", wall);
addEventListener("board:draw", () => { order.renew(); draw(); });
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
  if (tab === "mt") attempt(openRegister);
  if (tab === "demain") drawTomorrow();
  if (tab === "bilan") attempt(async () => (await import("/static/matching/territory/review.js")).drawReview({ ...context, motive: (code) => context.motive(code) }));
  if (tab === "retrouver") attempt(async () => (await import("/static/matching/board/finding.js")).find(context));
});
const tick = () => { byId("clock").textContent = time(now()); };
tick();
setInterval(tick, 1_000);
setInterval(() => attempt(async () => draw()), 15_000);
setInterval(() => figuresSoon(counts), 60_000);

await attempt(async () => {
  const [list, { now: set }, known] = await Promise.all([get("matching", "/motives"), get("matching", `/parameters/${config.cpts}`),
    context.acts ? get("matching", `/colleagues?cpts=${encodeURIComponent(config.cpts)}`) : [], loadDirectory()]);
  steps = set.escalation.map((each) => each.step);
  motives = new Map(list.map((each) => [each.code, each]));
  for (const each of known) colleagues.set(each.account, each);
  draw();
});
figuresSoon(counts);
