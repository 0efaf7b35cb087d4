// Building elements without HTML text: what people typed can never become markup.

import { t } from "/static/page.js";

const ICONS = {
  free: "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18",
  wait: "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M12 7v5l3 2",
  done: "M5 13l4 4L19 7",
  bad: "M6 6l12 12M18 6L6 18",
  alert: "M12 4v10M12 19v.5",
  going: "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M12 7v5l3 2",
  yours: "M12 4v10M12 19v.5",
  lost: "M6 6l12 12M18 6L6 18",
  AMB: "M4 20V9l8-5l8 5v11M9 20v-6h6v6",
  HH: "M3 13h18l-2-6H5zM7 13v5M17 13v5",
  VR: "M3 7h12v10H3zM15 11l6-3v8l-6-3",
};

/** An element: attributes, properties starting with "on" as listeners, children as nodes or text. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A state in words, with an icon: colour never speaks alone. */
export function state(kind, text) {
  return h("span", { class: `state ${kind}` }, icon(kind), text);
}

/** A list in which nothing is chosen beforehand: what is sent is what somebody chose. `options`: [value, words]. */
export function chooser(name, options, attributes = {}) {
  return h("select", { name, required: true, ...attributes }, h("option", { value: "" }, t("common.choose")), options.map(([value, words]) => h("option", { value }, words)));
}

export const byId = (id) => document.getElementById(id);

/**
 * Make `parent` hold one child per item, in order, changing only what changed: focus, scroll and fingers stay put.
 * `draw(item)` answers an element; it is called again only when `version(item)` differs. Answers the changed elements.
 */
export function keep(parent, items, { key, version, draw }) {
  const old = new Map([...parent.children].filter((child) => child.dataset.key).map((child) => [child.dataset.key, child]));
  const fresh = [];
  const wanted = items.map((item) => {
    const id = String(key(item));
    const stamp = String(version(item));
    const existing = old.get(id);
    if (existing && existing.dataset.version === stamp) return existing;
    const focus = existing?.contains(document.activeElement) ? document.activeElement.dataset.focus ?? "" : null;
    const drawn = draw(item);
    drawn.dataset.key = id;
    drawn.dataset.version = stamp;
    fresh.push({ element: drawn, added: !existing, focus });
    if (existing) existing.replaceWith(drawn);
    return drawn;
  });
  const stay = new Set(wanted);
  for (const child of [...parent.children]) if (!stay.has(child)) child.remove();
  wanted.forEach((child, index) => {
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
  });
  for (const { element, focus } of fresh) {
    if (focus === null) continue;
    (element.querySelector(`[data-focus="${CSS.escape(focus)}"]`) ?? element.querySelector("button, a, input") ?? element).focus();
  }
  return fresh;
}
