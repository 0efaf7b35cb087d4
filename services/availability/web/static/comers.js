// Who comes, as the rows of the day say it: asked for once each, since the stream names nobody.

import { post } from "/static/api.js";
import { time } from "/static/format.js";
import { known as hasWord, label, t } from "/static/page.js";

const MOST = 300;
const RETRY = 15_000;
const known = new Map();
const asked = new Map();

export const comerOf = (booking) => known.get(booking.request_id);

/** Ask who these bookings are for, those not known yet; `redraw` when it is known. */
export async function learnComers(bookings, redraw) {
  const missing = [...new Set(bookings.filter((each) => each.request_id && each.state !== "held").map((each) => each.request_id))]
    .filter((id) => !known.has(id) && Date.now() - (asked.get(id) ?? 0) > RETRY).slice(0, MOST);
  if (!missing.length) return;
  for (const id of missing) asked.set(id, Date.now());
  try {
    for (const each of await post("matching", "/requests/comers", { request_ids: missing })) known.set(each.request_id, each);
  } catch {
    return; // asked again with a later drawing: a row without its names is still a row
  }
  redraw();
}

/** « M. D., 6 ans »; a patient nobody named yet is said so. */
export const who = (comer) => (comer ? [comer.initials || t("slots.unnamed"), comer.age === null ? "" : t("slots.age", { n: comer.age })].filter(Boolean).join(", ") : "");

/** Who asked: an account by its name, else its role; what another system sent has neither. */
export const askedBy = (comer) => comer.asked_by_name || (hasWord(`codes.role.${comer.asked_role}`) ? label("role", comer.asked_role) : t("slots.asked_elsewhere"));

export const askedAt = (comer) => t("slots.asked_at", { time: time(comer.asked_at) });
