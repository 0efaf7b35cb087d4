// Administration: letting somebody in, closing an account. The rest of the page needs no script.

import { byId, h } from "/static/dom.js";
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
  throw new Error(problem.detail ?? t("common.unknown_problem"));
}

byId("add").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  attempt(async () => {
    const { password, totp_uri: uri } = await send("POST", "/admin/members", Object.fromEntries(new FormData(form)));
    form.reset();
    await ask(t("admin.added"), h("div", { class: "stack" }, h("p", {}, t("admin.added_text")),
      h("dl", { class: "stack" }, h("dt", {}, t("login.password")), h("dd", {}, h("code", {}, password)),
        h("dt", {}, t("admin.totp")), h("dd", {}, h("code", {}, uri)))), [{ value: "", text: t("common.close"), kind: "primary" }]);
    location.reload();
  });
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-account]");
  if (!button) return;
  attempt(async () => {
    await send(button.dataset.suspended === "yes" ? "DELETE" : "POST", `/admin/members/${button.dataset.account}/suspension`);
    location.reload();
  });
});
