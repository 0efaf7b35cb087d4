// A patient's link, without an account: the secret stays behind the #, the year of birth in this page, and both go only
// into the bodies of requests.

import { post } from "/static/api.js";
import { byId, h } from "/static/dom.js";
import { config, label, t } from "/static/page.js";
import { asCalendar } from "/static/matching/patient/calendar.js";

const secret = location.hash.slice(1);
const form = byId("year-form");
let year = 0;

const say = (text) => {
  byId("said").hidden = !text;
  byId("said").textContent = text;
};
const when = (instant, zone, options) => new Intl.DateTimeFormat(config.language === "fr" ? "fr-FR" : "en-GB", { timeZone: zone, ...options }).format(new Date(instant));
const hour = (instant, zone) => when(instant, zone, { hour: "numeric", minute: "2-digit", hourCycle: "h23" });
const button = (text, onclick, kind = "") => h("button", { type: "button", class: kind, onclick }, text);
const line = (word, ...what) => (what.some(Boolean) ? h("div", {}, h("dt", {}, t(word)), h("dd", {}, ...what)) : null);

async function attempt(work) {
  const buttons = [...byId("entrance").querySelectorAll("button")];
  buttons.forEach((each) => { each.disabled = true; });
  try {
    await work();
  } catch (error) {
    say(error.code === "link_closed" ? t("patient.closed") : error.message);
  } finally {
    buttons.forEach((each) => { each.disabled = false; });
  }
}

const act = (body) => attempt(async () => {
  draw(await post("matching", "/patient/act", { secret, year, ...body }));
  say(body.act === "stop" ? t("patient.stopped") : "");
});

function draw(view) {
  form.hidden = true;
  byId("shown").hidden = false;
  const parts = { appointment, waiting, found: () => [h("p", {}, t("patient.found"))], over: () => [h("p", {}, t("patient.over"))] };
  byId("shown").replaceChildren(...parts[view.stands](view), button(t("patient.stop"), () => act({ act: "stop" }), "quiet"));
  byId("shown").querySelector("h2, p")?.setAttribute("tabindex", "-1");
  byId("shown").querySelector("[tabindex]")?.focus();
}

function appointment(view) {
  const { meeting, zone } = view;
  const place = view.mode === "HH" ? t("patient.at_home") : view.mode === "VR" ? t("patient.by_video") : null;
  const map = meeting?.lat && !place ? `geo:${meeting.lat},${meeting.lon}?q=${meeting.lat},${meeting.lon}` : null;
  return [
    h("h2", {}, h("span", { class: "time" }, hour(view.starts_at, zone)), `, ${when(view.starts_at, zone, { weekday: "long", day: "numeric", month: "long" })}`),
    h("dl", {},
      line("patient.who", meeting?.practitioner, meeting?.profession ? ` · ${label("profession", meeting.profession)}` : null),
      place ? line("patient.where", place) : line("patient.where", meeting?.place, h("br"), meeting?.address),
      place ? null : line("patient.access", meeting?.access_note),
      line("patient.phone", meeting?.call ? h("a", { href: meeting.call }, meeting.phone) : meeting?.phone),
      line("patient.bring", t("patient.bring_what"))),
    meeting?.wheelchair && !place ? h("p", { class: "quiet-text" }, t("patient.wheelchair")) : null,
    h("div", { class: "row" },
      map ? h("a", { class: "button", href: map }, t("patient.map")) : null,
      h("a", { class: "button", download: "rendez-vous.ics", href: asCalendar(view, t("patient.calendar_title")) }, t("patient.calendar"))),
    view.confirmed_at ? h("p", {}, t("patient.confirmed")) : null,
    view.confirms ? h("p", {}, t("patient.confirm_hint")) : null,
    view.confirms ? button(t("patient.confirm"), () => act({ act: "confirm" }), "primary") : null,
    view.late_minutes ? h("p", {}, t("patient.late_said", { n: view.late_minutes })) : null,
    h("details", {}, h("summary", {}, t("patient.late")),
      h("div", { class: "row" }, ...[5, 10, 15, 30].map((n) => button(t("patient.late_minutes", { n }), () => act({ act: "late", minutes: n }))))),
    h("details", { id: "cancel" }, h("summary", {}, t("patient.cancel")), h("p", {}, t("patient.cancel_why")),
      h("div", { class: "stack" }, ...["better", "elsewhere", "cannot", "other"].map((why) => button(t(`patient.reason.patient_${why}`), () => act({ act: "cancel", reason: `patient_${why}` }))),
        button(t("patient.keep"), () => { byId("cancel").open = false; }, "quiet"))),
  ].filter(Boolean);
}

function waiting(view) {
  const soon = (instant) => when(instant, view.zone, { weekday: "long", hour: "numeric", minute: "2-digit", hourCycle: "h23" });
  return [
    h("h2", {}, t("patient.waiting")),
    h("p", {}, t("patient.waiting_until", { time: soon(view.search_until) })),
    view.next_step_at ? h("p", {}, t("patient.waiting_next", { time: soon(view.next_step_at) })) : null,
    h("p", {}, t("patient.waiting_do")),
    h("details", {}, h("summary", {}, t("patient.i_found")), button(t("patient.i_found_sure"), () => act({ act: "found" }))),
    h("details", { id: "worse", ontoggle: () => { if (byId("worse").open) act({ act: "worse" }).then(() => openWorse()); } }, h("summary", {}, t("patient.worse"))),
  ].filter(Boolean);
}

/** What to do stays in sight; nothing of ours is advice. */
function openWorse() {
  byId("worse")?.replaceWith(h("div", { class: "problem stack", role: "alert" }, h("p", {}, t("patient.worse_do")),
    h("a", { class: "button primary", href: "tel:15" }, t("patient.call_15")), h("a", { class: "button", href: "sms:114" }, t("patient.call_114"))));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  year = Number(form.elements.year.value);
  if (!(year >= 1900 && year <= 2200)) return say(t("patient.closed"));
  return attempt(async () => {
    draw(await post("matching", "/patient/link", { secret, year }));
    say("");
  });
});
byId("stop").addEventListener("click", () => attempt(async () => {
  await post("matching", "/patient/stop", { secret });
  say(t("patient.stopped"));
}));
byId("language").addEventListener("click", () => attempt(async () => {
  await fetch(`/langue/${byId("language").lang}?suite=/patient`, { redirect: "manual" });
  location.reload();
}));
if (!secret) {
  form.hidden = true;
  say(t("patient.no_link"));
}
