// What comes back every week, absences, and the agenda that practitioners already keep elsewhere.

import { call, get, post } from "/static/api.js";
import { byId, h } from "/static/dom.js";
import { day, parisInstant, whenFull } from "/static/format.js";
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
    await post("availability", "/openings", {
      practitioner_id: page.practitioner, place_id: week.elements.place.value, weekdays,
      from_time: week.elements.from.value, to_time: week.elements.to.value, minutes: Number(week.elements.minutes.value),
      types: ["CPTS", "SNP", "PRO"], first_day: day(),
    });
    toast(t("week.declared"));
    return draw(page);
  });
  on("away-form", "submit", () => beAway(page, away));
  on("agenda-form", "submit", async () => {
    await call("availability", "PUT", `/practitioners/${page.practitioner}/agenda`, { url: agenda.elements.url.value });
    agenda.reset();
    toast(t("week.followed"));
  });
  on("agenda-offer", "click", async () => {
    const { url } = await post("availability", `/practitioners/${page.practitioner}/agenda/address`);
    byId("agenda-url").hidden = false;
    byId("agenda-url").value = url;
    byId("agenda-url").select();
  });
  attempt(() => draw(page));
}

async function beAway(page, form) {
  const body = {
    practitioner_id: page.practitioner,
    starts_at: new Date(Math.max(now(), parisInstant(form.elements.first.value, "0:00"))).toISOString(),
    ends_at: new Date(parisInstant(day(parisInstant(form.elements.last.value, "12:00") + DAY), "0:00")).toISOString(),
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
  const line = (text, end) => h("li", { class: "spread" }, h("span", {}, text), h("button", { type: "button", class: "quiet", onclick: () => attempt(async () => {
    await end();
    await draw(page);
  }) }, t("week.end")));
  byId("openings").replaceChildren(...openings.filter((each) => !each.last_day || each.last_day >= day()).map((each) => line(
    t("week.line", { days: each.weekdays.map(dayWord).join(", "), from: each.from_time.slice(0, 5), to: each.to_time.slice(0, 5), minutes: each.minutes }),
    () => call("availability", "DELETE", `/openings/${each.id}?booked=keep`))));
  byId("absences").replaceChildren(...absences.filter((each) => Date.parse(each.ends_at) > now()).map((each) => line(
    t("week.away_line", { from: whenFull(each.starts_at), to: whenFull(each.ends_at) }),
    () => call("availability", "DELETE", `/absences/${each.id}`))));
}
