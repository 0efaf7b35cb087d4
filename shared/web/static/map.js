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

/** A map in `element`; `draw(circles)` shows circles `{lat, lon, radius, colour, text, label, onclick}` and fits them. */
export async function circleMap(element) {
  await leaflet();
  const map = L.map(element, { zoomControl: true, attributionControl: Boolean(config.tiles), keyboard: true, zoomSnap: .25 });
  map.setView([46.6, 2.4], 6);
  map.getContainer().setAttribute("role", "group");
  if (config.tiles) L.tileLayer(config.tiles, { attribution: escapeText(config.credit), maxZoom: 18 }).addTo(map);
  element.querySelector(".leaflet-control-zoom-in")?.setAttribute("aria-label", t("map.in"));
  element.querySelector(".leaflet-control-zoom-out")?.setAttribute("aria-label", t("map.out"));
  const layer = L.layerGroup().addTo(map);
  let fitted = "";
  return {
    draw(circles) {
      layer.clearLayers();
      for (const circle of circles) {
        const mark = L.circleMarker([circle.lat, circle.lon], {
          radius: circle.radius, color: css(circle.colour), weight: 2, fillOpacity: circle.opacity ?? .25, bubblingMouseEvents: false,
        }).addTo(layer);
        // Text goes in as a node: Leaflet would read a string as HTML.
        if (circle.text) mark.bindTooltip(node(circle.text), { permanent: true, direction: "center", className: "mark-text" });
        if (circle.label) mark.bindPopup(node(circle.label));
        if (circle.onclick) mark.on("click", circle.onclick);
      }
      const where = JSON.stringify(circles.map(({ lat, lon }) => [lat, lon]));
      if (circles.length && where !== fitted) {
        fitted = where;
        map.fitBounds(L.latLngBounds(circles.map(({ lat, lon }) => [lat, lon])).pad(.15), { maxZoom: 14, animate: false });
      }
    },
    resize: () => map.invalidateSize(),
  };
}

function node(text) {
  const span = document.createElement("span");
  span.textContent = text;
  return span;
}

function escapeText(text) {
  return node(text).innerHTML;
}
