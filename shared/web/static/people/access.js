// One's way in: what the link of an invitation or a reset opens. Its secret stands in the fragment, which no server sees.

import { call } from "/static/api.js";
import { byId, h } from "/static/dom.js";
import { attemptIn } from "/static/form.js";
import { t } from "/static/page.js";

const token = location.hash.slice(1);
history.replaceState({}, "", location.pathname);

async function open() {
  const setup = byId("setup");
  try {
    const opened = await call("availability", "POST", "/account/setup/look", { token }, { quiet: true });
    byId("for-whom").textContent = t("access.for", { name: opened.label });
    setup.elements.username.value = opened.email;
    const drawn = new DOMParser().parseFromString(opened.qr, "image/svg+xml").documentElement;
    byId("qr").replaceChildren(drawn);
    byId("secret").textContent = new URL(opened.totp_uri).searchParams.get("secret");
    setup.hidden = false;
    setup.elements.password.focus();
  } catch (problem) {
    const told = byId("access-problem");
    told.textContent = problem.body?.detail ?? t("access.away");
    told.hidden = false;
    byId("forgotten").hidden = false;
  }
}

byId("setup").addEventListener("submit", (event) => {
  event.preventDefault();
  const { password, code } = Object.fromEntries(new FormData(event.target));
  attemptIn(event.target, async () => {
    const { recovery_codes: codes } = await call("availability", "POST", "/account/setup", { token, password, code }, { quiet: true });
    event.target.hidden = true;
    byId("codes").replaceChildren(...codes.map((each) => h("li", {}, h("code", {}, each))));
    byId("done").hidden = false;
    byId("access-title").textContent = t("access.ready");
  });
});
byId("forgotten").addEventListener("submit", (event) => {
  event.preventDefault();
  attemptIn(event.target, async () => {
    await call("availability", "POST", "/account/forgotten", { email: event.target.elements.email.value }, { quiet: true });
    byId("forgotten-done").hidden = false;
  });
});
byId("print").addEventListener("click", () => print());

if (token) open();
else byId("forgotten").hidden = false;
