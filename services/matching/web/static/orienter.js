// « Orienter un patient »: a request in the order people speak, the best slots beside it, one key to hold, one to confirm.

import { get, post } from "/static/api.js";
import { combobox } from "/static/combobox.js";
import { byId } from "/static/dom.js";
import { loadDirectory, nameOf, placeOf } from "/static/directory.js";
import { when } from "/static/format.js";
import { announce, attempt, fail, follow, keys, toast } from "/static/shell.js";
import { config, t } from "/static/page.js";
import { bodyOf, checkForm, fillFrom } from "/static/matching/ask.js";
import { drawHeld, drawNothing, drawOptions, merge } from "/static/matching/options.js";
import { drawElsewhere } from "/static/matching/elsewhere.js";
import { drawCalls, drawMine } from "/static/matching/mine.js";
import { placeField } from "/static/matching/place.js";
import { showTicket } from "/static/matching/ticket.js";

const form = byId("form");
// `sent`: the body of the request as it was made; `adopted`: it was made in another tab, or before this page was loaded.
const page = { commune: null, motive: null, options: [], answer: null, requestId: null, sent: "", adopted: false, ticketFor: null };
let motives = [];
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
export const context = {
  slot: (id) => availability.state.slots?.[id],
  place: (id) => availability.state.places?.[id],
  motive: (code) => motives.find((each) => each.code === code)?.label ?? code,
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

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

const place = placeField(byId("place"), byId("place-note"), (option) => {
  page.commune = option?.value ?? null;
  if (option) byId("motive").focus();
  changed();
});

/** The motives whose words hold a text, those that begin with it first. */
function findMotives(text) {
  const typed = plain(text);
  const score = (each) => Math.min(...[each.label, ...each.synonyms].map((word) => plain(word).indexOf(typed)).map((at) => (at < 0 ? 99 : at)));
  return motives.map((each) => [score(each), each]).filter(([rank]) => rank < 99).sort(([one], [other]) => one - other)
    .slice(0, 8).map(([, each]) => ({ value: each, text: each.label, note: each.validated ? "" : t("referral.motive.to_validate") }));
}

function findMotive(text) {
  const known = motives.find((each) => each.code === text);
  return known ? { value: known, text: known.label } : findMotives(text)[0];
}

const motive = combobox(byId("motive"), {
  find: async (text) => findMotives(text),
  onChoose: (option) => {
    page.motive = option?.value ?? null;
    if (option) {
      form.elements.urgency.value = option.value.urgency;
      form.querySelector('[name="urgency"]:checked').focus();
    }
    changed();
  },
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

/** The request as the form says it, made now unless it stands; null when the form has faults. */
async function submit() {
  const { body, faults } = bodyOf(form, page);
  if (!checkForm(form, faults)) return null;
  if (standing(body)) return current();
  const before = current();
  const request = await post("matching", "/requests", body);
  page.sent = JSON.stringify({ ...body, patient: undefined });
  page.requestId = request.id;
  (matching.state.requests ??= {})[request.id] ??= request;
  if (before) await post("matching", `/requests/${before.id}/cancellation`, { reason: "mistake" });
  return matching.state.requests[request.id];
}

async function hold(option) {
  if (busy() || option.taken || page.busy) return;
  page.busy = true;
  await attempt(async () => {
    const request = await submit();
    if (request) await take(request, option);
  });
  page.busy = false;
  drawRequest();
}

async function take(request, option) {
  try {
    keepNewest(await post("matching", `/requests/${request.id}/hold`, { slot_id: option.slot_id }));
  } catch (error) {
    if (error.code === "request_moved") return retake(request, option);
    if (!["slot_unavailable", "not_found"].includes(error.code)) throw error;
    option.taken = true;
    const next = page.options.find((each) => !each.taken);
    toast(next ? t("referral.stale", { next: describe(next) }) : t("referral.stale_none"));
    drawAll();
    byId("options").querySelector("button:not(:disabled)")?.focus();
  }
}

/** The round was quicker: it holds a slot for this request already. Keep it if it is the one chosen, else change. */
async function retake(request, option) {
  const now = await get("matching", `/requests/${request.id}`);
  if (now.state !== "held") throw new Error(t("common.unknown_problem"));
  if (now.slot_id === option.slot_id) return;
  page.releasing = true;
  await post("matching", `/requests/${request.id}/release`);
  keepNewest(await post("matching", `/requests/${request.id}/hold`, { slot_id: option.slot_id }));
  page.releasing = false;
}

/** An answer may come before or after the stream tells the same. */
function keepNewest(request) {
  const known = matching.state.requests?.[request.id];
  if (!known || known.version < request.version) (matching.state.requests ??= {})[request.id] = request;
}

function describe(option) {
  const slot = context.slot(option.slot_id);
  return slot ? `${when(slot.starts_at)}, ${nameOf(slot.practitioner_id)}, ${placeOf(slot)?.name ?? ""}` : "";
}

const confirm = () => attempt(async () => {
  const { body } = bodyOf(form, page);
  page.adopted = false;
  keepNewest(await post("matching", `/requests/${page.requestId}/confirmation`, { patient: body?.patient ?? null }));
  drawRequest();
});

const release = () => attempt(async () => {
  page.releasing = true;
  keepNewest(await post("matching", `/requests/${page.requestId}/release`));
  toast(t("referral.held.released"));
  drawRequest();
  page.releasing = false;
  refreshSoon(60);
  byId("options").querySelector("button:not(:disabled)")?.focus();
});

/** One click: the form says what the patient now accepts, and the slot that this opens is held. */
const relax = (change) => attempt(async () => {
  if (change.minutes) {
    const select = form.elements.travel;
    if (![...select.options].some((each) => Number(each.value) === change.minutes)) select.append(new Option(`${change.minutes} min`, change.minutes));
    select.value = change.minutes;
  }
  if (change.video) form.elements.video.checked = true;
  if (change.deadline_at) page.deadlineAt = change.deadline_at;
  clearTimeout(timer);
  await refresh();
  if (change.slot_id) await hold(page.options.find((each) => each.slot_id === change.slot_id) ?? { slot_id: change.slot_id });
});

const board = () => attempt(async () => {
  if (!(await submit())) return;
  toast(t("referral.on_board"));
  next();
});

/** One click: the request is on the board, and the practitioners who suit best are asked for one more patient. */
const askOneMore = () => attempt(async () => {
  const request = await submit();
  if (!request) return;
  const { asks } = await post("matching", `/requests/${request.id}/overbooking-asks`);
  toast(t("referral.asked", { n: asks.length }));
  next();
});

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
  const [list, people] = await Promise.all([get("matching", "/motives"), loadDirectory()]);
  motives = list;
  form.elements.habitual.append(...people.map((each) => new Option(nameOf(each.id), each.id)));
  await fillFrom(location, { form, place, motive, findMotive, people, plain });
  drawMyRequests();
  drawAll();
});
