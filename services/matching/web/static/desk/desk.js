// What one does with a request at the counter: choose a slot, change, confirm, let go, put it on the board, ask for one more.

import { get, post } from "/static/api.js";
import { nameOf, placeOf } from "/static/people/directory.js";
import { byId } from "/static/dom.js";
import { when } from "/static/format.js";
import { attemptIn } from "/static/form.js";
import { ask, attempt, toast } from "/static/shell.js";
import { states, t } from "/static/page.js";
import { bodyOf, checkForm, missingFor, patientOf } from "/static/matching/desk/ask.js";
import { modeOf } from "/static/matching/desk/options.js";

const SLOW_MS = 5_000;
// After so long without an answer, one may press again: the same key says the same thing.
const PATIENCE = { patience: 20_000 };

/**
 * The actions on the request that the form describes. `page` is what the page keeps, `live` its stream, `screen` how it
 * shows what changed: `{ current, busy, standing, context, draw, drawRequest, refresh, refreshSoon, reset }`.
 * Each answers for the patient it was pressed for (`page.turn`): once the next one is there, what comes late changes
 * nothing on the screen, and a slot that comes late is given back.
 */
export function deskOf({ form, page, live, screen }) {
  const { current, busy, standing, context, draw, drawRequest, refresh, refreshSoon, reset } = screen;

  /** Run what a press asks, one at a time, and say at once that it is under way. */
  async function press(what, words, action) {
    if (page.pending) return;
    page.pending = what;
    page.pressedAt = performance.now();
    byId("pending").textContent = t(words);
    const late = setTimeout(() => { byId("pending").textContent = t("referral.held.slow"); }, SLOW_MS);
    draw();
    const { turn } = page;
    await action(turn);
    clearTimeout(late);
    if (page.turn === turn) settle();
  }

  function settle() {
    page.pending = null;
    byId("pending").textContent = "";
    drawRequest();
  }

  /** The request of the form, with the slot that was chosen: made, or changed, in one call. */
  async function choose(option, turn) {
    await page.releasing;
    const { body, faults } = bodyOf(form, page);
    const before = current();
    const slot = context.slot(option.slot_id);
    const chosen = { slot_id: option.slot_id, ...(slot ? { mode: modeOf(slot, context) } : {}) };
    if (busy() || (before && standing(body))) return post("matching", `/requests/${before.id}/hold`, chosen, PATIENCE);
    if (!checkForm(form, faults)) return null;
    const request = await post("matching", "/requests", { ...body, hold: chosen }, PATIENCE);
    if (page.turn === turn) page.sent = JSON.stringify({ ...body, patient: undefined });
    if (before) await drop(before, "mistake");
    return request;
  }

  const hold = (option) => {
    if (option.taken || current()?.state === "confirmed" || current()?.slot_id === option.slot_id && busy()) return undefined;
    return press(option.slot_id, "referral.held.pending", (turn) => attemptIn(form, async () => {
      try {
        const request = await choose(option, turn);
        if (!request) return;
        keepNewest(request);
        if (page.turn !== turn) return void attempt(() => letGo(request.id));
        Object.assign(page, { requestId: request.id, own: request.id, adopted: false, after: null });
      } catch (error) {
        if (!["slot_unavailable", "not_found"].includes(error.code) || page.turn !== turn) throw error;
        missed(option);
      }
    }));
  };

  function missed(option) {
    option.taken = true;
    const left = page.options.find((each) => !each.taken);
    toast(left ? t("referral.stale", { next: describe(left) }) : t("referral.stale_none"));
    draw();
    byId("options").querySelector("button:not(:disabled)")?.focus();
  }

  /** An answer may come before or after the stream tells the same. */
  function keepNewest(request) {
    const known = live.state.requests?.[request.id];
    if (!known || known.version < request.version) (live.state.requests ??= {})[request.id] = request;
  }

  function describe(option) {
    const slot = context.slot(option.slot_id);
    return slot ? `${when(slot.starts_at)}, ${nameOf(slot.practitioner_id)}, ${placeOf(slot)?.name ?? ""}` : "";
  }

  const confirm = () => {
    const request = current();
    if (request?.state !== "held" || !checkForm(form, missingFor(request.mode, form))) return undefined;
    return press("confirm", "referral.held.confirming", (turn) => attempt(async () => {
      page.confirmed.add(request.id);
      const firm = await firmly(request.id);
      keepNewest(firm);
      if (page.turn !== turn) toast(t("referral.confirmed_behind", { when: when(firm.starts_at) }));
      else page.adopted = false;
    }));
  };

  /** Confirm; when the stream was quicker to say that it is done, it is done. */
  async function firmly(id) {
    try {
      return await post("matching", `/requests/${id}/confirmation`, { patient: patientOf(form, page.motive) }, PATIENCE);
    } catch (error) {
      const now = error.code === "request_moved" ? await get("matching", `/requests/${id}`) : null;
      if (now?.state !== "confirmed") throw error;
      return now;
    }
  }

  /** Give a slot back: the request ends, nothing is booked for it afterwards. */
  async function letGo(id, then = {}) {
    page.left.add(id);
    keepNewest(await post("matching", `/requests/${id}/release`, then, PATIENCE));
  }

  /** End a request that nobody chooses for any more. */
  async function drop(request, reason) {
    page.left.add(request.id);
    if (request.state === "held") return letGo(request.id);
    if (states.seeking.has(request.state)) keepNewest(await post("matching", `/requests/${request.id}/cancellation`, { reason }, PATIENCE));
    return undefined;
  }

  const release = () => {
    const request = current();
    if (request?.state !== "held" || page.pending) return undefined;
    if (page.adopted) return releaseAdopted(request);
    page.left.add(request.id);
    Object.assign(page, { requestId: null, own: null, sent: "", after: { kind: "released", slot_id: request.slot_id, practitioner_id: request.practitioner_id } });
    // The slot is out of the hand at once; another may be chosen, and is asked for once this one is given back.
    byId("pending").textContent = t("referral.held.releasing");
    page.releasing = attempt(() => letGo(request.id)).finally(() => {
      page.releasing = null;
      if (!page.pending) byId("pending").textContent = "";
      if (!busy()) refreshSoon(60);
    });
    drawRequest();
    byId("options").querySelector("button:not(:disabled)")?.focus();
    return page.releasing;
  };

  /** What was held elsewhere has no form here: its person says what becomes of it. */
  async function releaseAdopted(request) {
    const answer = await ask(t("referral.held.keep_title"), t("referral.held.keep_text"), [
      { value: "", text: t("referral.held.keep_back"), kind: "quiet" },
      { value: "board", text: t("referral.after.board") },
      { value: "leave", text: t("referral.after.leave") },
    ]);
    if (answer) await press("release", "referral.held.releasing", () => attempt(() => letGo(request.id, { then: answer.chosen })));
  }

  /** The next patient, at once; what is still held or undecided for this one is let go behind. */
  function next() {
    const request = current();
    const undecided = request && !request.automatic && (request.state === "held" || states.seeking.has(request.state));
    const leaves = undecided && !page.adopted && page.pending !== "confirm" ? request : null;
    page.pending = null;
    byId("pending").textContent = "";
    reset();
    if (leaves) attempt(async () => {
      await drop(leaves, "patient");
      toast(t("referral.ended"));
    });
  }

  /** What the patient refuses is not proposed again. */
  function refuse(what) {
    const { slot_id: slot, practitioner_id: practitioner } = page.after;
    if (what === "day") {
      const tomorrow = new Date();
      tomorrow.setHours(24, 0, 0, 0);
      page.earliestAt = tomorrow.toISOString();
    } else page.refused.push(what === "slot" ? slot : practitioner);
    page.after = null;
    drawRequest();
    return attempt(refresh);
  }

  /** One click: the form says what the patient now accepts, and the slot that this opens is held. */
  const relax = (change) => attempt(async () => {
    if (change.minutes) {
      const select = form.elements.travel;
      if (![...select.options].some((each) => Number(each.value) === change.minutes)) select.append(new Option(`${change.minutes} min`, change.minutes));
      select.value = change.minutes;
    }
    if (change.video) form.elements.video.checked = true;
    if (change.deadline_at) page.deadlineAt = change.deadline_at;
    await refresh();
    if (change.slot_id) await hold(page.options.find((each) => each.slot_id === change.slot_id) ?? { slot_id: change.slot_id });
  });

  /** The request as the form says it, made now unless it stands; null when the form has faults. */
  async function submit(more) {
    const { body, faults } = bodyOf(form, page);
    const before = current();
    if (before && standing(body)) return before;
    if (!checkForm(form, faults)) return null;
    const request = await post("matching", "/requests", { ...body, ...more }, PATIENCE);
    keepNewest(request);
    if (before) await drop(before, "mistake");
    return request;
  }

  const board = () => press("board", "referral.held.pending", (turn) => attemptIn(form, async () => {
    const request = await submit({ board: true, ...(page.after?.slot_id ? { forbidden: [...page.refused, page.after.slot_id] } : {}) });
    if (!request) return;
    if (!request.automatic) keepNewest(await post("matching", `/requests/${request.id}/board`, {}, PATIENCE));
    toast(t("referral.on_board"));
    if (page.turn === turn) reset();
  }));

  /** One click: the practitioners who suit best are asked for one more patient. */
  const askOneMore = () => press("ask", "referral.held.pending", (turn) => attemptIn(form, async () => {
    const request = await submit({});
    if (!request) return;
    const { asks } = await post("matching", `/requests/${request.id}/overbooking-asks`, {}, PATIENCE);
    toast(t("referral.asked", { n: asks.length }));
    if (page.turn === turn) reset();
  }));

  return { hold, confirm, release, next, refuse, relax, board, askOneMore, keepNewest };
}
