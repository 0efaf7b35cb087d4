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
import { drawMine } from "/static/matching/mine.js";
import { showTicket } from "/static/matching/ticket.js";

const form = byId("form");
const page = { commune: null, motive: null, options: [], answer: null, requestId: null, ticketFor: null };
let motives = [];
let asking = null;

const availability = follow("availability", (events) => {
  if (events === null) byId("territory").textContent = availability.state.cpts?.[config.cpts]?.name ?? "";
  if (events === null || events.some((event) => event.collection === "slots")) refreshSoon(400, { live: true });
  drawMine(mine(), context);
});
const matching = follow("matching", () => {
  resume();
  drawRequest();
  drawMine(mine(), context);
});
export const context = {
  slot: (id) => availability.state.slots?.[id],
  place: (id) => availability.state.places?.[id],
  motive: (code) => motives.find((each) => each.code === code)?.label ?? code,
  commune: () => page.commune,
  act: (verb, request) => attempt(() => actions[verb](request)),
};

const mine = () => Object.values(matching.state.requests ?? {}).filter((each) => each.asked_by === config.account);
const current = () => matching.state.requests?.[page.requestId];

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

const place = combobox(byId("place"), {
  least: 2,
  find: async (text) => (await get("matching", `/communes?q=${encodeURIComponent(text)}`)).map((each) => ({
    value: each, text: each.name, note: [each.known_as, each.postal_codes[0] ?? each.departement].filter(Boolean).join(" · "),
  })),
  onChoose: (option) => {
    page.commune = option?.value ?? null;
    if (option) byId("motive").focus();
    changed();
  },
});
const motive = combobox(byId("motive"), {
  find: async (text) => {
    const typed = plain(text);
    const score = (each) => Math.min(...[each.label, ...each.synonyms].map((word) => plain(word).indexOf(typed)).map((at) => (at < 0 ? 99 : at)));
    return motives.map((each) => [score(each), each]).filter(([rank]) => rank < 99).sort(([one], [other]) => one - other)
      .slice(0, 8).map(([, each]) => ({ value: each, text: each.label, note: each.validated ? "" : t("referral.motive.to_validate") }));
  },
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
  if (page.requestId) return;
  refreshSoon(60);
}

let timer;
function refreshSoon(delay, how = {}) {
  if (!page.commune || !page.motive || page.requestId) return drawAll();
  clearTimeout(timer);
  timer = setTimeout(() => refresh(how).catch(fail), delay);
}

async function refresh({ live = false } = {}) {
  const { body, faults } = bodyOf(form, page);
  if (faults.length) return;
  asking?.abort();
  asking = new AbortController();
  const answer = await post("matching", "/options", { ...body, patient: undefined }, { signal: asking.signal });
  const before = page.options;
  page.answer = answer;
  page.options = merge(before, answer.options.slice(0, 5), live);
  drawAll();
  if (!live) announce(t("referral.options.count", { n: page.options.length }));
  else if (page.options.length !== before.length) announce(t("referral.options.new"));
}

function drawAll() {
  const held = current();
  drawOptions(page, held, context, hold);
  drawNothing(page, context, { relax, board });
  drawElsewhere(page);
  byId("waiting").hidden = Boolean(page.answer || page.requestId);
}

function drawRequest() {
  const request = current();
  const busy = Boolean(request && ["held", "confirmed"].includes(request.state));
  byId("fields").disabled = busy;
  if (request && page.lastState === "held" && !busy && !page.releasing) {
    toast(t("referral.held.lapsed"));
    leaveRequest(request);
  }
  page.lastState = request?.state;
  if (request?.state === "confirmed" && page.ticketFor !== request.id) {
    page.ticketFor = request.id;
    showTicket(request, context, next);
  }
  drawHeld(request, context, { confirm, release });
  drawAll();
}

/** The request stays on the board; the form is free again and still describes it. */
function leaveRequest(request) {
  page.held = request.id;
  byId("fields").disabled = false;
}

/** A hold that this person took before reloading the page, or in another tab, is still theirs to confirm. */
function resume() {
  if (page.requestId) return;
  const held = mine().find((each) => each.state === "held");
  if (held) page.requestId = held.id;
}

async function submit() {
  const { body, faults } = bodyOf(form, page);
  if (!checkForm(form, faults)) return null;
  return post("matching", "/requests", body);
}

async function hold(option) {
  if (current()?.state === "held" || option.taken || page.busy) return;
  page.busy = true;
  await attempt(async () => {
    const request = current() ?? (await submit());
    if (!request) return;
    page.requestId = request.id;
    await take(request, option);
  });
  page.busy = false;
  drawRequest();
}

async function take(request, option) {
  try {
    const held = await post("matching", `/requests/${request.id}/hold`, { slot_id: option.slot_id });
    (matching.state.requests ??= {})[held.id] ??= held;
    if (matching.state.requests[held.id].version < held.version) matching.state.requests[held.id] = held;
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
  await post("matching", `/requests/${request.id}/hold`, { slot_id: option.slot_id });
  page.releasing = false;
}

function describe(option) {
  const slot = context.slot(option.slot_id);
  return slot ? `${when(slot.starts_at)}, ${nameOf(slot.practitioner_id)}, ${placeOf(slot)?.name ?? ""}` : "";
}

const confirm = () => attempt(async () => {
  const { body } = bodyOf(form, page);
  const confirmed = await post("matching", `/requests/${page.requestId}/confirmation`, { patient: body?.patient ?? null });
  matching.state.requests[confirmed.id] = confirmed;
  drawRequest();
});

const release = () => attempt(async () => {
  page.releasing = true;
  const released = await post("matching", `/requests/${page.requestId}/release`);
  matching.state.requests[released.id] = released;
  toast(t("referral.held.released"));
  drawRequest();
  page.releasing = false;
  byId("options").querySelector("button:not(:disabled)")?.focus();
});

const relax = (change) => {
  if (change.minutes) {
    const select = form.elements.travel;
    if (![...select.options].some((each) => Number(each.value) === change.minutes)) select.append(new Option(`${change.minutes} min`, change.minutes));
    select.value = change.minutes;
  }
  if (change.video) form.elements.video.checked = true;
  if (change.deadline_at) page.deadlineAt = change.deadline_at;
  changed();
};

const board = () => attempt(async () => {
  if (!(current() ?? (await submit()))) return;
  toast(t("referral.on_board"));
  next();
});

function next() {
  page.requestId = null;
  page.options = [];
  page.answer = null;
  page.deadlineAt = undefined;
  page.lastState = undefined;
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
    page.requestId = request.id;
    drawRequest();
    byId("held").querySelector("button")?.focus();
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
setInterval(() => drawMine(mine(), context), 20_000);

await attempt(async () => {
  const [list, people] = await Promise.all([get("matching", "/motives"), loadDirectory()]);
  motives = list;
  form.elements.habitual.append(...people.map((each) => new Option(nameOf(each.id), each.id)));
  await fillFrom(location, { form, place, motive, motives, people });
  drawMine(mine(), context);
  drawAll();
});
