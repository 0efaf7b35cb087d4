// Administration: letting somebody in, giving and taking roles, and the map of the territory.

import { Problem, call } from "/static/api.js";
import { byId, h } from "/static/dom.js";
import { circleMap } from "/static/map.js";
import { attemptIn } from "/static/form.js";
import { ask, attempt, follow } from "/static/shell.js";
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
const spots = JSON.parse(byId("spots").textContent);
if (spots.length) attempt(async () => {
  const map = await circleMap(byId("map"));
  map.draw(spots.map((spot) => ({ lat: spot.lat, lon: spot.lon, radius: spot.kind === "overlap" ? 12 : 8, colour: COLOURS[spot.kind], opacity: spot.kind === "hole" ? 0 : .3, caption: spot.name, label: spot.name })));
});
