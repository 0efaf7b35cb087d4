// Who is who in the register: initials, age, reference, which the stream does not tell; they are asked for, and traced.

import { post } from "/static/api.js";
import { config, t } from "/static/page.js";

const marks = new Map();
let asked = null;

/** One line that tells an entry from the others. */
export function markOf(id) {
  const known = marks.get(id);
  if (!known) return `…${id.slice(-6).toUpperCase()}`;
  const age = known.age === null ? "" : t("register.age", { n: known.age });
  return [[known.initials, age].filter(Boolean).join(", "), known.reference].filter(Boolean).join(" · ");
}

/** Read the marks that these entries still miss, once at a time; answers whether there was anything to read. */
export async function readMarks(ids) {
  if (asked || ids.every((id) => marks.has(id))) return false;
  asked = post("matching", "/attachments/search", { cpts_id: config.cpts });
  try {
    for (const each of await asked) marks.set(each.id, each);
    // Not ours to name: asked once.
    for (const id of ids) if (!marks.has(id)) marks.set(id, { initials: "", age: null, reference: id.slice(-6).toUpperCase() });
  } finally {
    asked = null;
  }
  return true;
}

/** The entries whose name, initials or reference say these words. */
export async function named(q) {
  const found = await post("matching", "/attachments/search", { cpts_id: config.cpts, q });
  return new Set(found.map((each) => each.id));
}
