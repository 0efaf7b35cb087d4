// What the server said when it rendered this page: configuration, wordings, its time.

const read = (id) => JSON.parse(document.getElementById(id).textContent);

export const config = read("config");
/** Which states mean what, as the server says it: `waiting` for a slot, `seeking` one by rounds, … */
export const states = Object.fromEntries(Object.entries(config.states).map(([name, list]) => [name, new Set(list)]));
const words = read("words");
const plural = new Intl.PluralRules(config.language);
const loadedAt = Date.now();
const serverNow = Date.parse(config.now);

// A press before the page's scripts are there would be lost without a word: it waits for them (every module has run by then).
document.addEventListener("DOMContentLoaded", () => {
  const main = document.getElementById("main");
  if (!main?.inert) return;
  main.inert = false;
  if (document.activeElement === document.body) main.querySelector("[autofocus]")?.focus();
});

/** The instant on the server's clock, in milliseconds. A demonstration's clock may run elsewhere and faster. */
export function now() {
  return serverNow + (Date.now() - loadedAt) * config.speed;
}

/** How many real milliseconds pass while `length` milliseconds pass on the server's clock. */
export function realMs(length) {
  return length / config.speed;
}

/** A wording; `n` chooses between its forms, `{name}` is replaced by a value. */
export function t(key, values = {}) {
  const text = words[key] ?? words[`${key}.${plural.select(Math.abs(values.n ?? 1))}`] ?? words[`${key}.other`];
  if (text === undefined) throw new Error(`no wording for ${key}`);
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** The words for a code of the domain; the code itself when it is not ours. */
export function label(kind, code) {
  return words[`codes.${kind}.${code}`] ?? code;
}

export function known(key) {
  return key in words;
}
