// Times, distances and counts as people say them. By the territory's clocks, wherever the browser stands.

import { config, now, t } from "/static/page.js";

const zone = { timeZone: config.zone };
const locale = config.language === "fr" ? "fr-FR" : "en-GB";
const clock = new Intl.DateTimeFormat(locale, { ...zone, hour: "numeric", minute: "2-digit", hourCycle: "h23" });
const dayKey = new Intl.DateTimeFormat("en-CA", { ...zone, year: "numeric", month: "2-digit", day: "2-digit" });
const longDay = new Intl.DateTimeFormat(locale, { ...zone, weekday: "long", day: "numeric", month: "long" });
const count = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
const DAY = 86_400_000;

const ms = (instant) => (typeof instant === "number" ? instant : Date.parse(instant));

/** "14:15" */
export const time = (instant) => clock.format(ms(instant)).replace(/^0(\d)/, "$1");

/** "2026-11-21", the day there: a key, never shown. */
export const day = (instant = now()) => dayKey.format(ms(instant));

/** "aujourd'hui", "demain", "hier" or "jeudi 21 novembre" */
export function dayName(instant) {
  const key = day(instant);
  if (key === day()) return t("time.today");
  if (key === day(now() + DAY)) return t("time.tomorrow");
  if (key === day(now() - DAY)) return t("time.yesterday");
  return longDay.format(ms(instant));
}

export const fullDay = (instant) => longDay.format(ms(instant));

/** "14:15" today, "demain 9:00" else */
export const when = (instant) => (day(instant) === day() ? time(instant) : `${dayName(instant)} ${time(instant)}`);

/** "aujourd'hui 14:15", always with its day */
export const whenFull = (instant) => `${dayName(instant)} ${time(instant)}`;

/** "12 min", "3 h 05", "2 j" */
export function span(length) {
  const minutes = Math.max(0, Math.round(length / 60_000));
  if (minutes < 60) return t("time.minutes", { m: minutes });
  if (minutes < 2880) return t("time.hours", { h: Math.floor(minutes / 60), m: String(minutes % 60).padStart(2, "0") });
  return t("time.days", { n: Math.floor(minutes / 1440) });
}

export const age = (instant) => span(now() - ms(instant));
export const inTime = (instant) => t("time.in", { span: span(ms(instant) - now()) });

/** "2:45" of what is left */
export function countdown(instant) {
  const seconds = Math.max(0, Math.floor((ms(instant) - now()) / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

export const number = (value) => count.format(value);
const hundredths = new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
export const ratio = (value) => hundredths.format(value);
export const kilometres = (metres) => t("common.km", { n: count.format(metres / 1000) });
export const minutes = (seconds) => t("time.minutes", { m: Math.max(1, Math.round(seconds / 60)) });

const wall = new Intl.DateTimeFormat("en-CA", {
  ...zone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});

/** What the clocks there show at an instant, as if it were UTC. */
function shown(instant) {
  const parts = Object.fromEntries(wall.formatToParts(instant).map(({ type, value }) => [type, value]));
  return Date.parse(`${parts.year}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}:${parts.second}Z`);
}

/** The instant of "HH:MM" on a day key, as the clocks there show it; of an hour skipped in spring, as much later. */
export function instantOf(key, clockText) {
  const [hour, minute] = clockText.split(":").map(Number);
  const wanted = Date.parse(`${key}T${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}:00Z`);
  // Two offsets can be meant around a change of clocks: the one before it, unless it shows another time.
  const before = wanted - (shown(wanted - DAY) - (wanted - DAY));
  const after = wanted - (shown(wanted + DAY) - (wanted + DAY));
  return shown(before) !== wanted && shown(after) === wanted ? after : before;
}

const EARTH_M = 6_371_008.8;

/** How far two points are from each other, in metres as the crow flies. */
export function metresBetween(one, other) {
  const rad = Math.PI / 180;
  const a = Math.sin(((other.lat - one.lat) * rad) / 2) ** 2
    + Math.cos(one.lat * rad) * Math.cos(other.lat * rad) * Math.sin(((other.lon - one.lon) * rad) / 2) ** 2;
  return 2 * EARTH_M * Math.asin(Math.sqrt(a));
}
