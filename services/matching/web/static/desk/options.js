// The slots proposed: a list one chooses from by number, the same on a map, the one that is held, and what to do when none fits.

import { byId, h, icon, keep, state } from "/static/dom.js";
import { nameOf, placeOf, professionOf } from "/static/people/directory.js";
import { countdown, day, dayName, kilometres, metresBetween, minutes, time, when } from "/static/format.js";
import { circleMap } from "/static/map.js";
import { label, now, t } from "/static/page.js";

// How long the hold lasts is the territory's to say: the ring is whole when this page first sees it.
let whole = 0;

/**
 * After a change that the reader did not make, what they look at stays where it is: slots that went are greyed, new ones
 * come last. After a change of the form, the new list replaces the old one.
 */
export function merge(before, fresh, live) {
  if (!live || !before.length) return fresh;
  const still = new Map(fresh.map((option) => [option.slot_id, option]));
  const kept = before.map((option) => still.get(option.slot_id) ?? { ...option, taken: true });
  const known = new Set(before.map((option) => option.slot_id));
  const free = kept.filter((option) => !option.taken).length;
  return [...kept, ...fresh.filter((option) => !known.has(option.slot_id)).slice(0, Math.max(0, 5 - free))];
}

/** How they would meet in a slot: the first way that the patient accepts and the slot offers. */
export const modeOf = (slot, context) => context.modes().find((mode) => slot.modes.includes(mode)) ?? slot.modes[0];

function journey(option, slot, context) {
  const mode = modeOf(slot, context);
  if (mode === "HH") return t("referral.options.at_home_in", { minutes: minutes(option.cost.travel_s) });
  if (mode === "VR") return t("referral.options.by_video");
  const from = context.commune();
  const to = context.place(slot.place_id);
  const length = minutes(option.cost.travel_s);
  return from && to ? t("referral.options.journey", { km: kilometres(metresBetween(from, to) * Number(byId("options").dataset.detour)), minutes: length }) : t("referral.options.minutes", { minutes: length });
}

export function drawOptions(page, request, context, hold) {
  const held = request && ["held", "confirmed"].includes(request.state) ? request.slot_id : null;
  const known = page.options.filter((option) => context.slot(option.slot_id) || option.taken);
  keep(byId("options"), known, {
    key: (option) => option.slot_id,
    version: (option) => JSON.stringify([page.options.indexOf(option), option.taken, option.tags, held, page.pending, context.modes(), context.slot(option.slot_id)?.version, option.cost]),
    draw: (option) => h("li", {}, card(option, page.options.indexOf(option) + 1, { held, pending: page.pending }, context, hold)),
  });
  const free = known.filter((option) => !option.taken).length;
  byId("to-answers").hidden = free === 0 || Boolean(held);
  byId("to-answers").textContent = t("referral.options.see", { n: free });
  drawMap(known, context);
}

function card(option, rank, { held, pending }, context, hold) {
  const slot = context.slot(option.slot_id);
  if (!slot) return h("button", { type: "button", class: "option", disabled: true }, h("kbd", {}, rank), state("bad", label("blocker", "taken")));
  const place = placeOf(slot);
  const mine = held === option.slot_id;
  const taken = option.taken && !mine;
  const coming = pending === option.slot_id;
  const mode = modeOf(slot, context);
  const who = nameOf(slot.practitioner_id);
  const spoken = t("referral.options.hold", { when: `${dayName(slot.starts_at)} ${time(slot.starts_at)}`, who, place: place?.name ?? "" });
  return h("button", { type: "button", class: "option", "aria-label": `${rank}. ${spoken}`, "data-focus": option.slot_id, "aria-busy": String(coming), disabled: taken, onclick: () => hold(option) },
    h("kbd", { "aria-hidden": "true" }, rank),
    h("span", { class: "figure" }, time(slot.starts_at), day(slot.starts_at) === day() ? "" : h("span", { class: "quiet-text" }, dayName(slot.starts_at))),
    h("span", { class: "what" }, who, h("br"), h("span", { class: "quiet-text" }, [professionOf(slot.practitioner_id), place?.name].filter(Boolean).join(" · "))),
    h("span", { class: "journey" }, h("span", { class: "number small" }, journey(option, slot, context)), h("span", { class: "state" }, icon(mode), label("mode", mode))),
    h("span", { class: "tags" },
      taken ? state("bad", label("blocker", "taken")) : null,
      mine ? state("wait", t("referral.options.yours")) : null,
      coming ? state("wait", t("referral.held.pending")) : null,
      taken || mine || coming ? null : option.tags.map((tag) => h("span", { class: "state free" }, label("tag", tag)))));
}

let map = null;

/** The options by the numbers of the list; without any, no map: it would show nothing to choose from. */
async function drawMap(options, context) {
  const shown = options.map((option, index) => ({ option, rank: index + 1, slot: context.slot(option.slot_id) }))
    .filter(({ slot, option }) => slot && !option.taken && slot.modes.includes("AMB") && context.place(slot.place_id));
  const element = byId("map");
  const circles = numbered(shown, context);
  element.hidden = circles.length === 0;
  if (element.hidden) return;
  map ??= circleMap(element);
  const drawn = await map;
  drawn.resize();
  const from = context.commune();
  if (from) circles.push({ lat: from.lat, lon: from.lon, radius: 6, colour: "--ink", opacity: .9, caption: from.name, label: from.name });
  drawn.draw(circles);
}

function numbered(shown, context) {
  const byPlace = Map.groupBy ? Map.groupBy(shown, ({ slot }) => slot.place_id) : group(shown);
  return [...byPlace].map(([id, here]) => {
    const { lat, lon } = context.place(id);
    const ranks = here.map(({ rank }) => rank);
    // From the map to the list, where the same number says everything and is held by Enter.
    const onclick = () => byId("options").querySelector(`[data-focus="${CSS.escape(here[0].option.slot_id)}"]`)?.focus();
    const name = t("referral.map_place", { ranks: ranks.join(", "), place: placeOf(here[0].slot)?.name ?? "" });
    return { lat, lon, radius: 14, colour: "--accent", opacity: .15, text: ranks.join(" "), name, label: name, onclick };
  });
}

function group(shown) {
  const found = new Map();
  for (const each of shown) found.set(each.slot.place_id, [...(found.get(each.slot.place_id) ?? []), each]);
  return found;
}

/** The slot held for this request, with the time left. */
export function drawHeld(request, context, { confirm, release, own }) {
  const box = byId("held");
  if (request?.state !== "held" || !request.held_until) {
    box.hidden = true;
    box.replaceChildren();
    delete box.dataset.request;
    return;
  }
  const left = countdown(request.held_until);
  const stamp = `${request.id} ${request.version} ${context.slot(request.slot_id)?.version ?? ""}`;
  if (box.dataset.request !== stamp) {
    box.dataset.request = stamp;
    box.hidden = false;
    whole = Math.max(1, Date.parse(request.held_until) - now());
    const slot = context.slot(request.slot_id);
    const moment = slot ? when(slot.starts_at) : "";
    box.replaceChildren(ring(), h("div", {},
      h("p", { class: "quiet-text" }, t("referral.held.title")),
      h("p", {}, h("span", { class: "time" }, moment), slot ? ` · ${nameOf(slot.practitioner_id)}` : ""),
      h("p", { class: "quiet-text" }, [request.mode ? label("mode", request.mode) : "", request.mode === "HH" || !slot ? "" : placeOf(slot)?.name].filter(Boolean).join(" · ")),
      h("p", { class: "unseen", role: "timer" }, t("referral.held.left", { left }))),
    h("div", { class: "row" },
      h("button", { type: "button", class: "primary", onclick: confirm }, t("referral.held.confirm", { when: moment }), " ", h("kbd", { "aria-hidden": "true" }, "↵")),
      h("button", { type: "button", class: "quiet", onclick: release }, t("referral.held.release"), " ", h("kbd", { "aria-hidden": "true" }, "Esc"))));
    // What one did not press for takes no key, and nothing takes a field from who is typing in it.
    if (own && !document.activeElement?.closest("input, textarea, select, dialog")) box.querySelector(".primary").focus();
  }
  const share = Math.max(0, Math.min(1, (Date.parse(request.held_until) - now()) / whole));
  box.querySelector(".left").setAttribute("stroke-dasharray", `${share * 100} 100`);
  box.querySelector("text").textContent = left;
}

function ring() {
  const svg = (tag, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  const box = svg("svg", { class: "ring", viewBox: "0 0 72 72", "aria-hidden": "true" });
  box.append(svg("circle", { cx: 36, cy: 36, r: 31 }), svg("circle", { class: "left", cx: 36, cy: 36, r: 31, pathLength: 100 }), svg("text", { x: 36, y: 36 }));
  return box;
}

/** When nothing fits: why, in one sentence, and the buttons that would serve, each done by one click. */
export function drawNothing(page, busy, context, { relax, board, askOneMore }) {
  const box = byId("nothing");
  box.hidden = !page.answer || page.options.some((option) => !option.taken) || busy;
  if (box.hidden) return box.replaceChildren();
  const why = Object.entries(page.answer.blockers ?? {}).sort(([, one], [, other]) => other - one).slice(0, 3)
    .map(([code, n]) => t("referral.nothing.why_one", { n, why: label("blocker", code) })).join(", ");
  const { askable, relaxations, deadline_at: deadline } = page.answer;
  const buttons = relaxations.map((change) => relaxButton(change, context, relax)).filter(Boolean);
  // Drawn again, the same buttons keep the focus.
  const stamp = JSON.stringify([why, askable, deadline, buttons.map((each) => each.textContent)]);
  if (box.dataset.stamp === stamp && box.firstChild) return undefined;
  box.dataset.stamp = stamp;
  return box.replaceChildren(h("div", { class: "card nothing" },
    h("p", {}, h("strong", {}, t("referral.nothing.title"))),
    why ? h("p", { class: "quiet-text" }, t("referral.nothing.why", { why })) : null,
    buttons,
    askable ? h("button", { type: "button", onclick: askOneMore }, t("referral.nothing.one_more", { n: askable })) : null,
    h("button", { type: "button", class: "primary", onclick: board }, t("referral.nothing.board", { when: when(deadline) }))));
}

const FARTHEST_MINUTES = 240;

function relaxButton(change, context, relax) {
  const slot = context.slot(change.slot_id);
  const to = slot ? "_to" : "";
  const moment = slot ? t("relaxation.with", { when: when(slot.starts_at), who: nameOf(slot.practitioner_id) }) : "";
  const farther = Math.ceil(change.amount / 60);
  const kinds = {
    travel: () => [t(`relaxation.travel${to}`, { amount: farther, when: moment }), { minutes: Number(byId("form").elements.travel.value) + farther }],
    tele: () => [t(`relaxation.tele${to}`, { when: moment }), { video: true }],
    later: () => [t(`relaxation.later${to}`, { amount: Math.max(1, Math.ceil(change.amount / 3600)), when: moment }),
      { deadline_at: slot ? slot.ends_at : new Date(now() + change.amount * 1000).toISOString() }],
  };
  if (!kinds[change.kind]) return null;
  const [words, effect] = kinds[change.kind]();
  if (effect.minutes > FARTHEST_MINUTES) return null;
  return h("button", { type: "button", onclick: () => relax({ ...effect, slot_id: change.slot_id }) }, words);
}
