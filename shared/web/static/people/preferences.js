// The page of preferences: where it is, whether the connection stands, one's sessions, and a new way in.

import { call, get } from "/static/api.js";
import { byId, h } from "/static/dom.js";
import { attemptIn } from "/static/form.js";
import { when } from "/static/format.js";
import { config, t } from "/static/page.js";
import { attempt, follow } from "/static/shell.js";

async function showSessions() {
  const mine = await get("availability", "/account/sessions");
  byId("sessions").replaceChildren(...mine.map(({ id, role, label, created_at: since, current }) => {
    const where = current ? t("access.here") : label;
    const said = t("access.session", { role: t(`codes.role.${role}`), where, since: when(since) });
    const end = () => attempt(async () => {
      await call("availability", "DELETE", `/account/sessions/${id}`);
      await showSessions();
    });
    return h("li", { class: "row" }, said, current ? null : h("button", { type: "button", onclick: end }, t("access.end")));
  }));
}

byId("renew").addEventListener("submit", (event) => {
  event.preventDefault();
  attemptIn(event.target, async () => {
    const { url } = await call("availability", "POST", "/account/renewal", { password: event.target.elements.password.value }, { quiet: true });
    location.assign(url);
  });
});
attempt(showSessions);

const live = follow("availability", () => {
  byId("territory").textContent = live.state.cpts?.[config.cpts]?.name ?? "";
});
