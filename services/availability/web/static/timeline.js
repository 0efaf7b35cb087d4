// One row per slot: time, state in words, how, who comes, and what can be done about it.

import { call, get, post } from "/static/api.js";
import { chooser, h, icon, keep, state } from "/static/dom.js";
import { day, time } from "/static/format.js";
import { openPatient } from "/static/people/patient.js";
import { ask, attempt, toast } from "/static/shell.js";
import { config, label, now, t } from "/static/page.js";
import { unlessAway } from "/static/availability/away.js";
import { askedAt, askedBy, isOwn, who } from "/static/availability/comers.js";

const KIND = { held: "wait", confirmed: "done", honoured: "done", no_show: "bad" };
const REREAD = 5000;
const PERSONAL = new Set(["visibility", "window", "profession", "act", "age", "mode", "distance", "wheelchair", "party", "forbidden"]);
const MORE = ["habitual", "urgent", "asked"];

const HOUR = 3_600_000;
// What was marked here stays where it is until the day is opened again: nothing leaves from under a finger.
const stay = new Set();
const cores = new Map();
let shownDay = null;
let unfolded = false;

export function drawTimeline(list, slots, context, key) {
  if (shownDay !== key) {
    shownDay = key;
    unfolded = false;
    stay.clear();
  }
  const core = (slot) => [slot.version, slot.taken, slot.held, slot.overbooked, slot.status, past(slot), started(slot), slot.give_back_at,
    slot.bookings.map((booking) => booking.id + booking.state).join()].join("|");
  const version = (slot) => core(slot) + JSON.stringify(slot.bookings.map(context.sayOf));
  const fresh = keep(list, lines(slots, key), {
    key: (line) => line.id,
    version: (line) => line.stamp ?? version(line),
    draw: (line) => line.draw?.(() => drawTimeline(list, slots, context, key)) ?? row(line, context),
  });
  const changed = new Set(slots.filter((slot) => cores.get(slot.id) !== core(slot)).map((slot) => slot.id));
  for (const { element, added } of fresh) if (!added && changed.has(element.dataset.slot)) element.classList.add("flash");
  for (const slot of slots) cores.set(slot.id, core(slot));
}

/** The rows of a day; of today, what is over is one line, and another says where we are. */
function lines(slots, key) {
  if (key !== day()) return slots;
  const over = slots.filter((slot) => past(slot) && !stay.has(slot.id) && !(toMark(slot) && Date.parse(slot.ends_at) > now() - HOUR));
  const rest = unfolded || over.length < 2 ? slots : slots.filter((slot) => !over.includes(slot));
  const before = rest.filter(started);
  return [...(over.length < 2 ? [] : [fold(over)]), ...before, nowLine(), ...rest.slice(before.length)];
}

const toMark = (slot) => slot.bookings.some((booking) => booking.state === "confirmed");

function fold(over) {
  const unmarked = over.filter(toMark).length;
  const words = [t("slots.over", { n: over.length }), unmarked ? t("slots.over_unmarked", { n: unmarked }) : ""].filter(Boolean).join(", ");
  return { id: "over", stamp: words + unfolded, draw: (again) => h("li", { class: "over" }, h("button", {
    type: "button", class: "quiet", "data-focus": "over", "aria-expanded": String(unfolded), onclick: () => {
      unfolded = !unfolded;
      again();
    },
  }, words)) };
}

const nowLine = () => ({ id: "now", stamp: time(now()), draw: () => h("li", { class: "now" }, t("slots.now", { time: time(now()) })) });

const past = (slot) => Date.parse(slot.ends_at) <= now();
const started = (slot) => Date.parse(slot.starts_at) <= now();

export function summary(slot) {
  if (slot.status === "withdrawn") return state("bad", t("slots.withdrawn"));
  if (slot.status !== "published") return state("wait", t("slots.given_back"));
  if (slot.capacity > 1) return state(slot.taken < slot.capacity ? "free" : "done", t("slots.places", slot));
  if (slot.held) return state("wait", t("slots.held"));
  return slot.taken ? state("done", t("slots.full")) : state("free", t("slots.free"));
}

const modeChip = (mode) => h("span", { class: "state" }, icon(mode), label("mode", mode));
/** At the practice, as nearly always, goes without saying. */
const unusual = (modes) => modes.length > 1 || modes[0] !== "AMB";

function row(slot, context) {
  const gone = slot.status !== "published";
  const comers = slot.bookings.filter((booking) => booking.state !== "held");
  const said = comers.length && slot.capacity === 1 && slot.taken && !gone;
  return h("li", { class: `slot ${gone ? "gone" : ""} ${past(slot) ? "past" : ""}`, "data-slot": slot.id },
    h("span", { class: "figure" }, time(slot.starts_at)),
    h("div", { class: "what" },
      said ? null : h("span", { class: "row" }, summary(slot), unusual(slot.modes) ? slot.modes.map(modeChip) : null,
        reopenable(slot) ? h("button", { type: "button", class: "quiet", "data-focus": `reopen${slot.id}`, onclick: () => attempt(() => reopen(slot)) }, t("slots.reopen")) : null),
      comers.map((booking) => comer(slot, booking, context))),
    menu(slot, context));
}

const reopenable = (slot) => ["given_back", "withdrawn"].includes(slot.status) && !started(slot) && !slot.taken;

/** The same slot, on offer again; over an absence only when that is meant. */
async function reopen(slot) {
  if (!await unlessAway(`/slots/${slot.id}/reopening`)) return;
  toast(t("slots.reopened", { time: time(slot.starts_at) }));
}

function menu(slot, context) {
  const action = (word, run) => h("button", { type: "button", onclick: (event) => {
    event.target.closest("details").open = false;
    attempt(run);
  } }, t(word));
  const open = slot.status === "published" && !past(slot);
  return h("details", { class: "menu", name: "menu" },
    h("summary", { "aria-label": t("slots.menu", { time: time(slot.starts_at) }) }, "⋯"),
    h("div", {},
      open && !started(slot) && slot.taken < slot.capacity ? action("slots.own_enter", () => enterOwn(slot)) : null,
      open && slot.taken ? action("slots.more", () => takeMore(slot)) : null,
      open && slot.give_back_at ? action("slots.keep", () => call("availability", "PATCH", `/slots/${slot.id}`, { give_back_minutes: 0 })) : null,
      action("slots.why", () => why(slot, context)),
      open ? action("slots.withdraw", () => withdraw(slot, context)) : null));
}

function comer(slot, booking, context) {
  const said = context.sayOf(booking);
  const known = said.known;
  const buttons = [h("button", { type: "button", class: "quiet", "data-focus": `see${booking.id}`, onclick: () => attempt(() => see(slot, booking)) }, t("slots.open_patient"))];
  if (booking.state === "confirmed" || booking.state === "no_show") if (started(slot)) buttons.push(mark(slot, booking, "honoured"));
  if (booking.state === "confirmed" || booking.state === "honoured") if (started(slot)) buttons.push(mark(slot, booking, "no_show"));
  if (booking.state === "confirmed" && !started(slot)) buttons.push(h("button", { type: "button", class: "quiet", onclick: () => attempt(() => cancel(slot, booking)) }, t("slots.cancel")));
  return h("div", { class: `comer ${said.urgency ? `bar-p${said.urgency}` : ""}` },
    h("span", { class: "person" },
      said.urgency ? h("span", { class: `urgency p${said.urgency}` }, `P${said.urgency}`) : null,
      known ? h("strong", { class: "who" }, who(known)) : null,
      h("span", { class: known ? "" : "who", title: said.motive }, said.motive),
      isOwn(booking) ? h("span", { class: "state" }, t("slots.own")) : null,
      said.patient ? h("span", { class: "state" }, said.patient) : null,
      said.mode && (said.mode !== "AMB" || unusual(slot.modes)) ? modeChip(said.mode) : null,
      booking.state === "confirmed" ? null : state(KIND[booking.state], label("booking_state", booking.state)),
      booking.overbooked ? state("wait", t("slots.overbooked")) : null),
    known?.commune ? h("span", { class: "from" }, h("span", {}, known.commune), h("span", {}, askedAt(known)),
      h("span", { title: askedBy(known) }, askedBy(known)), known.asked_by_phone ? h("a", { href: `tel:${known.asked_by_phone.replace(/[^+\d]/g, "")}` }, known.asked_by_phone) : null) : null,
    h("span", { class: "acts" }, buttons));
}

const PATHS = { honoured: "honoured", no_show: "no-show" };
const mark = (slot, booking, outcome) => h("button", { type: "button", "data-focus": outcome + booking.id, onclick: () => attempt(async () => {
  stay.add(slot.id);
  await post("availability", `/bookings/${booking.id}/${PATHS[outcome]}`);
  toast(t("slots.marked", { state: label("booking_state", outcome) }));
}) }, t(`slots.${outcome}`));

const see = (slot, booking) => openPatient("availability", `/bookings/${booking.id}/patient`, t("slots.patient_title", { time: time(slot.starts_at) }));

const REASONS = ["hindered", "patient_asked", "elsewhere", "mistake"];

/** Why, and whether somebody else may have the place: nothing is chosen beforehand. */
async function cancel(slot, booking) {
  const reason = chooser("reason", REASONS.map((code) => [t(`slots.cancel_reasons.${code}`), t(`slots.cancel_reasons.${code}`)]));
  const answer = await ask(t("slots.cancel_title"), h("div", { class: "stack" }, h("p", {}, t(isOwn(booking) ? "slots.cancel_own" : "slots.cancel_text")),
    h("label", { class: "field" }, t("slots.cancel_why"), reason)), [
    { value: "close", text: t("slots.cancel_close"), kind: "grave" }, { value: "open", text: t("slots.cancel_open") }, { value: "", text: t("common.back"), kind: "quiet" },
  ]);
  if (!answer) return;
  await post("availability", `/bookings/${booking.id}/cancellation`, { reason: answer.values.reason, close_slot: answer.chosen === "close" });
  toast(t(answer.chosen === "close" ? "slots.cancelled_closed" : "slots.cancelled", { time: time(slot.starts_at) }));
}

/** A patient of the practitioner's own: the place is theirs at once, and offered to nobody else. */
async function enterOwn(slot) {
  const field = (name, attributes) => h("label", { class: "field" }, t(`slots.own_${name}`), h("input", { name, autocomplete: "off", ...attributes }));
  const answer = await ask(t("slots.own_title", { time: time(slot.starts_at) }), h("div", { class: "stack" },
    field("name", { required: true, maxlength: 120 }), field("phone", { type: "tel", inputmode: "tel", maxlength: 60 }),
    field("birth_date", { maxlength: 10, placeholder: "14/07/1951" }), h("p", { class: "hint" }, t("slots.own_hint"))),
  [{ value: "yes", text: t("slots.own_do"), kind: "primary" }, { value: "", text: t("common.cancel"), kind: "quiet" }]);
  if (!answer) return;
  const { name, phone, birth_date: birth } = answer.values;
  await post("availability", `/slots/${slot.id}/own-patients`, { patient: { name, phone, birth_date: birth || null } });
  toast(t("slots.more_done", { time: time(slot.starts_at) }));
}

async function takeMore(slot) {
  const moment = time(slot.starts_at);
  const answer = await ask(t("slots.more_title", { time: moment }), h("label", { class: "field" }, t("slots.more_reason"),
    chooser("reason", MORE.map((code) => [t(`slots.more_reasons.${code}`), t(`slots.more_reasons.${code}`)]))),
  [{ value: "yes", text: t("slots.more"), kind: "primary" }, { value: "", text: t("common.cancel"), kind: "quiet" }]);
  if (!answer) return;
  await post("availability", `/slots/${slot.id}/overbookings`, { reason: answer.values.reason });
  toast(t("slots.more_done", { time: moment }));
}

/** An empty slot goes at once and can be published again; one with a patient asks first. */
async function withdraw(slot, context) {
  const busy = slot.taken + slot.overbooked > 0;
  const body = { reason: t("slots.withdraw_reason") };
  if (busy) {
    const answer = await ask(t("slots.withdraw_booked_title"), h("p", {}, t("slots.withdraw_booked_text")), [
      { value: "yes", text: t("slots.withdraw_booked_do"), kind: "grave" }, { value: "", text: t("common.back"), kind: "quiet" },
    ]);
    if (!answer) return;
    body.booked = "cancel";
  }
  await call("availability", "POST", `/slots/${slot.id}/withdrawal`, body);
  toast(t("slots.withdrawn_done", { time: time(slot.starts_at) }), busy ? {} : { undo: () => attempt(() => reopen(slot)) });
}

/** Rule by rule, as the engine judges, for all who wait and whoever would ask now; kept true while it is read. */
async function why(slot, context) {
  const box = h("div", { class: "stack" });
  const read = async () => {
    const found = await get("matching", `/slots/${slot.id}/why?cpts=${config.cpts}`, { quiet: true });
    const proposed = found.rules.every((rule) => rule.ok);
    box.replaceChildren(
      h("p", {}, found.waiting ? t("why.suits", { n: found.suits, total: found.waiting }) : t("why.nobody")),
      h("ul", { class: "rules" }, found.rules.map((rule) => h("li", {}, state(rule.ok ? "done" : "bad", t(rule.ok ? "why.ok" : "why.no")), h("span", {}, sentence(rule, found, context))))),
      proposed ? h("p", {}, t("why.all")) : "");
  };
  await read();
  let again;
  let open = true;
  const later = () => {
    again = setTimeout(async () => {
      await attempt(read);
      if (open) later();
    }, REREAD);
  };
  later();
  await ask(t("why.title", { time: time(slot.starts_at) }), box, [{ value: "", text: t("common.close"), kind: "primary" }]);
  open = false;
  clearTimeout(again);
}

/** What the rule says of this slot; where it keeps somebody away, how many and the one thing to change. */
function sentence(rule, found, context) {
  if (rule.ok) return t(`why.${rule.rule}.yes`);
  const whom = rule.askers.map((role) => label("role", role)).join(", ");
  const wanted = label("mode", rule.wanted) === rule.wanted ? context.motive(rule.wanted) : label("mode", rule.wanted);
  const kept = rule.blocked && PERSONAL.has(rule.rule) ? ` ${t("why.kept", { n: rule.blocked, total: found.waiting })}` : "";
  const named = wanted || (rule.rule === "visibility" && whom);
  return t(`why.${rule.rule}.${named ? "fix_with" : "fix"}`, { whom, wanted }) + kept;
}
