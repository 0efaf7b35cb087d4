// Finding what people mean by what they type: words in any order, whole or begun, with an accent or a letter wrong.

import { plain } from "/static/combobox.js";

const LINKS = new Set(("a au aux c ce cette d de des du elle en est et il j je l la le les lui m ma mes mon n ne on ou par "
  + "pour que qui s sa se ses son sur t un une y ai as avec dans chez").split(" "));

/** The words that count, as they are compared. */
export const tokens = (text) => plain(text).split(" ").filter((word) => word && !LINKS.has(word));

const stem = (word) => (word.length > 3 ? word.replace(/(?:es|s|x|e)$/, "") : word);

/** Whether a word can be had from another by so few changes: a letter added, lost, changed, or two of them swapped. */
function near(one, other) {
  const most = Math.min(one.length, other.length) >= 8 ? 2 : 1;
  if (Math.min(one.length, other.length) < 4 || Math.abs(one.length - other.length) > most || one[0] !== other[0]) return false;
  let rows = [[], [...Array(other.length + 1).keys()]];
  for (let at = 1; at <= one.length; at += 1) {
    const row = [at];
    for (let to = 1; to <= other.length; to += 1) {
      const same = one[at - 1] === other[to - 1];
      row[to] = Math.min(rows[1][to] + 1, row[to - 1] + 1, rows[1][to - 1] + (same ? 0 : 1));
      if (at > 1 && to > 1 && one[at - 1] === other[to - 2] && one[at - 2] === other[to - 1]) row[to] = Math.min(row[to], rows[0][to - 2] + 1);
    }
    rows = [rows[1], row];
  }
  return rows[1][other.length] <= most;
}

/** How well a typed word says a word of ours, from 0 to 1; `begun`: it may be its beginning; `known`: it is no slip of the hand. */
function closeness(typed, ours, begun, known) {
  if (typed === ours) return 1;
  if (/^\d/.test(typed) || /^\d/.test(ours)) return 0;
  if (stem(typed) === stem(ours)) return 0.95;
  if (typed.length >= begun && ours.startsWith(typed) && !(known && typed.length > 2)) return 0.8;
  return !known && near(typed, ours) ? 0.6 : 0;
}

/** How a text fits a phrase: how many words of each the other has, and how well. */
function fit(typed, phrase, { vocabulary, weight }, begun) {
  const free = new Set(phrase.keys());
  let sum = 0;
  let first = 99;
  const said = [];
  typed.forEach((word, index) => {
    const least = index === typed.length - 1 ? begun.last : begun.before;
    let best = [0, -1];
    for (const at of free) {
      const value = closeness(word, phrase[at], least, vocabulary.has(word));
      if (value > best[0]) best = [value, at];
    }
    if (best[1] < 0) return;
    free.delete(best[1]);
    sum += best[0] * weight(phrase[best[1]]);
    first = Math.min(first, best[1]);
    said.push(phrase[best[1]]);
  });
  return { said, sum, first, missed: typed.length - said.length, left: free.size };
}

/**
 * An index of phrases: `entries` are `[value, phrases]`, what comes first in `phrases` being its name.
 * `find(text)` answers the values that fit, the best first; `says(text)` the value one of whose phrases is wholly said.
 * `others`: words that are known too, and are no slip for ours.
 */
export function indexOf(entries, others = []) {
  const known = entries.flatMap(([value, phrases]) => phrases.map((phrase, rank) => ({ value, rank: Math.min(rank, 1), words: tokens(phrase) })))
    .filter(({ words }) => words.length);
  const vocabulary = new Set([...known.flatMap(({ words }) => words), ...others.flatMap(tokens)]);
  const users = new Map();
  for (const { value, words } of known) for (const word of words) users.set(word, (users.get(word) ?? new Set()).add(value));
  // A word that many say (« mal », « douleur ») alone says nothing.
  const tells = (word) => (users.get(word)?.size ?? 0) <= 3;
  const how = { vocabulary, weight: (word) => (tells(word) ? 1 : 0.6) };

  function graded(typed, { value, rank, words }) {
    const found = fit(typed, words, how, { last: 1, before: 3 });
    if (!found.said.length) return null;
    const grade = !found.missed && !found.left ? 0 : !found.missed ? 1 : !found.left ? 2 : 3;
    if (grade === 3 && !(found.said.some(tells) && found.said.length * 2 >= typed.length)) return null;
    if (grade === 2 && !found.said.some(tells) && found.said.length * 2 < typed.length) return null;
    return { value, keys: [grade, ...(typed.length > 1 ? [-found.sum, rank] : [rank, -found.sum]), found.first, found.left] };
  }

  const find = (text) => {
    const typed = tokens(text);
    const best = new Map();
    for (const phrase of typed.length ? known : []) {
      const each = graded(typed, phrase);
      if (each && (!best.has(each.value) || before(each.keys, best.get(each.value)) < 0)) best.set(each.value, each.keys);
    }
    return [...best].sort(([, one], [, other]) => before(one, other)).map(([value]) => value);
  };
  const says = (text) => {
    const typed = tokens(text);
    return known.find(({ words }) => fit(typed, words, how, { last: 5, before: 99 }).left === 0)?.value ?? null;
  };
  return { find, says };
}

function before(one, other) {
  const at = one.findIndex((key, index) => key !== other[index]);
  return at < 0 ? 0 : one[at] - other[at];
}
