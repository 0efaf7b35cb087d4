// At most three questions, only those that decide who may see the patient directly; and who may not, with why.

import { byId, h } from "/static/dom.js";
import { label, t } from "/static/page.js";

const ASKED = "answer.";

/** What was answered, as the request takes it. */
export function answersOf(given) {
  const said = Object.entries(given).filter(([name]) => name.startsWith(ASKED)).map(([name, value]) => [name.slice(ASKED.length), value === "yes"]);
  const answers = Object.fromEntries(said.filter(([code]) => code !== "sex"));
  const sex = said.find(([code]) => code === "sex");
  return { ...(sex ? { sex: sex[1] ? "f" : "m" } : {}), ...(Object.keys(answers).length ? { answers } : {}) };
}

/** Draw what the answer asks for; a question stays while its motive does, so that its answer can change. */
export function drawQuestions(page) {
  const box = byId("questions");
  const motive = page.motive?.code ?? "";
  if (box.dataset.motive !== motive) Object.assign(box, { hidden: true }).replaceChildren();
  box.dataset.motive = motive;
  const answer = motive ? page.answer : null;
  if (!answer) return;
  for (const code of answer.questions ?? []) {
    if (code !== "age" && !box.querySelector(`[data-code="${code}"]`)) box.append(question(code));
  }
  box.querySelectorAll("p").forEach((line) => line.remove());
  const says = [
    ...(answer.questions ?? []).filter((code) => code === "age").map(() => t("referral.question.age")),
    ...(answer.closed ?? []).map(closed),
  ];
  box.append(...says.map((text) => h("p", { class: "hint" }, text)));
  box.hidden = box.children.length === 0;
}

function question(code) {
  const choice = (value) => h("label", { class: "chip" }, h("input", { type: "radio", name: ASKED + code, value }), h("span", {}, t(`referral.question.${value}`)));
  return h("fieldset", { class: "field", "data-code": code }, h("legend", {}, t(`referral.question.${code}`)), h("div", { class: "chips" }, choice("yes"), choice("no")));
}

function closed(each) {
  const flag = each.flag ? t(`referral.access.what.${each.flag}`) : "";
  const why = t(`referral.access.${each.condition}`, { min: each.min_age, max: each.max_age, flag });
  return [label("profession", each.profession), " : ", why, each.instead ? ` ${t("referral.access.instead", { who: label("profession", each.instead) })}` : ""].join("");
}
