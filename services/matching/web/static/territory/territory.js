// The territory, commune by commune: what is asked, what is offered, what is not served. A table says the same as the map.

import { byId, h, keep } from "/static/dom.js";
import { number } from "/static/format.js";
import { circleMap } from "/static/map.js";
import { config, t } from "/static/page.js";
import { areasOf, loadShapes } from "/static/matching/territory/cells.js";
import { shortName } from "/static/matching/board/standing.js";

const COLOURS = { unserved: "--alert", demand: "--accent", offer: "--good" };
const LAYERS = Object.keys(COLOURS);
const COLUMNS = ["commune", "demand", "offer", "unserved"];
const STEPS = 4;
const sort = { by: null, down: true };
let map = null;
let redraw = null;

/** The three figures of each commune of the territory, and of those that somebody asks from. */
function counts({ requests, waiting, slots, communes }, context) {
  const found = new Map(communes.map((insee) => [insee, { unserved: 0, demand: 0, offer: 0 }]));
  const add = (insee, what, n = 1) => {
    if (!insee) return;
    if (!found.has(insee)) found.set(insee, { unserved: 0, demand: 0, offer: 0 });
    found.get(insee)[what] += n;
  };
  for (const each of waiting) add(each.insee, "unserved");
  for (const each of requests) add(each.insee, "demand");
  for (const slot of slots) add(context.place(slot.place_id)?.insee, "offer", slot.capacity - slot.taken);
  return [...found];
}

const say = (what, n) => t(`tension.map.count_${what}`, { n: number(n) === String(n) ? n : number(n) });

/** From 1 to the most, in so many steps of whole numbers: the first number of each. */
function stepsOf(most) {
  const width = Math.max(1, Math.ceil(most / STEPS));
  return Array.from({ length: Math.min(STEPS, Math.ceil(most / width)) }, (_, n) => 1 + n * width);
}

const levelOf = (steps, n) => steps.findLastIndex((from) => n >= from) + 1;
const opacity = (level, levels) => (level ? .18 + .6 * level / levels : .04);

export async function drawTerritory(page, what, context) {
  redraw = () => drawTerritory(page, what, context);
  const { layer } = page;
  const found = counts(what, context);
  const steps = stepsOf(Math.max(0, ...found.map(([, each]) => each[layer])));
  drawTable(found, layer, page, context);
  byId("communes-none").hidden = found.some(([, each]) => each[layer]);
  byId("communes-none").textContent = t(`tension.map.none_${layer}`);
  drawLegend(steps, layer);
  const element = byId("map");
  if (!element.offsetWidth) return;
  map ??= circleMap(element);
  const drawn = await map;
  const placed = found.filter(([insee]) => context.point(insee));
  const rings = areasOf(placed.map(([insee]) => context.point(insee)));
  const words = (insee, each) => `${context.commune(insee)} : ${LAYERS.map((one) => say(one, each[one])).join(", ")}`;
  drawn.resize();
  drawn.areas(placed.map(([insee, each]) => ({
    rings: rings.get(insee), colour: each[layer] ? COLOURS[layer] : "--edge", opacity: opacity(levelOf(steps, each[layer]), steps.length),
    chosen: page.filter.commune === insee, label: words(insee, each), onclick: () => context.pick(insee),
  })));
  drawn.draw(placed.map(([insee, each]) => ({
    lat: context.point(insee).lat, lon: context.point(insee).lon, radius: 4 + 4 * levelOf(steps, each[layer]) / STEPS, colour: each[layer] ? COLOURS[layer] : "--edge", opacity: .9,
    caption: each[layer] ? `${shortName(context.commune(insee))} · ${number(each[layer])}` : shortName(context.commune(insee)), name: words(insee, each), onclick: () => context.pick(insee),
  })));
  if (await loadShapes(placed.map(([insee]) => insee))) redraw();
}

function drawLegend(steps, layer) {
  const upTo = (index) => (index + 1 < steps.length ? steps[index + 1] - 1 : null);
  const words = (from, to) => (to === null ? t("board.map.from", { n: from }) : from === to ? number(from) : `${number(from)} – ${number(to)}`);
  const box = (level) => {
    const square = h("span", { class: "legend-box" });
    square.style.setProperty("--of", `var(${level ? COLOURS[layer] : "--edge"})`);
    square.style.setProperty("--share", opacity(level, steps.length));
    return square;
  };
  byId("map-legend").replaceChildren(h("span", { class: "legend-name" }, t(`tension.map.${layer}`)), ...[[0, "0"], ...steps.map((from, index) => [index + 1, words(from, upTo(index))])].map(([level, text]) => h("span", { class: "legend-step" }, box(level), text)));
}

function drawTable(found, layer, page, context) {
  const by = sort.by ?? layer;
  const value = ([insee, each]) => (by === "commune" ? context.commune(insee) : each[by]);
  const rows = found.toSorted((one, other) => {
    const [here, there] = [value(one), value(other)];
    const order = typeof here === "string" ? here.localeCompare(there, config.language) : here - there;
    return (sort.down && by !== "commune" ? -order : sort.down && sort.by === "commune" ? -order : order) || context.commune(one[0]).localeCompare(context.commune(other[0]), config.language);
  });
  for (const head of document.querySelectorAll("[data-commune-sort]")) {
    head.closest("th").setAttribute("aria-sort", head.dataset.communeSort === by ? (sort.down ? "descending" : "ascending") : "none");
  }
  keep(byId("communes"), rows, {
    key: ([insee]) => insee,
    version: ([insee, each]) => [...LAYERS.map((one) => each[one]), layer, page.filter.commune === insee, context.commune(insee)].join(),
    draw: ([insee, each]) => h("tr", {},
      h("th", { scope: "row" }, h("button", { type: "button", class: "open", "aria-pressed": String(page.filter.commune === insee), "data-focus": insee, onclick: () => context.pick(insee) },
        shortName(context.commune(insee)), h("span", { class: "unseen" }, ` : ${say(layer, each[layer])}`))),
      ["demand", "offer", "unserved"].map((one) => h("td", { class: "number" }, number(each[one])))),
  });
}

for (const head of document.querySelectorAll("[data-commune-sort]")) head.addEventListener("click", () => {
  const { communeSort: by } = head.dataset;
  sort.down = sort.by === by ? !sort.down : by !== "commune";
  sort.by = by;
  redraw?.();
});
byId("layers").addEventListener("change", () => { sort.by = null; sort.down = true; }, true);
