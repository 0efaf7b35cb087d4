// « Orienter un patient »: a request in the order people speak, the best slots beside it, one key to hold, one to confirm.

import { get, post } from "/static/api.js";
import { byId } from "/static/dom.js";
import { loadDirectory, nameOf } from "/static/directory.js";
import { openPatient } from "/static/patient.js";
import { announce, attempt, fail, follow, keys, toast } from "/static/shell.js";
import { config, t } from "/static/page.js";
import { bodyOf, fillFrom } from "/static/matching/ask.js";
import { deskOf } from "/static/matching/desk.js";
import { findMotive, loadMotives, motiveField, motiveLabel, plain } from "/static/matching/motive.js";
import { drawHeld, drawNothing, drawOptions, merge } from "/static/matching/options.js";
import { drawElsewhere } from "/static/matching/elsewhere.js";
import { drawCalls, drawMine } from "/static/matching/mine.js";
import { placeField } from "/static/matching/place.js";
import { showTicket } from "/static/matching/ticket.js";

const form = byId("form");
// `sent`: the body of the request as it was made; `adopted`: it was made in another tab, or before this page was loaded.
const page = { commune: null, motive: null, options: [], answer: null, requestId: null, sent: "", adopted: false, ticketFor: null };
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
  changed();
});

const motive = motiveField(byId("motive"), (option) => {
  page.motive = option?.value ?? null;
  if (option) {
    form.elements.urgency.value = option.value.urgency;
    form.querySelector('[name="urgency"]:checked').focus();
  }
  changed();
});

function changed() {
  if (!busy()) refreshSoon(60);
}

let timer;
function refreshSoon(delay, how = {}) {
  clearTimeout(timer);
  if (!page.commune || !page.motive || busy()) return drawAll();
  timer = setTimeout(() => refresh(how).catch(fail), delay);
}

async function refresh({ live = false } = {}) {
  clearTimeout(timer);
  const { body, faults } = bodyOf(form, page);
  if (faults.length || !body) return;
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  // What is on the board already must not compete with itself.
  const answer = standing(body) ? await get("matching", `/requests/${page.requestId}/options`, { signal })
    : await post("matching", "/options", { ...body, patient: undefined }, { signal });
  const before = page.options;
  page.answer = answer;
  page.options = merge(before, answer.options.slice(0, 5), live);
  drawAll();
  if (!live) announce(t("referral.options.count", { n: page.options.length }));
  else if (page.options.length !== before.length) announce(t("referral.options.new"));
}

/** Whether the form still describes the request that was made from it. */
const standing = (body) => Boolean(current()) && page.sent === JSON.stringify({ ...body, patient: undefined });

const { hold, confirm, release, relax, board, askOneMore, keepNewest } = deskOf({
  form, page, live: matching,
  screen: { current, busy, standing, slotOf: context.slot, draw: drawAll, drawRequest, refresh, refreshSoon, next },
});

function drawAll() {
  const held = current();
  drawOptions(page, held, context, hold);
  drawElsewhere(page);
  drawNothing(page, busy(), context, { relax, board, askOneMore });
  byId("waiting").hidden = Boolean(page.answer || busy());
}

function drawRequest() {
  let request = current();
  if (page.adopted && request?.state !== "held") {
    // It ended where it was made: that tab shows the ticket, or what came of it.
    Object.assign(page, { requestId: null, adopted: false, lastState: undefined });
    request = undefined;
  }
  byId("fields").disabled = busy();
  if (request && page.lastState === "held" && !busy() && !page.releasing) {
    toast(t("referral.held.lapsed"));
    refreshSoon(60);
  }
  page.lastState = request?.state;
  if (request?.state === "confirmed" && page.ticketFor !== request.id) {
    page.ticketFor = request.id;
    showTicket(request, context, next);
  }
  drawHeld(request, context, { confirm, release });
  drawAll();
}

/** A hold that this person took before reloading the page, or in another tab, is theirs to confirm; not over a form being filled. */
function resume() {
  if (page.requestId || page.busy || byId("place").value || byId("motive").value) return;
  const held = mine().find((each) => each.state === "held");
  if (held) Object.assign(page, { requestId: held.id, adopted: true });
}

function next() {
  Object.assign(page, { requestId: null, adopted: false, sent: "", options: [], answer: null, deadlineAt: undefined, lastState: undefined });
  form.reset();
  place.clear();
  motive.clear();
  page.commune = null;
  page.motive = null;
  byId("fields").disabled = false;
  drawRequest();
  byId("place").focus();
  scrollTo({ top: 0 });
}

const actions = {
  ticket: async (request) => showTicket(request, context, next),
  resume: async (request) => {
    Object.assign(page, { requestId: request.id, adopted: false, sent: "" });
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
    if (request.id === page.requestId) next();
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
  Enter: ["referral.key.confirm", () => current()?.state === "held" && confirm()],
  Escape: ["referral.key.back", () => current()?.state === "held" && release()],
});
setInterval(() => drawHeld(current(), context, { confirm, release }), 1000);
setInterval(drawMyRequests, 20_000);

await attempt(async () => {
  const [people] = await Promise.all([loadDirectory(), loadMotives()]);
  form.elements.habitual.append(...people.map((each) => new Option(nameOf(each.id), each.id)));
  await fillFrom(location, { form, place, motive, findMotive, people, plain });
  drawMyRequests();
  drawAll();
});
