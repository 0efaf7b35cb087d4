// « Mes créneaux »: the day of one practitioner, live; publishing in three taps.

import { call, get, post } from "/static/api.js";
import { loadDirectory, nameOf } from "/static/people/directory.js";
import { byId, h } from "/static/dom.js";
import { day, dayName, fullDay, instantOf, time } from "/static/format.js";
import { announce, attempt, follow, keys, tabs, toast } from "/static/shell.js";
import { config, now, t } from "/static/page.js";
import { unlessAway } from "/static/availability/away.js";
import { comerOf, learnComers } from "/static/availability/comers.js";
import { fillMe, wireMe } from "/static/availability/me.js";
import { columnsOf, drawGrid } from "/static/availability/grid.js";
import { drawExtra } from "/static/availability/extra.js";
import { drawProposals } from "/static/availability/proposals.js";
import { drawSheet } from "/static/availability/paper.js";
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
  sayOf: (booking) => {
    const [request, known] = [matching.state.requests?.[booking.request_id], comerOf(booking)];
    return { known, motive: motives.get(request?.act ?? known?.act) ?? "", mode: request?.mode ?? "", patient: saidBy(request), urgency: request?.urgency ?? known?.urgency };
  },
  practitioner: () => availability.state.practitioners?.[page.practitioner],
  publish: (order) => publish(order),
};

/** What a patient said by their link: late by so much, or that they come. */
const saidBy = (request) => (request?.patient_late_minutes ? t("slots.late", { n: request.patient_late_minutes })
  : request?.patient_confirmed_at ? t("slots.coming") : "");

const ofDay = (key, id = page.practitioner) => Object.values(slots())
  .filter((slot) => slot.practitioner_id === id && day(slot.starts_at) === key)
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
  drawTimeline(byId("timeline"), withoutGhosts(mine), context, key);
  const beside = besides();
  learnComers([...mine, ...beside.flatMap((column) => ofDay(column.key, column.id))].flatMap((slot) => slot.bookings), draw);
  byId("grid").hidden = beside.length === 0;
  byId("timeline").hidden = beside.length > 0;
  drawGrid(byId("grid"), beside, { slotsOf: ofDay, open: openColumn });
  byId("pick-day").value = key;
  byId("today").hidden = key === day();
  drawKeep(shown);
  byId("day-exports").hidden = mine.length === 0;
  linkExports();
  const empty = byId("empty");
  empty.hidden = shown.length > 0 || !availability.ready;
  if (!empty.hidden) empty.replaceChildren(...away(key) ? [h("p", {}, t("slots.away_day"))]
    : [h("p", {}, t("slots.empty", { day: relative })), h("p", {}, t("slots.empty_do"))]);
  fillMe(availability.state, page.practitioner);
  const waiting = drawExtra(matching.state.overbooking_asks, page, context) + drawProposals(matching.state.attachments, page.practitioner);
  byId("tab-asks").textContent = waiting ? t("asks.tab_count", { n: waiting }) : t("asks.tab");
  byId("asks-empty").hidden = waiting > 0;
}

// A phone has one column: what was chosen on a desk waits for one.
const wide = matchMedia("(min-width: 960px)");

/** The columns shown instead of the rows of one day; none on a phone. */
function besides() {
  const view = byId("view").value;
  return view === "day" || !wide.matches ? [] : columnsOf(view, { at: page.at, practitioner: page.practitioner, all: acting ? [page.practitioner] : config.practitioners });
}

function openColumn({ key, id }) {
  byId("view").value = "day";
  if (id !== page.practitioner) {
    byId("whose").value = id;
    choosePractitioner(id);
  }
  goTo(instantOf(key, "12:00"));
  byId("pick-day").focus();
}

/** A withdrawn slot whose time is on offer again has nothing more to say; of two at one time, the last does. */
function withoutGhosts(mine) {
  const overlap = (one, other) => one.starts_at < other.ends_at && other.starts_at < one.ends_at;
  return mine.filter((slot) => slot.status !== "withdrawn" || slot.bookings.length
    || !mine.some((other) => other.id !== slot.id && overlap(slot, other) && (other.status !== "withdrawn" || other.id > slot.id)));
}

/** Whether an absence covers the working hours of a day. */
function away(key) {
  const [from, to] = [instantOf(key, "8:00"), instantOf(key, "19:00")];
  return (page.absences ?? []).some((each) => !each.from_agenda && Date.parse(each.starts_at) <= from && Date.parse(each.ends_at) >= to);
}

/** The slots that will go back before they begin, and one press that keeps them. */
function drawKeep(shown) {
  const going = shown.filter((slot) => slot.status === "published" && !slot.taken && slot.give_back_at && Date.parse(slot.give_back_at) > now());
  const button = byId("keep-all");
  button.hidden = going.length === 0;
  if (going.length) button.textContent = t("slots.keep_all", { n: going.length, time: time(going.map((slot) => slot.give_back_at).sort()[0]) });
  button.onclick = () => attempt(async () => {
    await Promise.all(going.map((slot) => call("availability", "PATCH", `/slots/${slot.id}`, { give_back_minutes: 0 })));
    toast(t("slots.kept"));
  });
}

/** The lists as files: of the practitioner and of the day looked at. */
function linkExports() {
  const [from, to] = [0, DAY].map((later) => new Date(instantOf(day(instantOf(day(page.at), "12:00") + later), "0:00")).toISOString());
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
  const answer = await unlessAway("/slots", body);
  if (!answer) return;
  const made = answer.slots;
  page.at = Date.parse(made[0].starts_at);
  for (const slot of made) (availability.state.slots ??= {})[slot.id] ??= slot;
  draw();
  toast(t("slots.published", { n: made.length }));
}

/** The slots of the last working day, again on this one; what cannot be published is said and stops nothing. */
async function asYesterday() {
  const found = await post("availability", "/slots/as-before", { practitioner_id: page.practitioner, day: day(page.at) });
  for (const slot of found.slots) (availability.state.slots ??= {})[slot.id] ??= slot;
  draw();
  if (!found.from_day) return toast(t("slots.as_yesterday_none"));
  const left = ["there", "away", "past", "not_there"].map((reason) => {
    const times = found.left_out.filter((each) => each.reason === reason).map((each) => time(each.starts_at));
    return times.length ? t(`slots.left_out.${reason}`, { times: times.join(", ") }) : null;
  });
  return toast([t("slots.published", { n: found.slots.length }), ...left.filter(Boolean)].join(" · "));
}

const go = (step) => goTo(page.at + step * DAY);

function goTo(at) {
  page.at = at;
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
byId("today").addEventListener("click", () => goTo(now()));
byId("pick-day").addEventListener("change", ({ target }) => target.value && goTo(instantOf(target.value, "12:00")));
byId("view").addEventListener("change", draw);
wide.addEventListener("change", draw);
byId("print-day").addEventListener("click", () => print());
addEventListener("beforeprint", () => {
  const name = nameOf(page.practitioner);
  drawSheet(byId("day-sheet"), ofDay(day(page.at)), { context, title: t("slots.sheet_title", { who: name, day: fullDay(page.at) }) });
});
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
