// Who comes, as the rows of the day say it: asked for once each, since the stream names nobody.

import { post } from "/static/api.js";
import { time } from "/static/format.js";
import { known as hasWord, label, t } from "/static/page.js";

const MOST = 300;
const RETRY = 15_000;
const known = new Map();
const asked = new Map();

const OWN = "own:";
export const isOwn = (booking) => Boolean(booking.request_id?.startsWith(OWN));
const keyOf = (booking) => (isOwn(booking) ? booking.id : booking.request_id);
export const comerOf = (booking) => known.get(keyOf(booking));

/** Ask who these bookings are for, those not known yet; `redraw` when it is known. */
export async function learnComers(bookings, redraw) {
  const missing = bookings.filter((each) => each.request_id && each.state !== "held" && !known.has(keyOf(each)) && Date.now() - (asked.get(keyOf(each)) ?? 0) > RETRY);
  const learn = async (service, path, name, those, keyed) => {
    const ids = [...new Set(those.map(keyOf))].slice(0, MOST);
    if (!ids.length) return;
    for (const id of ids) asked.set(id, Date.now());
    for (const each of await post(service, path, { [name]: ids })) known.set(each[keyed], each);
    redraw();
  };
  // What fails is asked again with a later drawing: a row without its names is still a row.
  await Promise.allSettled([
    learn("matching", "/requests/comers", "request_ids", missing.filter((each) => !isOwn(each)), "request_id"),
    learn("availability", "/bookings/own-patients", "booking_ids", missing.filter(isOwn), "booking_id"),
  ]);
}

/** « M. D., 6 ans »; a patient nobody named yet is said so. */
export const who = (comer) => (comer ? [comer.initials || t("slots.unnamed"), comer.age === null ? "" : t("slots.age", { n: comer.age })].filter(Boolean).join(", ") : "");

/** Who asked: an account by its name, else its role; what another system sent has neither. */
export const askedBy = (comer) => comer.asked_by_name || (hasWord(`codes.role.${comer.asked_role}`) ? label("role", comer.asked_role) : t("slots.asked_elsewhere"));

export const askedAt = (comer) => t("slots.asked_at", { time: time(comer.asked_at) });
