// A map that needs no internet: circles at points of our own data; tiles only if a server is configured.

import { config, t } from "/static/page.js";

/* global L */
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

async function leaflet() {
  if (globalThis.L) return;
  const style = document.createElement("link");
  style.rel = "stylesheet";
  style.href = "/static/vendor/leaflet/leaflet.css";
  const script = document.createElement("script");
  script.src = "/static/vendor/leaflet/leaflet.js";
  const loaded = [style, script].map((element) => new Promise((resolve, reject) => {
    element.onload = resolve;
    element.onerror = reject;
  }));
  document.head.append(style, script);
  await Promise.all(loaded);
}

/**
 * A map in `element`; `draw(circles)` shows circles `{lat, lon, radius, colour, text, caption, label, name, onclick}` and
 * fits them: `text` inside, `caption` under it where there is room, `label` when pointed at or reached by keyboard.
 */
export async function circleMap(element) {
  await leaflet();
  const map = L.map(element, { zoomControl: true, attributionControl: Boolean(config.tiles), keyboard: true, zoomSnap: .25 });
  map.setView([46.6, 2.4], 6);
  map.getContainer().setAttribute("role", "group");
  if (config.tiles) L.tileLayer(config.tiles, { attribution: escapeText(config.credit), maxZoom: 18 }).addTo(map);
  element.querySelector(".leaflet-control-zoom-in")?.setAttribute("aria-label", t("map.in"));
  element.querySelector(".leaflet-control-zoom-out")?.setAttribute("aria-label", t("map.out"));
  const ground = L.layerGroup().addTo(map);
  const layer = L.layerGroup().addTo(map);
  const captions = L.layerGroup().addTo(map);
  let drawn = [];
  map.on("zoomend resize", () => placeCaptions(map, captions, drawn));
  let fitted = "";
  let shown = "";
  let filled = "";
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  const shownMap = {
    draw(circles) {
      // Drawing the same again would take the focus away from whoever walks the map by keyboard.
      const stamp = JSON.stringify(circles.map(({ onclick, ...rest }) => [rest, css(rest.colour), Boolean(onclick)]));
      if (stamp === shown) return;
      shown = stamp;
      layer.clearLayers();
      for (const circle of circles) {
        const mark = L.circleMarker([circle.lat, circle.lon], {
          radius: circle.radius, color: css(circle.colour), weight: 2, fillOpacity: circle.opacity ?? .25, bubblingMouseEvents: false,
        }).addTo(layer);
        // Text goes in as a node: Leaflet would read a string as HTML.
        if (circle.text) mark.bindTooltip(node(circle.text), { permanent: true, direction: "center", className: "mark-text" });
        if (circle.label) pointed(mark, circle, map);
        if (circle.onclick) reachable(mark, circle);
      }
      const where = JSON.stringify(circles.map(({ lat, lon }) => [lat, lon]));
      if (circles.length && where !== fitted) {
        fitted = where;
        map.fitBounds(L.latLngBounds(circles.map(({ lat, lon }) => [lat, lon])).pad(.15), { maxZoom: 14, animate: false });
      }
      drawn = circles;
      placeCaptions(map, captions, drawn);
    },
    /** Fill areas `{rings, colour, opacity, chosen, label, onclick}` under the circles. */
    areas(areas) {
      const stamp = JSON.stringify(areas.map(({ onclick, ...rest }) => [rest, css(rest.colour)]));
      if (stamp === filled) return;
      filled = stamp;
      ground.clearLayers();
      for (const area of areas) {
        const mark = L.polygon(area.rings.map((ring) => [ring]), { color: css("--edge"), weight: area.chosen ? 3 : 1, fillColor: css(area.colour), fillOpacity: area.opacity, bubblingMouseEvents: false }).addTo(ground);
        mark.bindTooltip(node(area.label), { sticky: true, className: "mark-card" }).on("click", area.onclick);
      }
    },
    resize: () => map.invalidateSize(),
  };
  scheme.addEventListener("change", () => shownMap.draw(drawn));
  return shownMap;
}

const LETTER_PX = 7, LINE_PX = 18;

/** Names under circles, the largest first, each where it covers no other name and no circle. */
function placeCaptions(map, layer, circles) {
  layer.clearLayers();
  const taken = circles.map(({ lat, lon, radius }) => {
    const { x, y } = map.latLngToContainerPoint([lat, lon]);
    return [x - radius, y - radius, x + radius, y + radius];
  });
  const size = map.getSize();
  for (const { lat, lon, radius, caption } of circles.filter((each) => each.caption).toSorted((one, other) => other.radius - one.radius)) {
    const { x, y } = map.latLngToContainerPoint([lat, lon]);
    const half = caption.length * LETTER_PX / 2;
    const box = [x - half, y + radius + 1, x + half, y + radius + LINE_PX];
    if (box[0] < 0 || box[2] > size.x || box[3] > size.y) continue;
    if (taken.some(([left, top, right, bottom]) => left < box[2] && box[0] < right && top < box[3] && box[1] < bottom)) continue;
    taken.push(box);
    L.tooltip({ permanent: true, direction: "bottom", offset: [0, radius], className: "mark-text mark-caption" }).setLatLng([lat, lon]).setContent(node(caption)).addTo(layer);
  }
}

/** What a circle stands for, while it is pointed at or has the focus. */
function pointed(mark, circle, map) {
  const card = L.tooltip({ direction: "top", offset: [0, -circle.radius], className: "mark-card" }).setLatLng([circle.lat, circle.lon]).setContent(node(circle.label));
  const show = () => card.addTo(map);
  const hide = () => card.remove();
  mark.on("mouseover", show).on("mouseout remove", hide);
  mark.getElement().addEventListener("focus", show);
  mark.getElement().addEventListener("blur", hide);
}

/** A circle that does something is a button for the keyboard and for a screen reader too. */
function reachable(mark, circle) {
  const element = mark.getElement();
  for (const [name, value] of Object.entries({ tabindex: "0", role: "button", "aria-label": circle.name ?? circle.label ?? circle.text })) element.setAttribute(name, value);
  mark.on("click", circle.onclick);
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    circle.onclick();
  });
}

function node(text) {
  const span = document.createElement("span");
  span.textContent = text;
  return span;
}

function escapeText(text) {
  return node(text).innerHTML;
}
