// What comes back every week, absences, and the agenda that practitioners already keep elsewhere.

import { call, get, post } from "/static/api.js";
import { byId, h } from "/static/dom.js";
import { day, instantOf, whenFull } from "/static/format.js";
import { attemptIn } from "/static/form.js";
import { ask, attempt, toast } from "/static/shell.js";
import { config, now, t } from "/static/page.js";

const DAY = 86_400_000;
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

  on("week-form", "submit", async () => {
    const weekdays = [...week.querySelectorAll('[name="weekday"]:checked')].map((box) => Number(box.value));
    if (!weekdays.length) return toast(t("week.choose_day"));
    const first = await firstDay(weekdays, week.elements.to.value);
    if (!first) return undefined;
    await post("availability", "/openings", {
      practitioner_id: page.practitioner, place_id: week.elements.place.value, weekdays,
      from_time: week.elements.from.value, to_time: week.elements.to.value, minutes: Number(week.elements.minutes.value),
      types: ["CPTS", "SNP", "PRO"], first_day: first,
    });
    toast(t("week.declared"));
    return draw(page);
  });
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

/** From today only when that is meant: slots of the next minutes would be on offer at once. */
async function firstDay(weekdays, closes) {
  const [today, tomorrow] = [day(), day(instantOf(day(), "12:00") + DAY)];
  const weekdayOf = new Date(`${today}T12:00:00Z`).getUTCDay() || 7;
  if (!weekdays.includes(weekdayOf) || instantOf(today, closes) <= now()) return tomorrow;
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
  box.querySelector("p").textContent = said.filter(Boolean).join(" · ");
  box.querySelector("button").onclick = () => attempt(async () => {
    await call("availability", "DELETE", path);
    toast(t("week.unfollowed"));
    await drawAgenda(page);
    await draw(page);
  });
}

async function beAway(page, form) {
  const body = {
    practitioner_id: page.practitioner,
    starts_at: new Date(Math.max(now(), instantOf(form.elements.first.value, "0:00"))).toISOString(),
    ends_at: new Date(instantOf(day(instantOf(form.elements.last.value, "12:00") + DAY), "0:00")).toISOString(),
  };
  try {
    await post("availability", "/absences", body);
  } catch (error) {
    if (error.code !== "slot_booked") throw error;
    const answer = await ask(t("week.away_booked"), h("p", {}, t("week.away_booked_text")), [
      { value: "cancel", text: t("week.away_cancel"), kind: "grave" }, { value: "keep", text: t("week.away_keep") }, { value: "", text: t("common.back"), kind: "quiet" },
    ]);
    if (!answer) return;
    await post("availability", "/absences", { ...body, booked: answer.chosen });
  }
  toast(t("week.away_done"));
  await draw(page);
}

async function draw(page) {
  const of = `practitioner_id=${page.practitioner}`;
  const [openings, absences] = await Promise.all([get("availability", `/openings?${of}`), get("availability", `/absences?${of}`)]);
  page.absences = absences;
  const line = (text, end) => h("li", { class: "spread" }, h("span", {}, text), h("button", { type: "button", class: "quiet", onclick: () => attempt(async () => {
    await end();
    await draw(page);
  }) }, t("week.end")));
  byId("openings").replaceChildren(...openings.filter((each) => !each.last_day || each.last_day >= day()).map((each) => line(
    t("week.line", { days: each.weekdays.map(dayWord).join(", "), from: each.from_time.slice(0, 5), to: each.to_time.slice(0, 5), minutes: each.minutes }),
    () => call("availability", "DELETE", `/openings/${each.id}?booked=keep`))));
  byId("absences").replaceChildren(...absences.filter((each) => !each.from_agenda && Date.parse(each.ends_at) > now()).map((each) => line(
    t("week.away_line", { from: whenFull(each.starts_at), to: whenFull(each.ends_at) }),
    () => call("availability", "DELETE", `/absences/${each.id}`))));
}
