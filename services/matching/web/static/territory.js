// The territory, commune by commune: what is asked, what is offered, what is not served. A list says the same as the map.

import { byId, h, keep } from "/static/dom.js";
import { number } from "/static/format.js";
import { circleMap } from "/static/map.js";
import { t } from "/static/page.js";

const COLOURS = { unserved: "--alert", demand: "--accent", offer: "--good" };
const LAYERS = Object.keys(COLOURS);
const LISTED = 8;
let map = null;

const radius = (n) => (n ? 8 + 4 * Math.sqrt(n) : 5);

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

export async function drawTerritory(page, what, context) {
  const { layer } = page;
  const found = counts(what, context).sort(([, one], [, other]) => other[layer] - one[layer]);
  const listed = found.filter(([, each]) => each[layer]).slice(0, LISTED);
  byId("communes-none").hidden = listed.length > 0;
  byId("communes-none").textContent = t(`tension.map.none_${layer}`);
  byId("map-legend").textContent = t(`tension.map.legend_${layer}`);
  keep(byId("communes"), listed, {
    key: ([insee]) => insee,
    version: ([insee, each]) => [each[layer], layer, page.filter.commune === insee, context.commune(insee)].join(),
    draw: ([insee, each]) => h("li", {}, h("button", { type: "button", "aria-pressed": String(page.filter.commune === insee), "data-focus": insee, onclick: () => context.pick(insee) },
      h("span", {}, context.commune(insee)), h("span", { class: "number" }, say(layer, each[layer])))),
  });
  const element = byId("map");
  if (!element.offsetWidth) return;
  map ??= circleMap(element);
  const drawn = await map;
  drawn.resize();
  drawn.draw(found.filter(([insee]) => context.point(insee)).map(([insee, each]) => {
    const all = `${context.commune(insee)} : ${LAYERS.map((one) => say(one, each[one])).join(", ")}`;
    const faded = page.filter.commune && page.filter.commune !== insee;
    return {
      lat: context.point(insee).lat, lon: context.point(insee).lon, radius: radius(each[layer]), colour: each[layer] ? COLOURS[layer] : "--edge",
      opacity: faded ? .08 : each[layer] ? .3 : .1, text: each[layer] ? number(each[layer]) : "", caption: context.commune(insee), label: all, name: all, onclick: () => context.pick(insee),
    };
  }));
}
