// What comes back every week, absences, and the agenda that practitioners already keep elsewhere.

import { call, get, post } from "/static/api.js";
import { byId, h } from "/static/dom.js";
import { day, instantOf, whenFull } from "/static/format.js";
import { attemptIn } from "/static/form.js";
import { ask, attempt, toast } from "/static/shell.js";
import { config, label, now, t } from "/static/page.js";

const DAY = 86_400_000;
const SOON = 2000;
const MONDAY = Date.UTC(2026, 0, 5, 12);
const weekday = new Intl.DateTimeFormat(config.language === "fr" ? "fr-FR" : "en-GB", { weekday: "short", timeZone: "UTC" });
const dayWord = (number) => weekday.format(MONDAY + (number - 1) * DAY);
let bound = null;

export function wireWeek(page) {
  bound?.abort();
  bound = new AbortController();
  const { signal } = bound;
  const on = (id, event, run) => byId(id).addEventListener(event, (happened) => {
    happened.preventDefault();
    attemptIn(byId(id), run);
  }, { signal });
  const [week, away, agenda] = [byId("week-form"), byId("away-form"), byId("agenda-form")];
  byId("week-place").replaceChildren(...page.places.map((place) => new Option(place.name, place.id)));
  byId("week-days").replaceChildren(...[1, 2, 3, 4, 5, 6, 7].map((number) => h("label", { class: "chip" },
    h("input", { type: "checkbox", name: "weekday", value: number }), h("span", {}, dayWord(number)))));
  away.elements.first.value = day();
  away.elements.last.value = day();

  week.elements.first_day.value = day();
  on("week-form", "submit", () => declare(page, week));
  byId("week-stop").addEventListener("click", () => edit(week, null), { signal });
  edit(week, null);
  away.elements.part.addEventListener("change", () => showPart(away), { signal });
  showPart(away);
  on("away-form", "submit", () => beAway(page, away));
  on("agenda-form", "submit", async () => {
    await call("availability", "PUT", `/practitioners/${page.practitioner}/agenda`, { url: agenda.elements.url.value });
    agenda.reset();
    toast(t("week.followed"));
    return drawAgenda(page);
  });
  on("agenda-offer", "click", async () => {
    const { url } = await post("availability", `/practitioners/${page.practitioner}/agenda/address`);
    byId("agenda-url").hidden = false;
    byId("agenda-url").value = url;
    byId("agenda-url").select();
  });
  attempt(() => draw(page));
  attempt(() => drawAgenda(page));
}

let edited = null;

/** Fill the form with an opening to change it, or with nothing to declare another. */
function edit(form, opening) {
  edited = opening;
  byId("week-submit").textContent = t(opening ? "week.change" : "week.declare");
  byId("week-stop").hidden = !opening;
  if (!opening) return;
  const values = { weekday: opening.weekdays.map(String), mode: opening.modes, type: opening.types };
  for (const [name, chosen] of Object.entries(values)) for (const box of form.querySelectorAll(`[name="${name}"]`)) box.checked = chosen.includes(box.value);
  form.elements.from.value = opening.from_time.slice(0, 5);
  form.elements.to.value = opening.to_time.slice(0, 5);
  form.elements.minutes.value = opening.minutes;
  form.elements.place.value = opening.place_id;
  form.elements.first_day.value = opening.first_day > day() ? opening.first_day : day();
  form.elements.last_day.value = opening.last_day ?? "";
  form.elements.from.focus();
}

async function declare(page, form) {
  const chosen = (name) => [...form.querySelectorAll(`[name="${name}"]:checked`)].map((box) => box.value);
  const weekdays = chosen("weekday").map(Number);
  if (!weekdays.length) return toast(t("week.choose_day"));
  if (!chosen("mode").length || !chosen("type").length) return toast(t("slots.choose_one"));
  const first = await firstDay(form.elements.first_day.value, weekdays, form.elements.to.value);
  if (!first) return undefined;
  // What the form does not show of an opening stays as it is.
  const kept = edited ? Object.fromEntries(["capacity", "audience", "acts", "min_age", "max_age", "appointment", "on_public_holidays", "give_back_minutes"].map((name) => [name, edited[name]])) : {};
  const body = {
    ...kept, practitioner_id: page.practitioner, place_id: form.elements.place.value, weekdays,
    from_time: form.elements.from.value, to_time: form.elements.to.value, minutes: Number(form.elements.minutes.value),
    modes: chosen("mode"), types: chosen("type"), first_day: first, last_day: form.elements.last_day.value || null,
  };
  if (edited) {
    if (!await unlessBooked(`/openings/${edited.id}/changes`, body)) return undefined;
  } else await post("availability", "/openings", body);
  toast(t(edited ? "week.changed" : "week.declared"));
  edit(form, null);
  return draw(page);
}

/** From today only when that is meant: slots of the next minutes would be on offer at once. */
async function firstDay(wanted, weekdays, closes) {
  const [today, tomorrow] = [day(), day(instantOf(day(), "12:00") + DAY)];
  if (wanted > today) return wanted;
  const weekdayOf = new Date(`${today}T12:00:00Z`).getUTCDay() || 7;
  if (!edited && (!weekdays.includes(weekdayOf) || instantOf(today, closes) <= now())) return tomorrow;
  const answer = await ask(t("week.today_title"), h("p", {}, t("week.today_text")), [
    { value: tomorrow, text: t("week.from_tomorrow"), kind: "primary" }, { value: today, text: t("week.from_today") }, { value: "", text: t("common.back"), kind: "quiet" },
  ]);
  return answer?.chosen;
}

/** Which agenda is followed, when it was read, what is wrong with it, and how to stop. */
async function drawAgenda(page) {
  const path = `/practitioners/${page.practitioner}/agenda`;
  const box = byId("agenda-state");
  const { agenda_followed } = await get("availability", `/practitioners/${page.practitioner}/settings`);
  const found = agenda_followed ? await get("availability", path) : null;
  box.hidden = !found;
  if (!found) return;
  const said = [t("week.agenda_host", { host: found.host }), found.read_at ? t("week.agenda_read", { when: whenFull(found.read_at) }) : t("week.agenda_unread"),
    found.left_out ? t("week.agenda_left_out", { n: found.left_out }) : null, found.error || null];
  if (!found.read_at && !found.error) setTimeout(() => attempt(() => drawAgenda(page)), SOON);
  box.querySelector("p").textContent = said.filter(Boolean).join(" · ");
  box.querySelector("button").onclick = () => attempt(async () => {
    await call("availability", "DELETE", path);
    toast(t("week.unfollowed"));
    await drawAgenda(page);
    await draw(page);
  });
}

const NOON = "13:00";

/** Several days have a last one, half a day has none, some hours have a beginning and an end. */
function showPart(form) {
  for (const part of form.querySelectorAll("[data-part]")) part.hidden = part.dataset.part !== form.elements.part.value;
}

async function beAway(page, form) {
  const { first, last, part, from, to } = Object.fromEntries(new FormData(form));
  const next = (key) => instantOf(day(instantOf(key, "12:00") + DAY), "0:00");
  const [starts, ends] = {
    days: () => [instantOf(first, "0:00"), next(last)], morning: () => [instantOf(first, "0:00"), instantOf(first, NOON)],
    afternoon: () => [instantOf(first, NOON), next(first)], hours: () => [instantOf(first, from), instantOf(first, to)],
  }[part]();
  const body = { practitioner_id: page.practitioner, starts_at: new Date(Math.max(now(), starts)).toISOString(), ends_at: new Date(ends).toISOString() };
  if (!await unlessBooked("/absences", body)) return;
  toast(t("week.away_done"));
  await draw(page);
}

/** What the service answers; null when patients are booked and nobody says what becomes of them. */
async function unlessBooked(path, body) {
  try {
    return await post("availability", path, body);
  } catch (error) {
    if (error.code !== "slot_booked") throw error;
    const answer = await ask(t("week.away_booked"), h("p", {}, t("week.away_booked_text")), [
      { value: "cancel", text: t("week.away_cancel"), kind: "grave" }, { value: "keep", text: t("week.away_keep") }, { value: "", text: t("common.back"), kind: "quiet" },
    ]);
    return answer ? post("availability", path, { ...body, booked: answer.chosen }) : null;
  }
}

const date = (key) => key.split("-").reverse().join("/");

/** When, how, and from and until which day where that is not always. */
const sentence = (each) => [
  t("week.line", { days: each.weekdays.map(dayWord).join(", "), from: each.from_time.slice(0, 5), to: each.to_time.slice(0, 5), minutes: each.minutes }),
  each.modes.map((mode) => label("mode", mode)).join(", "), each.types.map((type) => label("slot_type", type)).join(", "),
  each.first_day > day() ? t("week.since", { day: date(each.first_day) }) : "", each.last_day ? t("week.until", { day: date(each.last_day) }) : "",
].filter(Boolean).join(" · ");

async function stop(opening) {
  const answer = await ask(t("week.end_title"), h("p", {}, t("week.end_text")), [
    { value: "yes", text: t("week.end"), kind: "grave" }, { value: "", text: t("common.back"), kind: "quiet" },
  ]);
  if (answer) await call("availability", "DELETE", `/openings/${opening.id}?booked=keep`);
}

async function draw(page) {
  const of = `practitioner_id=${page.practitioner}`;
  const [openings, absences] = await Promise.all([get("availability", `/openings?${of}`), get("availability", `/absences?${of}`)]);
  page.absences = absences;
  const line = (text, end, change = null) => h("li", { class: "spread" }, h("span", {}, text), change && h("button", { type: "button", class: "quiet", onclick: change }, t("week.edit")), h("button", { type: "button", class: "quiet", onclick: () => attempt(async () => {
    await end();
    await draw(page);
  }) }, t("week.end")));
  byId("openings").replaceChildren(...openings.filter((each) => !each.last_day || each.last_day >= day()).map((each) => line(
    sentence(each), () => stop(each), () => edit(byId("week-form"), each))));
  byId("absences").replaceChildren(...absences.filter((each) => !each.from_agenda && Date.parse(each.ends_at) > now()).map((each) => line(
    t("week.away_line", { from: whenFull(each.starts_at), to: whenFull(each.ends_at) }),
    () => call("availability", "DELETE", `/absences/${each.id}`))));
}
