// The territory, commune by commune: what is asked, what is offered, what is not served. A list says the same as the map.

import { byId, h, keep } from "/static/dom.js";
import { number } from "/static/format.js";
import { circleMap } from "/static/map.js";
import { t } from "/static/page.js";

const COLOURS = { unserved: "--alert", demand: "--accent", offer: "--good" };
let map = null;

function counts(layer, { requests, waiting, slots }, context) {
  const found = new Map();
  const add = (insee, n = 1) => found.set(insee, (found.get(insee) ?? 0) + n);
  if (layer === "unserved") for (const each of waiting) add(each.insee);
  if (layer === "demand") for (const each of requests) add(each.insee);
  if (layer === "offer") for (const slot of slots) add(context.place(slot.place_id)?.insee, slot.capacity - slot.taken);
  return [...found].filter(([insee]) => insee).sort(([, one], [, other]) => other - one);
}

export async function drawTerritory(page, what, context) {
  const found = counts(page.layer, what, context);
  keep(byId("communes"), found.slice(0, 6), {
    key: ([insee]) => insee,
    version: ([insee, n]) => [n, page.layer, page.filter.commune === insee, context.commune(insee)].join(),
    draw: ([insee, n]) => h("li", {}, h("button", { type: "button", "aria-pressed": String(page.filter.commune === insee), "data-focus": insee, onclick: () => context.pick(insee) },
      context.commune(insee), h("span", { class: "number" }, t(`tension.map.count_${page.layer}`, { n: number(n) === String(n) ? n : number(n) })))),
  });
  const element = byId("map");
  if (!element.offsetWidth) return;
  map ??= circleMap(element);
  const drawn = await map;
  drawn.resize();
  drawn.draw(found.filter(([insee]) => context.point(insee)).map(([insee, n]) => ({
    lat: context.point(insee).lat, lon: context.point(insee).lon, radius: 8 + 4 * Math.sqrt(n), colour: COLOURS[page.layer],
    opacity: page.filter.commune && page.filter.commune !== insee ? .08 : .3, text: number(n), name: `${context.commune(insee)} : ${t(`tension.map.count_${page.layer}`, { n })}`, onclick: () => context.pick(insee),
  })));
}
