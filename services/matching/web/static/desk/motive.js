// « Pour quoi ? »: the motives of the territory, found by the words people use.

import { get } from "/static/api.js";
import { combobox } from "/static/combobox.js";
import { t } from "/static/page.js";

let motives = [];

export async function loadMotives() {
  motives = await get("matching", "/motives");
}

/** A motive in words; its code when it is not ours. */
export const motiveLabel = (code) => motives.find((each) => each.code === code)?.label ?? code;

export const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** The motives whose words hold a text, those that begin with it first. */
function findMotives(text) {
  const typed = plain(text);
  const score = (each) => Math.min(...[each.label, ...each.synonyms].map((word) => plain(word).indexOf(typed)).map((at) => (at < 0 ? 99 : at)));
  return motives.map((each) => [score(each), each]).filter(([rank]) => rank < 99).sort(([one], [other]) => one - other)
    .slice(0, 8).map(([, each]) => ({ value: each, text: each.label, note: each.validated ? "" : t("referral.motive.to_validate") }));
}

/** The motive that has this code, else the first whose words hold the text. */
export function findMotive(text) {
  const known = motives.find((each) => each.code === text);
  return known ? { value: known, text: known.label } : findMotives(text)[0];
}

/** The field `input`; `onChoose(option | null)` as a combobox does. */
export const motiveField = (input, onChoose) => combobox(input, { find: async (text) => findMotives(text), onChoose });
