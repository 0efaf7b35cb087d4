// « Orienter un patient »: a request in the order people speak, the best slots beside it, one key to hold, one to confirm.

import { get, post } from "/static/api.js";
import { plain } from "/static/combobox.js";
import { byId, h } from "/static/dom.js";
import { loadDirectory, nameOf } from "/static/people/directory.js";
import { openPatient } from "/static/people/patient.js";
import { announce, attempt, fail, follow, keys, toast } from "/static/shell.js";
import { config, t } from "/static/page.js";
import { bodyOf, checkForm, fillFrom } from "/static/matching/desk/ask.js";
import { deskOf } from "/static/matching/desk/desk.js";
import { findMotive, loadMotives, motiveField, motiveLabel } from "/static/matching/desk/motive.js";
import { drawHeld, drawNothing, drawOptions, merge } from "/static/matching/desk/options.js";
import { drawElsewhere } from "/static/matching/desk/elsewhere.js";
import { drawCalls, drawMine } from "/static/matching/desk/mine.js";
import { placeField } from "/static/matching/desk/place.js";
import { drawQuestions } from "/static/matching/desk/questions.js";
import { showTicket } from "/static/matching/desk/ticket.js";

const form = byId("form");
// `sent`: the body of the request as it was made; `adopted`: it was made in another tab, or before this page was loaded.
// `turn` counts patients; `pending`: what was pressed and is not answered; `own`: the hold pressed for here; `left`: what this
// page let go; `refused`: slots and practitioners this patient does not want; `after`: a slot was let go, or lapsed.
const BLANK = { requestId: null, own: null, adopted: false, sent: "", options: [], answer: null, unreached: false, deadlineAt: undefined, earliestAt: undefined, refused: [], after: null, lastState: undefined };
const page = { ...BLANK, ringing: () => motive.ringing(), refused: [], commune: null, motive: null, turn: 0, pending: null, releasing: null, left: new Set(), confirmed: new Set(), ticketFor: null };
let asking = null;

const availability = follow("availability", (events) => {
  if (events === null) byId("territory").textContent = availability.state.cpts?.[config.cpts]?.name ?? "";
  if (events === null || events.some((event) => event.collection === "slots")) refreshSoon(400, { live: true });
  drawMyRequests();
});
const matching = follow("matching", () => {
  resume();
  drawRequest();
  drawMyRequests();
});
const context = {
  slot: (id) => availability.state.slots?.[id],
  place: (id) => availability.state.places?.[id],
  motive: motiveLabel,
  asks: (requestId) => Object.values(matching.state.overbooking_asks ?? {}).filter((each) => each.request_id === requestId),
  commune: () => page.commune,
  modes: () => [form.elements.move.value === "none" ? "HH" : "AMB", ...(form.elements.video.checked ? ["VR"] : [])],
  act: (verb, request) => attempt(() => actions[verb](request)),
};

const mine = () => Object.values(matching.state.requests ?? {}).filter((each) => each.asked_by === config.account);
const current = () => matching.state.requests?.[page.requestId];
const busy = () => ["held", "confirmed"].includes(current()?.state);
function drawMyRequests() {
  drawCalls(mine(), context);
  drawMine(mine(), context);
}

const place = placeField(byId("place"), byId("place-note"), (option) => {
  page.commune = option?.value ?? null;
  if (option) byId("motive").focus();
  anew();
});

const motive = motiveField(byId("motive"), {
  age: () => (/^\d+$/.test(form.elements.age.value.trim()) ? Number(form.elements.age.value) : null),
  onAlarm: anew,
  onChoose: (option) => {
    page.motive = option?.value ?? null;
    if (option) {
      form.elements.urgency.value = option.value.urgency;
      // The slots come next, and their numbers; P, then 1 to 4, changes how soon.
      if (!motive.ringing()) byId("options-title").focus({ preventScroll: true });
    }
    anew();
  },
});

/** Somewhere else, or something else: what was found for the words before leaves at once. */
function anew() {
  if (busy()) return;
  asking?.abort();
  Object.assign(page, { options: [], answer: null });
  drawAll();
  changed();
}

function changed() {
  if (!busy()) refreshSoon(60);
}

let timer;
function refreshSoon(delay, how = {}) {
  clearTimeout(timer);
  if (!page.commune || !page.motive || page.ringing() || busy()) return drawAll();
  timer = setTimeout(() => refresh(how).catch((error) => {
    // Asked again as soon as the server is back.
    if (error.code === "unreachable") page.unreached = true;
    fail(error);
    drawAll();
  }), delay);
}

async function refresh({ live = false } = {}) {
  clearTimeout(timer);
  const { body, faults } = bodyOf(form, page);
  if (faults.length || !body) return;
  const { turn } = page;
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  // What is on the board already must not compete with itself.
  page.unreached = false;
  const answer = standing(body) ? await get("matching", `/requests/${page.requestId}/options`, { signal })
    : await post("matching", "/options", { ...body, patient: undefined }, { signal });
  if (page.turn !== turn || busy()) return;
  const before = page.options;
  page.answer = answer;
  page.options = merge(before, answer.options.slice(0, 5), live);
  drawAll();
  if (page.turn !== turn) return;
  if (!live) announce(t("referral.options.count", { n: page.options.length }));
  else if (page.options.length !== before.length) announce(t("referral.options.new"));
}

/** Whether the form still describes the request that was made from it. */
const standing = (body) => Boolean(current()) && page.sent === JSON.stringify({ ...body, patient: undefined });

const { hold, confirm, release, next, refuse, relax, board, askOneMore, keepNewest } = deskOf({
  form, page, live: matching,
  screen: { current, busy, standing, context, draw: drawAll, drawRequest, refresh, refreshSoon, reset },
});

function drawAll() {
  const held = current();
  drawOptions(page, held, context, hold);
  drawElsewhere(page);
  drawQuestions(page);
  drawNothing(page, busy(), context, { relax, board, askOneMore });
  const waiting = byId("waiting");
  waiting.hidden = Boolean(page.answer || busy());
  const asked = page.ringing() ? "ringing" : page.unreached ? "unreached" : page.commune && page.motive ? "asking" : "waiting";
  if (waiting.dataset.said !== asked) Object.assign(waiting.dataset, { said: asked });
  waiting.textContent = t(`referral.options.${asked}`);
  drawAfter();
}

/** What becomes of a request whose slot was let go or lapsed: asked in the page, over nothing, taking no key. */
function drawAfter() {
  const box = byId("after");
  const stamp = page.after && !busy() ? page.after.kind + page.after.slot_id : "";
  box.hidden = !stamp;
  if (box.dataset.stamp === stamp) return;
  box.dataset.stamp = stamp;
  if (!stamp) return void box.replaceChildren();
  const button = (word, onclick, kind = "") => h("button", { type: "button", class: kind, onclick }, t(`referral.after.${word}`));
  box.replaceChildren(
    h("p", {}, h("strong", {}, t(`referral.after.${page.after.kind}`))),
    h("p", { class: "quiet-text" }, t("referral.after.ask")),
    h("div", { class: "row" }, button("slot", () => refuse("slot")), button("practitioner", () => refuse("practitioner")), button("day", () => refuse("day")),
      button("board", board), button("leave", next, "quiet")));
}

function drawRequest() {
  let request = current();
  if (page.adopted && request?.state !== "held") {
    // It ended where it was made: that tab shows the ticket, or what came of it.
    Object.assign(page, { requestId: null, adopted: false, lastState: undefined });
    request = undefined;
  }
  byId("fields").disabled = busy();
  byId("more-fields").disabled = busy();
  if (request && page.lastState === "held" && !busy()) {
    toast(t("referral.held.lapsed"));
    page.after = { kind: "lapsed", slot_id: page.heldSlot?.slot_id, practitioner_id: page.heldSlot?.practitioner_id };
    refreshSoon(60);
  }
  page.lastState = request?.state;
  if (request?.state === "held") page.heldSlot = request;
  if (request?.state === "confirmed" && page.ticketFor !== request.id) {
    page.ticketFor = request.id;
    const pressed = page.confirmed.has(request.id) && performance.now() >= page.pressedAt && touchedAt <= page.pressedAt;
    showTicket(request, context, next, { expected: pressed });
  }
  drawHeld(request, context, { confirm, release, own: page.own === request?.id });
  drawAll();
}

/** A hold that this person took before reloading the page, or in another tab, is theirs to confirm; not over a form being filled. */
function resume() {
  if (page.requestId || page.pending || page.releasing || [...form.querySelectorAll("input:not([type=radio]):not([type=checkbox]), textarea")].some((each) => each.value)) return;
  const held = mine().find((each) => each.state === "held" && !page.left.has(each.id));
  if (held) Object.assign(page, { requestId: held.id, adopted: true, own: null });
}

// When the reader last did something: what comes after it may be meant for something else.
let touchedAt = 0;
for (const event of ["keydown", "pointerdown"]) addEventListener(event, () => { touchedAt = performance.now(); }, { capture: true });

/** The form is empty, for somebody else. */
function reset() {
  clearTimeout(timer);
  asking?.abort();
  Object.assign(page, { ...BLANK, refused: [], turn: page.turn + 1, heldSlot: null });
  form.reset();
  form.querySelector(".more").open = false;
  place.clear();
  motive.clear();
  page.commune = null;
  page.motive = null;
  byId("fields").disabled = false;
  byId("more-fields").disabled = false;
  checkForm(form, []);
  drawRequest();
  byId("place").focus();
  scrollTo({ top: 0 });
}

const actions = {
  // An old ticket is only looked at: nothing in it touches the form.
  ticket: async (request) => showTicket(request, context, null),
  board: async (request) => {
    keepNewest(await post("matching", `/requests/${request.id}/board`));
    toast(t("referral.mine.boarded"));
    drawMyRequests();
  },
  resume: async (request) => {
    if (page.requestId || page.pending || byId("place").value || byId("motive").value) return void toast(t("referral.held.elsewhere"));
    Object.assign(page, { requestId: request.id, adopted: true, own: request.id });
    drawRequest();
    byId("held").querySelector("button")?.focus();
  },
  call: (request) => openPatient("matching", `/requests/${request.id}/patient`, t("referral.calls.call_title")),
  told: async (request) => {
    keepNewest(await post("matching", `/requests/${request.id}/told`));
    drawMyRequests();
  },
  cancel: async ({ request, reason }) => {
    await post("matching", `/requests/${request.id}/cancellation`, { reason });
    toast(t("referral.mine.cancelled"));
    page.left.add(request.id);
    if (request.id === page.requestId) reset();
  },
};

form.addEventListener("input", (event) => {
  if (!["place", "motive"].includes(event.target.id)) changed();
});
form.addEventListener("submit", (event) => event.preventDefault());
const choose = (event) => {
  const option = page.options[Number(event.key) - 1];
  if (option) hold(option);
};
keys({
  "/": ["referral.key.search", () => byId("place").focus()],
  n: ["referral.key.new", next],
  1: ["referral.key.hold", choose],
  2: ["referral.key.hold", choose],
  3: ["referral.key.hold", choose],
  4: ["referral.key.hold", choose],
  5: ["referral.key.hold", choose],
  6: ["referral.key.hold", choose],
  7: ["referral.key.hold", choose],
  8: ["referral.key.hold", choose],
  9: ["referral.key.hold", choose],
  p: ["referral.key.urgency", () => form.querySelector('[name="urgency"]:checked').focus()],
  // Only what was pressed for here: a hold that came by itself is confirmed by its own button.
  Enter: ["referral.key.confirm", () => current()?.state === "held" && page.own === page.requestId && confirm()],
  Escape: ["referral.key.back", () => current()?.state === "held" && release()],
});
byId("another").addEventListener("click", next);
byId("urgencies").addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const chosen = /^[1-4]$/.test(event.key) && form.querySelector(`[name="urgency"][value="${event.key}"]`);
  if (chosen) {
    event.preventDefault();
    chosen.checked = true;
    chosen.focus();
    changed();
  }
  if (event.key === "Enter") {
    event.preventDefault();
    byId("options-title").focus({ preventScroll: true });
  }
});
addEventListener("live-again", () => changed());
setInterval(() => drawHeld(current(), context, { confirm, release, own: page.own === page.requestId }), 1000);
setInterval(drawMyRequests, 20_000);

await attempt(async () => {
  const [people] = await Promise.all([loadDirectory(), loadMotives()]);
  form.elements.habitual.append(...people.map((each) => new Option(nameOf(each.id), each.id)));
  await fillFrom(location, { form, place, motive, findMotive, people, plain });
  drawMyRequests();
  drawAll();
});
