// What one does with a request at the counter: make it, hold a slot, confirm, let go, put it on the board, ask for one more.

import { get, post } from "/static/api.js";
import { nameOf, placeOf } from "/static/directory.js";
import { byId } from "/static/dom.js";
import { when } from "/static/format.js";
import { attemptIn } from "/static/form.js";
import { attempt, toast } from "/static/shell.js";
import { t } from "/static/page.js";
import { bodyOf, checkForm } from "/static/matching/ask.js";

/**
 * The actions on the request that the form describes. `page` is what the page keeps, `live` its stream, `screen` how it
 * shows what changed: `{ current, busy, standing, slotOf, draw, drawRequest, refresh, refreshSoon, next }`.
 */
export function deskOf({ form, page, live, screen }) {
  const { current, busy, standing, slotOf, draw, drawRequest, refresh, refreshSoon, next } = screen;

  /** The request as the form says it, made now unless it stands; null when the form has faults. */
  async function submit() {
    const { body, faults } = bodyOf(form, page);
    if (!checkForm(form, faults)) return null;
    if (standing(body)) return current();
    const before = current();
    const request = await post("matching", "/requests", body);
    page.sent = JSON.stringify({ ...body, patient: undefined });
    page.requestId = request.id;
    (live.state.requests ??= {})[request.id] ??= request;
    if (before) await post("matching", `/requests/${before.id}/cancellation`, { reason: "mistake" });
    return live.state.requests[request.id];
  }

  async function hold(option) {
    if (busy() || option.taken || page.busy) return;
    page.busy = true;
    await attemptIn(form, async () => {
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
      const left = page.options.find((each) => !each.taken);
      toast(left ? t("referral.stale", { next: describe(left) }) : t("referral.stale_none"));
      draw();
      byId("options").querySelector("button:not(:disabled)")?.focus();
    }
  }

  /** The round was quicker: it holds a slot for this request already. Keep it if it is the one chosen, else change. */
  async function retake(request, option) {
    const now = await get("matching", `/requests/${request.id}`);
    if (now.state !== "held") throw new Error(t("common.unknown_problem"));
    if (now.slot_id === option.slot_id) return;
    await letting(async () => {
      await post("matching", `/requests/${request.id}/release`);
      keepNewest(await post("matching", `/requests/${request.id}/hold`, { slot_id: option.slot_id }));
    });
  }

  /** Let go of a slot on purpose: nobody is told that its time ran out. */
  async function letting(action) {
    page.releasing = true;
    try {
      await action();
    } finally {
      page.releasing = false;
    }
  }

  /** An answer may come before or after the stream tells the same. */
  function keepNewest(request) {
    const known = live.state.requests?.[request.id];
    if (!known || known.version < request.version) (live.state.requests ??= {})[request.id] = request;
  }

  function describe(option) {
    const slot = slotOf(option.slot_id);
    return slot ? `${when(slot.starts_at)}, ${nameOf(slot.practitioner_id)}, ${placeOf(slot)?.name ?? ""}` : "";
  }

  const confirm = () => attempt(async () => {
    const { body } = bodyOf(form, page);
    page.adopted = false;
    keepNewest(await post("matching", `/requests/${page.requestId}/confirmation`, { patient: body?.patient ?? null }));
    drawRequest();
  });

  const release = () => attempt(async () => {
    await letting(async () => {
      keepNewest(await post("matching", `/requests/${page.requestId}/release`));
      toast(t("referral.held.released"));
      drawRequest();
    });
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
    await refresh();
    if (change.slot_id) await hold(page.options.find((each) => each.slot_id === change.slot_id) ?? { slot_id: change.slot_id });
  });

  const board = () => attemptIn(form, async () => {
    if (!(await submit())) return;
    toast(t("referral.on_board"));
    next();
  });

  /** One click: the request is on the board, and the practitioners who suit best are asked for one more patient. */
  const askOneMore = () => attemptIn(form, async () => {
    const request = await submit();
    if (!request) return;
    const { asks } = await post("matching", `/requests/${request.id}/overbooking-asks`);
    toast(t("referral.asked", { n: asks.length }));
    next();
  });

  return { hold, confirm, release, relax, board, askOneMore, keepNewest };
}
