// Administration: letting somebody in, giving and taking roles, and the map of the territory.

import { Problem, call } from "/static/api.js";
import { byId, h, state } from "/static/dom.js";
import { circleMap } from "/static/map.js";
import { attemptIn } from "/static/form.js";
import { ask, attempt, follow, toast } from "/static/shell.js";
import { when } from "/static/format.js";
import { config, t } from "/static/page.js";

const live = follow("availability", () => {
  byId("territory").textContent = live.state.cpts?.[config.cpts]?.name ?? "";
});

async function send(method, path, body) {
  const options = { method, headers: { "Content-Type": "application/json", Accept: "application/json" } };
  if (body) options.body = JSON.stringify(body);
  const answer = await fetch(path, options);
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  const problem = await answer.json().catch(() => ({}));
  throw new Problem(answer.status, problem);
}

/** What a form says; a practitioner only for the roles that are bound to one. */
function filled(form) {
  const { practitioner_id: practitioner, ...given } = Object.fromEntries(new FormData(form));
  return practitioner && bound(given.role) ? { ...given, practitioner_id: practitioner } : given;
}
const bound = (role) => role === "practitioner" || role === "delegate";
for (const form of [byId("add"), byId("give")]) {
  const box = form.querySelector("[data-practitioner]");
  form.elements.role.addEventListener("change", () => attempt(async () => {
    box.hidden = !bound(form.elements.role.value);
    if (box.hidden || form.elements.practitioner_id.options.length) return;
    const { practitioners } = await call("availability", "GET", `/directory?cpts=${config.cpts}`);
    const named = practitioners.map((each) => ({ id: each.id, name: `${each.last_name} ${each.first_name}` }));
    named.sort((a, b) => a.name.localeCompare(b.name, "fr"));
    form.elements.practitioner_id.append(...named.map((each) => h("option", { value: each.id }, each.name)));
  }));
}

/** An invitation went by mail; without a mail server its link is handed over, and serves once. */
function sayInvited({ sent, link }) {
  const said = sent ? h("p", {}, t("admin.invited")) : h("div", { class: "stack" }, h("p", {}, t("admin.hand_over")), h("p", {}, h("code", {}, link)));
  return ask(t("admin.added"), said, [{ value: "", text: t("common.close"), kind: "primary" }]);
}

byId("add").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  attemptIn(form, async () => {
    const invited = await send("POST", "/admin/members", filled(form));
    form.reset();
    await sayInvited(invited);
    location.reload();
  });
});
byId("give").addEventListener("submit", (event) => {
  event.preventDefault();
  const { account, ...given } = filled(event.target);
  attemptIn(event.target, async () => {
    await send("POST", `/admin/members/${account}/roles`, given);
    location.reload();
  });
});
byId("territory-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const communes = event.target.codes.value.split(/[\s,;]+/).filter(Boolean);
  attemptIn(event.target, async () => {
    const { name, size } = live.state.cpts[config.cpts];
    await call("availability", "PUT", `/cpts/${config.cpts}`, { name, size, communes });
    location.reload();
  });
});
/** Asks first; what was taken can be given back at once, and later from the form. */
async function takeRole({ dataset: { grant, role, label } }) {
  const sure = await ask(t("admin.take_sure", { role, name: label }), h("p", {}, t("admin.take_text")), [
    { value: "", text: t("common.cancel") }, { value: "yes", text: t("admin.take_role"), kind: "primary" },
  ]);
  if (sure?.chosen !== "yes") return;
  const { account, role: code, practitioner_id: practitioner } = await send("DELETE", `/admin/roles/${grant}`);
  byId("members-title").closest("section").querySelector(`[data-grant="${grant}"]`)?.closest("tr").remove();
  toast(t("admin.taken", { role, name: label }), { undo: () => attempt(async () => {
    await send("POST", `/admin/members/${account}/roles`, { role: code, practitioner_id: practitioner });
    location.reload();
  }) });
}

document.addEventListener("click", (event) => {
  const taken = event.target.closest("[data-grant]");
  if (taken) attempt(() => takeRole(taken));
  const link = event.target.closest("[data-link]")?.dataset.link;
  if (link) attempt(async () => sayInvited(await send("POST", `/admin/members/${link}/link`)));
  const button = event.target.closest("[data-account]");
  if (!button) return;
  attempt(async () => {
    await send(button.dataset.suspended === "yes" ? "DELETE" : "POST", `/admin/members/${button.dataset.account}/suspension`);
    location.reload();
  });
});

const COLOURS = { ours: "--accent", overlap: "--alert", hole: "--quiet" };
const MOST_NAMED = 40;

/** Names of communes of one kind, after a sentence; another sentence when there are none. */
function named(communes, kind, some, none) {
  const names = communes.filter((each) => each.kind === kind).map((each) => each.name);
  if (!names.length) return h("p", {}, none);
  const shown = names.slice(0, MOST_NAMED).join(", ");
  return h("p", {}, `${some(names.length)} ${shown}${names.length > MOST_NAMED ? "…" : ""}`);
}

attempt(async () => {
  const { codes, communes } = await call("availability", "GET", `/administration/communes?cpts=${config.cpts}`);
  byId("communes-title").textContent = t("admin.communes", { n: codes.length });
  byId("claims").replaceChildren(
    h("p", {}, communes.filter((each) => each.kind !== "hole").map((each) => each.name).join(", ")),
    named(communes, "overlap", () => t("admin.overlaps"), t("admin.no_overlap")),
    named(communes, "hole", (n) => t("admin.holes", { n }), t("admin.no_hole")));
  byId("territory-form").codes.value = codes.join(" ");
  byId("communes").removeAttribute("aria-busy");
  if (!communes.length) return;
  const map = await circleMap(byId("map"));
  map.draw(communes.map((each) => ({ lat: each.lat, lon: each.lon, radius: each.kind === "overlap" ? 12 : 8, colour: COLOURS[each.kind], opacity: each.kind === "hole" ? 0 : .3, caption: each.name, label: each.name })));
});
attempt(async () => {
  const feeds = await call("availability", "GET", `/administration/agendas?cpts=${config.cpts}`);
  const box = byId("feeds");
  box.removeAttribute("aria-busy");
  byId("feeds-files").hidden = !feeds.length;
  if (!feeds.length) return box.replaceChildren(h("p", { class: "empty" }, t("admin.no_feed")));
  box.replaceChildren(h("div", { class: "scroll", tabindex: "0", role: "group", "aria-labelledby": "feeds-title" }, h("table", {},
    h("thead", {}, h("tr", {}, ["who", "read_at", "health"].map((key) => h("th", { scope: "col" }, t(`admin.${key}`))))),
    h("tbody", {}, feeds.map((feed) => h("tr", {}, h("th", { scope: "row" }, feed.who),
      h("td", { class: "time" }, feed.read_at ? when(feed.read_at) : "–"),
      h("td", {}, feed.error ? state("bad", feed.error) : state("done", t("admin.healthy")))))))));
});
