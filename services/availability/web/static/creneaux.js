// « Mes créneaux »: the day of one practitioner, live; publishing in three taps.

import { get, post } from "/static/api.js";
import { loadDirectory, nameOf } from "/static/directory.js";
import { byId, h } from "/static/dom.js";
import { day, dayName, fullDay, parisInstant, time } from "/static/format.js";
import { announce, attempt, follow, keys, tabs, toast } from "/static/shell.js";
import { config, now, t } from "/static/page.js";
import { fillMe, wireMe } from "/static/availability/me.js";
import { drawExtra } from "/static/availability/extra.js";
import { drawProposals } from "/static/availability/proposals.js";
import { wireSheet } from "/static/availability/sheet.js";
import { drawTimeline } from "/static/availability/timeline.js";
import { wireWeek } from "/static/availability/week.js";

const DAY = 86_400_000;
// The coordination acts for a practitioner who phones: whose is said in the address, and all along on the page.
const acting = config.role === "coordinator";
const page = { practitioner: acting ? new URLSearchParams(location.search).get("praticien") : config.practitioners[0], at: Number(sessionStorage.getItem("day")) || now(), places: [] };
if (page.at < now() - DAY) page.at = now();
let people = [];
let motives = new Map();

const availability = follow("availability", (events) => {
  if (events === null) byId("territory").textContent = availability.state.cpts?.[config.cpts]?.name ?? "";
  byId("loading").hidden = true;
  draw();
  announceTaken(events ?? []);
});
const matching = follow("matching", () => draw());

const slots = () => availability.state.slots ?? {};
export const context = {
  state: () => availability.state,
  motive: (code) => motives.get(code) ?? "",
  slotsOf: (key) => ofDay(key),
  redraw: () => draw(),
  motiveOf: (booking) => motives.get(matching.state.requests?.[booking.request_id]?.act) ?? "",
  modeOf: (booking) => matching.state.requests?.[booking.request_id]?.mode ?? "",
  urgencyOf: (booking) => matching.state.requests?.[booking.request_id]?.urgency,
  practitioner: () => availability.state.practitioners?.[page.practitioner],
  publish: (order) => publish(order),
};

const ofDay = (key) => Object.values(slots())
  .filter((slot) => slot.practitioner_id === page.practitioner && day(slot.starts_at) === key)
  .sort((one, other) => one.starts_at.localeCompare(other.starts_at));

function draw() {
  const key = day(page.at);
  const mine = ofDay(key);
  const shown = mine.filter((slot) => slot.status === "published" || slot.bookings.length);
  const relative = dayName(page.at);
  byId("day").replaceChildren(relative, ...(relative === fullDay(page.at) ? [] : [h("span", {}, fullDay(page.at))]));
  byId("truth").textContent = shown.length ? truth(shown) : "";
  const paused = Boolean(context.practitioner()?.paused);
  byId("paused").hidden = !paused;
  byId("paused").textContent = paused ? t("slots.paused") : "";
  drawTimeline(byId("timeline"), mine, context);
  byId("day-exports").hidden = mine.length === 0;
  linkExports();
  const empty = byId("empty");
  empty.hidden = shown.length > 0 || !availability.ready;
  if (!empty.hidden) empty.replaceChildren(h("p", {}, t("slots.empty", { day: relative })), h("p", {}, t("slots.empty_do")));
  fillMe(availability.state, page.practitioner);
  const waiting = drawExtra(matching.state.overbooking_asks, page, context) + drawProposals(matching.state.attachments, page.practitioner);
  byId("tab-asks").textContent = waiting ? t("asks.tab_count", { n: waiting }) : t("asks.tab");
  byId("asks-empty").hidden = waiting > 0;
}

/** The lists as files: of the practitioner and of the day looked at. */
function linkExports() {
  const [from, to] = [0, DAY].map((later) => new Date(parisInstant(day(parisInstant(day(page.at), "12:00") + later), "0:00")).toISOString());
  const query = new URLSearchParams({ cpts: config.cpts, practitioner_id: page.practitioner, from, to });
  for (const link of document.querySelectorAll(`a[data-list][href^="${config.api.availability}/"]`)) {
    link.href = `${config.api.availability}/exports/${link.dataset.list}.${link.dataset.kind}?${query}`;
  }
}

function truth(shown) {
  const sum = (count) => shown.reduce((total, slot) => total + count(slot), 0);
  const held = sum((slot) => slot.held);
  const taken = sum((slot) => slot.taken - slot.held + slot.overbooked);
  const open = shown.filter((slot) => slot.status === "published" && Date.parse(slot.starts_at) > now());
  const free = open.reduce((total, slot) => total + Math.max(0, slot.capacity - slot.taken), 0);
  const back = open.filter((slot) => slot.taken === 0 && slot.give_back_at).map((slot) => slot.give_back_at).sort()[0];
  return [
    t("slots.truth.total", { n: shown.length }), t("slots.truth.taken", { n: taken }),
    held ? t("slots.truth.held", { n: held }) : null, t("slots.truth.free", { n: free }),
    back ? t("slots.truth.back", { time: time(back) }) : null,
  ].filter(Boolean).join(" · ");
}

function announceTaken(events) {
  const taken = events.map((event) => event.value).find((slot) => slot?.practitioner_id === page.practitioner && slot.taken > 0);
  if (taken) announce(`${time(taken.starts_at)} ${taken.held ? t("slots.held") : t("slots.full")}`);
}

async function publish(order) {
  const body = { practitioner_id: page.practitioner, ...order };
  const { slots: made } = await post("availability", "/slots", body);
  page.at = Date.parse(made[0].starts_at);
  for (const slot of made) (availability.state.slots ??= {})[slot.id] ??= slot;
  draw();
  toast(t("slots.published", { n: made.length }));
}

/** Slots of the day before that follow one another become one order each. */
async function asYesterday() {
  const key = day(page.at);
  const from = new Date(parisInstant(day(page.at - DAY), "0:00")).toISOString();
  const to = new Date(parisInstant(key, "0:00")).toISOString();
  const query = new URLSearchParams({ cpts: config.cpts, from, to, past: true });
  const { slots: before } = await get("availability", `/slots?${query}`);
  const mine = before.filter((slot) => slot.practitioner_id === page.practitioner && slot.status !== "withdrawn");
  const orders = [];
  for (const slot of mine) {
    const starts = parisInstant(key, time(slot.starts_at));
    const minutes = Math.round((Date.parse(slot.ends_at) - Date.parse(slot.starts_at)) / 60_000);
    const { place_id, capacity, modes, types, acts, min_age, max_age } = slot;
    const offer = { place_id, minutes, capacity, modes, types, acts, min_age, max_age };
    const last = orders.at(-1);
    if (last && last.ends === starts && JSON.stringify(last.offer) === JSON.stringify(offer)) {
      last.count += 1;
      last.ends += minutes * 60_000;
    } else if (starts > now()) orders.push({ offer, starts, ends: starts + minutes * 60_000, count: 1 });
  }
  if (!orders.length) return toast(t("slots.as_yesterday_none"));
  let made = 0;
  for (const { offer, starts, count } of orders) {
    await publish({ ...offer, starts_at: new Date(starts).toISOString(), count });
    made += count;
  }
  return toast(t("slots.published", { n: made }));
}

function go(step) {
  page.at += step * DAY;
  sessionStorage.setItem("day", page.at);
  draw();
  announce(byId("day").textContent);
}

function choosePractitioner(id) {
  page.practitioner = id;
  page.places = people.find((each) => each.id === id)?.places ?? [];
  wireSheet({ page, publish, last: () => ofDay(day(page.at)).filter((slot) => slot.status === "published").at(-1) });
  if (!acting) wireMe(page);
  wireWeek(page);
  if (acting) byId("acting").textContent = id ? t("slots.acting", { who: nameOf(id) }) : t("slots.acting_choose");
  draw();
}

byId("before").addEventListener("click", () => go(-1));
byId("after").addEventListener("click", () => go(1));
byId("as-before").addEventListener("click", () => attempt(asYesterday));
byId("publish").addEventListener("click", () => byId("sheet").dispatchEvent(new Event("ask")));
keys({
  n: ["slots.key.publish", () => byId("publish").click()],
  ArrowLeft: ["slots.key.before", () => go(-1)],
  ArrowRight: ["slots.key.after", () => go(1)],
});
tabs(byId("tabs"));
setInterval(draw, 15_000);

await attempt(async () => {
  const [found, list] = await Promise.all([loadDirectory(), get("matching", "/motives")]);
  people = found;
  motives = new Map(list.map((each) => [each.code, each.label]));
  const whose = acting ? people.map((each) => each.id).sort((one, other) => nameOf(one).localeCompare(nameOf(other))) : config.practitioners;
  if (acting && !whose.includes(page.practitioner)) page.practitioner = whose[0];
  if (whose.length > 1) {
    byId("whose-field").hidden = false;
    byId("whose").replaceChildren(...whose.map((id) => new Option(nameOf(id), id)));
    byId("whose").value = page.practitioner;
    byId("whose").addEventListener("change", (event) => choosePractitioner(event.target.value));
  }
  choosePractitioner(page.practitioner);
});
