// « Pour quoi ? »: the motives of the territory, found by the words people use; some words say « appelez le 15 » first.

import { get } from "/static/api.js";
import { combobox, plain } from "/static/combobox.js";
import { byId, h } from "/static/dom.js";
import { config, t } from "/static/page.js";
import { indexOf, tokens } from "/static/matching/desk/words.js";

const OTHER = "other";
const LONGEST = 80;
let motives = [];
let byWords = indexOf([]);
let alarms = indexOf([]);

export async function loadMotives() {
  const [listed, urgent] = await Promise.all([get("matching", `/motives?cpts=${config.cpts}`), get("matching", `/alarms?cpts=${config.cpts}`)]);
  motives = listed;
  byWords = indexOf(motives.map((each) => [each, [each.label.split(" :")[0], ...each.label.split(/[,:] ?/), ...each.synonyms]]));
  alarms = indexOf(urgent.map((each) => [each.advice, each.words]), motives.flatMap((each) => [each.label, ...each.synonyms]));
}

/** A motive in words; its code when it is not ours. */
export const motiveLabel = (code) => motives.find((each) => each.code === code)?.label ?? code;

/** What to do before anything else when these words say « appelez le 15 »; null when they do not. */
export const alarmOf = (text) => alarms.says(text);

const suits = (each, age) => age === null || ((each.min_age ?? 0) <= age && age <= (each.max_age ?? 999));
const asOption = (each) => ({ value: each, text: each.label });

/** The typed words as a motive of their own, for the practitioner to read. */
function inWords(text) {
  const other = motives.find((each) => each.code === OTHER);
  const said = text.trim().slice(0, LONGEST);
  return { value: { ...other, said }, text: said, note: t("referral.motive.other") };
}

/** The motives that fit a text and an age, the best first, then the text itself. */
function findMotives(text, age) {
  if (!tokens(text).length) return text.trim() ? [] : motives.map(asOption);
  const found = byWords.find(text).filter((each) => each.code !== OTHER);
  const suited = [...found.filter((each) => suits(each, age)), ...found.filter((each) => !suits(each, age))];
  const named = suited.some((each) => plain(each.label) === plain(text));
  return [...suited.slice(0, 7).map(asOption), ...(named ? [] : [inWords(text)])];
}

/** The motive that has this code, else the best for the words, else the words themselves. */
export function findMotive(text, age = null) {
  const known = motives.find((each) => each.code === text);
  return known ? asOption(known) : findMotives(text, age)[0];
}

/**
 * The field `input`. `age()` is the patient's when it is known; `onChoose(option | null)` as a combobox does; `onAlarm()`
 * when what is typed begins or ceases to say « appelez le 15 », and when the person says that it was called.
 */
export function motiveField(input, { age, onChoose, onAlarm }) {
  const box = byId("alarm");
  let called = new Set();
  let advice = null;
  const ringing = () => advice !== null && !called.has(advice);
  const draw = () => {
    box.hidden = !ringing();
    if (box.hidden) return void box.replaceChildren();
    return box.replaceChildren(
      h("p", {}, h("strong", {}, t("referral.alarm.title"))), h("p", {}, advice),
      h("div", { class: "row" }, h("a", { class: "button primary", href: "tel:15" }, t("referral.alarm.call")),
        h("button", { type: "button", onclick: done }, t("referral.alarm.done"))));
  };
  const listen = () => {
    const before = ringing();
    const heard = alarmOf(input.value);
    if (heard === advice) return;
    advice = heard;
    draw();
    if (ringing() || before) onAlarm();
  };
  const done = () => {
    called.add(advice);
    draw();
    onAlarm();
    input.focus();
    if (!field.chosen()) field.open();
  };
  // Before the combobox hears the same key: what rings is said before anything is proposed.
  input.addEventListener("input", listen);
  const field = combobox(input, {
    browse: true,
    find: async (text) => (ringing() ? [] : findMotives(text, age())),
    onChoose: (option) => {
      listen();
      onChoose(option);
    },
  });
  return {
    ...field,
    ringing,
    clear: () => {
      called = new Set();
      advice = null;
      draw();
      field.clear();
    },
  };
}
