// Signing in, on its own page or over another one whose typed text must not be lost.

import { get, post } from "/static/api.js";
import { h } from "/static/dom.js";
import { t } from "/static/page.js";

/** Make the sign-in fields inside `root` work; `onDone(role)` follows success. */
export function wireSignIn(root, onDone) {
  const form = root.querySelector("[data-sign-in]");
  const problem = form.querySelector(".problem");
  const enter = async (path, body) => {
    problem.hidden = true;
    try {
      const { role } = await post("availability", path, body, { quiet: true });
      form.reset();
      onDone(role);
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
    }
  };
  form.onsubmit = (event) => {
    event.preventDefault();
    const missing = [...form.querySelectorAll("input")].filter((input) => !input.validity.valid);
    for (const input of form.querySelectorAll("input")) input.setAttribute("aria-invalid", missing.includes(input));
    if (missing.length) {
      problem.textContent = t("session.fill_in");
      problem.hidden = false;
      missing[0].focus();
      return;
    }
    const { email, password, totp } = Object.fromEntries(new FormData(form));
    enter("/session", { email, password, ...(/^\d{6}$/.test(totp) ? { totp } : { recovery: totp }) });
  };
  showCards(root.querySelector("[data-demo-cards]"), (card) => enter(`/session/demo/${card.account_id}`, {}));
}

async function showCards(box, choose) {
  const cards = await get("availability", "/session/demo", { quiet: true });
  const territories = [...new Set(cards.map((card) => card.cpts_id))];
  box.replaceChildren(h("p", {}, t("login.demo")), ...territories.map((cpts) => h("div", { class: "demo-territory" },
    cards.filter((card) => card.cpts_id === cpts).map((card) => h("button", { type: "button", "data-role": card.role, onclick: () => choose(card) },
      h("span", {}, card.label), h("small", {}, t(`login.does.${card.role}`)))))));
  box.hidden = cards.length === 0;
  const own = box.parentElement.querySelector("[data-own]");
  if (own) own.hidden = box.hidden;
}

