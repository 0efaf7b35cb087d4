// What somebody is told, when not to, and on which devices. The browser is asked for leave only when a person asks for it.

import { call, get, post } from "/static/api.js";
import { byId, h, state } from "/static/dom.js";
import { dayName, time } from "/static/format.js";
import { label, t } from "/static/page.js";
import { attemptIn } from "/static/form.js";
import { attempt, toast } from "/static/shell.js";

const SERVICE = "availability";
const WORKER = "/service-worker.js";
const form = byId("notices-form");
const able = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
const LOOK = { waiting: "wait", sending: "wait", sent: "done", failed: "bad", suppressed: "" };
let known = null;

/** base64url to bytes: what a browser wants the server's key as. */
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (each) => each.charCodeAt(0));

async function fingerprint(endpoint) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(endpoint));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function subscription() {
  const registration = able ? await navigator.serviceWorker.getRegistration(WORKER) : null;
  return (await registration?.pushManager.getSubscription()) ?? null;
}

async function thisDevice() {
  const found = await subscription();
  if (!found) return null;
  const own = await fingerprint(found.endpoint);
  return known.devices.find((each) => each.endpoint_hash === own) ?? null;
}

async function showDevices() {
  const mine = await thisDevice();
  const denied = able && Notification.permission === "denied";
  byId("notices-device-state").textContent = t(
    !able ? "notices.device_unable" : denied ? "notices.device_denied" : mine ? "notices.device_on" : "notices.device_off",
  );
  byId("notices-ask").hidden = !able || denied || mine !== null;
  byId("notices-stop").hidden = mine === null;
  const others = known.devices.filter((each) => each.id !== mine?.id);
  byId("notices-others").hidden = others.length === 0;
  byId("notices-devices").replaceChildren(...others.map((each) => h("li", { class: "spread" },
    h("span", {}, `${each.label || t("notices.device_unnamed")}, ${t("notices.device_since", { day: dayName(Date.parse(each.added_at)) })}`),
    h("button", { type: "button", class: "quiet", onclick: () => drop(each.id) }, t("notices.device_drop")))));
}

const drop = (id) => attempt(async () => {
  await call(SERVICE, "DELETE", `/notifications/devices/${id}`);
  await read();
});

/** What to call this device in the list: its system and its browser, as it names itself. */
function deviceName() {
  const { userAgentData: ua, platform } = navigator;
  return [ua?.platform || platform, ua?.brands?.at(-1)?.brand].filter(Boolean).join(" · ").slice(0, 80);
}

async function askLeave() {
  if ((await Notification.requestPermission()) !== "granted") return showDevices();
  await navigator.serviceWorker.register(WORKER, { scope: "/" });
  const registration = await navigator.serviceWorker.ready;
  let made;
  try {
    made = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(known.push_key) });
  } catch {
    return toast(t("notices.device_failed"));
  }
  const { endpoint, keys } = made.toJSON();
  await post(SERVICE, "/notifications/devices", { endpoint, keys, label: deviceName() });
  toast(t("notices.device_added"));
  return read();
}

async function stop() {
  const [found, mine] = [await subscription(), await thisDevice()];
  await found?.unsubscribe();
  await call(SERVICE, "DELETE", `/notifications/devices/${mine.id}`);
  await read();
}

function standing({ state: code, reason, due_at: due }) {
  const word = label("notice_state", code);
  if (code === "waiting" && reason === "quiet") return t("notices.until", { state: word, time: time(Date.parse(due)) });
  return reason ? t("notices.why", { state: word, reason: label("notice_reason", reason) }) : word;
}

function showLast() {
  byId("notices-none").hidden = known.last.length > 0;
  byId("notices-last").replaceChildren(...known.last.map((each) => h("li", { class: "spread" },
    h("span", {}, h("span", { class: "time" }, time(Date.parse(each.at))), " ", each.text),
    h("span", { class: `state ${LOOK[each.state]}` }, standing(each)))));
}

function showChoices() {
  const { preferences } = known;
  byId("notices-mail").hidden = !known.mail_configured;
  byId("notices-no-mail").hidden = known.mail_configured;
  byId("notices-address").textContent = known.account_email
    ? t("notices.mail_hint", { address: known.account_email }) : t("notices.mail_hint_none");
  for (const name of ["mail", "p1_always"]) form.elements[name].checked = preferences[name];
  for (const name of ["quiet_from", "quiet_to"]) form.elements[name].value = preferences[name].slice(0, 5);
  form.elements.email.value = preferences.email ?? "";
  form.elements.phone.value = known.account_phone;
  byId("notices-kinds").replaceChildren(...known.kinds.map((kind) => h("label", { class: "check" },
    h("input", { type: "checkbox", name: "kind", value: kind, checked: !preferences.unwanted.includes(kind) }), label("notice_kind", kind))));
}

async function read() {
  known = await get(SERVICE, "/notifications");
  showLast();
  await showDevices();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  attemptIn(form, async () => {
    const fields = form.elements;
    const wanted = new FormData(form).getAll("kind");
    await call(SERVICE, "PUT", "/notifications/phone", { phone: fields.phone.value.trim() });
    await call(SERVICE, "PUT", "/notifications/preferences", {
      mail: fields.mail.checked,
      email: fields.email.value.trim() || null,
      quiet_from: fields.quiet_from.value,
      quiet_to: fields.quiet_to.value,
      p1_always: fields.p1_always.checked,
      unwanted: known.kinds.filter((kind) => !wanted.includes(kind)),
    });
    toast(t("notices.saved"));
    await read();
  });
});
byId("notices-ask").addEventListener("click", () => attempt(askLeave));
byId("notices-stop").addEventListener("click", () => attempt(stop));
attempt(async () => {
  await read();
  showChoices();
});
