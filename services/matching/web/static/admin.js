// Administration: letting somebody in, giving and taking roles, and the map of the territory.

import { Problem, call } from "/static/api.js";
import { byId, h, state } from "/static/dom.js";
import { circleMap } from "/static/map.js";
import { attemptIn } from "/static/form.js";
import { ask, attempt, follow } from "/static/shell.js";
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

byId("add").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  attemptIn(form, async () => {
    const { password, totp_uri: uri } = await send("POST", "/admin/members", Object.fromEntries(new FormData(form)));
    form.reset();
    await ask(t("admin.added"), h("div", { class: "stack" }, h("p", {}, t("admin.added_text")),
      h("dl", { class: "stack" }, h("dt", {}, t("login.password")), h("dd", {}, h("code", {}, password)),
        h("dt", {}, t("admin.totp")), h("dd", {}, h("code", {}, uri)))), [{ value: "", text: t("common.close"), kind: "primary" }]);
    location.reload();
  });
});
byId("give").addEventListener("submit", (event) => {
  event.preventDefault();
  const { account, role } = Object.fromEntries(new FormData(event.target));
  attemptIn(event.target, async () => {
    await send("POST", `/admin/members/${account}/roles`, { role });
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
document.addEventListener("click", (event) => {
  const grant = event.target.closest("[data-grant]")?.dataset.grant;
  if (grant) attempt(async () => {
    await send("DELETE", `/admin/roles/${grant}`);
    location.reload();
  });
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
