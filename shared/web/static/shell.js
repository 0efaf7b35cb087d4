// The frame around every page: connection state, offline banner, toasts with undo, keyboard map, signing in again.

import { call, get, startAgain, whenSessionEnds } from "/static/api.js";
import { byId, h } from "/static/dom.js";
import { fullDay, time } from "/static/format.js";
import { Follower } from "/static/live.js";
import { config, now, t } from "/static/page.js";
import { wireSignIn } from "/static/people/signin.js";

const followers = new Map();
const statuses = new Map();
let offlineSince = null;

/** Follow a service's stream for the page's CPTS. */
export function follow(service, onChange) {
  const follower = new Follower(service, config.cpts, {
    onChange,
    onStatus: (status) => {
      statuses.set(service, status);
      showConnection();
    },
  });
  followers.set(service, follower);
  statuses.set(service, "connecting");
  follower.run().catch((error) => fail(error));
  return follower;
}

function showConnection() {
  const all = [...statuses.values()];
  const status = all.includes("offline") ? "offline" : all.includes("connecting") ? "connecting" : "live";
  if (status === "offline") offlineSince ??= now();
  if (status === "live") offlineSince = null;
  const link = byId("link");
  if (link.dataset.state === status) return;
  link.dataset.state = status;
  if (status === "live") dispatchEvent(new Event("live-again"));
  link.firstElementChild.textContent = t(`live.${status}`);
  document.body.classList.toggle("stale", status === "offline");
  const banner = byId("banner");
  banner.hidden = status !== "offline";
  banner.textContent = status === "offline" ? t("live.banner", { time: time(offlineSince) }) : "";
}

/** Say something to a screen reader, politely. */
export function announce(text) {
  byId("announcer").textContent = text;
}

/** A message at the foot of the screen; with `undo`, it can be taken back for ten seconds. */
export function toast(text, { undo, word = t("common.undo") } = {}) {
  const box = h("div", { class: "toast" }, h("span", {}, text));
  const gone = setTimeout(() => box.remove(), undo ? 10_000 : 6_000);
  if (undo) {
    box.append(h("button", { type: "button", onclick: () => { clearTimeout(gone); box.remove(); undo(); } }, word));
  }
  const place = byId("toasts");
  place.replaceChildren(box);
  // An open dialog covers the page and takes its buttons away: what is said then is said in it.
  ([...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body).append(place);
}
document.addEventListener("close", () => ([...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body).append(byId("toasts")), true);

/** Show what went wrong and was kept. */
export function fail(error) {
  if (error.name === "AbortError") return;
  toast(error.message || t("common.unknown_problem"));
}

/** Run an action of the page; what goes wrong is said. Answers whether it went well. */
export async function attempt(action) {
  try {
    await action();
    return true;
  } catch (error) {
    fail(error);
    return false;
  }
}

/** Sentences of a dialog with buttons; answers the value of the button chosen, or null. */
export function ask(title, body, buttons) {
  return new Promise((resolve) => {
    const id = `ask-${crypto.randomUUID()}`;
    const row = h("div", { class: "row" }, buttons.map(({ value, text, kind = "" }) =>
      h("button", { type: "submit", value, class: kind, formnovalidate: value === "" }, text)));
    const form = h("form", { method: "dialog", class: "stack" }, h("h2", { id }, title), body, row);
    const dialog = h("dialog", { "aria-labelledby": id }, form);
    dialog.addEventListener("close", () => {
      const chosen = dialog.returnValue;
      const values = Object.fromEntries(new FormData(form));
      dialog.remove();
      resolve(chosen ? { chosen, values } : null);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

const shortcuts = new Map();

/** Bind keys of this page: `{key: [wording key, action]}`. Plain keys do nothing while somebody types. */
export function keys(bindings) {
  for (const [key, binding] of Object.entries(bindings)) shortcuts.set(key, binding);
}

const typing = (target) => target.closest("input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable]");
// A digit means nothing but the field one is in, radios included.
const counting = (event) => /^\d$/.test(event.key) && event.target.closest("input, fieldset");

function onKey(event) {
  if (event.repeat || counting(event)) return;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
  if (event.key !== "Escape" && typing(event.target)) return;
  if (event.key === "Enter" && event.target.closest("button, a, summary")) return;
  if (event.key === "?") return showKeys();
  const binding = shortcuts.get(event.key);
  if (!binding) return;
  event.preventDefault();
  binding[1](event);
}

const SIGNS = { Escape: "Esc", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Enter: "↵" };

function showKeys() {
  const rows = [["?", "keys.map"], ...[...shortcuts].map(([key, [wording]]) => [key, wording])];
  byId("keys-list").replaceChildren(...rows.flatMap(([key, wording]) =>
    [h("dt", {}, h("kbd", {}, key === " " ? t("keys.space") : SIGNS[key] ?? key)), h("dd", {}, t(wording))]));
  byId("keys").showModal();
}

let signingIn = null;

/** Ask to sign in again over the page as it stands; every request that waits goes on afterwards. */
function signInAgain() {
  signingIn ??= new Promise((resolve) => {
    const dialog = byId("signin");
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    wireSignIn(dialog, async () => {
      const { id, role } = await get("availability", "/session", { quiet: true });
      if (config.account && (id !== config.account || role !== config.role)) return void startAgain();
      dialog.close();
      signingIn = null;
      for (const follower of followers.values()) follower.renew();
      resolve();
    });
    dialog.showModal();
  });
  return signingIn;
}

export function tabs(list, onChange) {
  const all = [...list.querySelectorAll('[role="tab"]')];
  const choose = (tab, focus = true) => {
    for (const each of all) {
      const chosen = each === tab;
      each.setAttribute("aria-selected", chosen);
      each.tabIndex = chosen ? 0 : -1;
      byId(each.getAttribute("aria-controls")).hidden = !chosen;
    }
    tab.scrollIntoView({ block: "nearest", inline: "center" });
    if (focus) tab.focus();
    onChange?.(tab.dataset.tab);
  };
  const go = (tab) => {
    choose(tab);
    history.pushState({}, "", `#${tab.dataset.tab}`);
  };
  const fromAddress = () => choose(all.find((tab) => `#${tab.dataset.tab}` === location.hash) ?? all[0], false);
  list.addEventListener("click", (event) => {
    const tab = event.target.closest('[role="tab"]');
    if (tab) go(tab);
  });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    go(all[(all.indexOf(document.activeElement) + step + all.length) % all.length]);
  });
  addEventListener("popstate", fromAddress);
  fromAddress();
}

// A sheet of paper says what it is, of whom, and of when.
addEventListener("beforeprint", () => {
  byId("print-head").textContent = [document.title.replace(/^\(.*?\) /, ""), byId("territory")?.textContent, `${fullDay(now())} ${time(now())}`].filter(Boolean).join(" · ");
});
addEventListener("keydown", onKey);
whenSessionEnds(signInAgain);
document.addEventListener("click", (event) => {
  const action = event.target.closest("[data-action]")?.dataset.action;
  if (action === "keys") showKeys();
  if (action === "sign-out") attempt(async () => {
    // Whoever came by Pro Santé Connect leaves there too: the page of the provider is where one goes on.
    if (config.nationalSignIn) {
      const left = await fetch("/psc/sortie", { method: "POST", headers: { Accept: "application/json" } });
      location.assign(left.ok ? (await left.json()).url : "/connexion");
      return;
    }
    await call("availability", "DELETE", "/session", undefined, { quiet: true });
    location.assign("/connexion");
  });
  const menu = document.querySelector(".me[open]");
  if (menu && !menu.contains(event.target)) menu.open = false;
});
// A page from the back-forward cache would show an old board as if it were fresh.
addEventListener("pageshow", (event) => event.persisted && location.reload());

