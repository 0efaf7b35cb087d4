// What the administration sets: the calculation, its automatic steps and weights; the rounds of médecin traitant.

import { call } from "/static/api.js";
import { byId, h } from "/static/dom.js";
import { attemptIn } from "/static/form.js";
import { config, label, t } from "/static/page.js";

/** The body that a form's names spell: `weights.detour`, `escalation.0.after_minutes.2`. A number left empty is null. */
function bodyOf(form) {
  const body = {};
  for (const field of form.elements) {
    if (!field.name || field.disabled) continue;
    const path = field.name.split(".");
    const last = path.pop();
    let at = body;
    path.forEach((part, index) => {
      at[part] ??= /^\d+$/.test(path[index + 1] ?? last) ? [] : {};
      at = at[part];
    });
    const text = field.value.trim();
    at[last] = field.type !== "number" && field.dataset.kind !== "number" ? text || null : text === "" ? null : Number(text);
  }
  return body;
}

const parameters = byId("parameters");

/** The steps that are taken, numbered again; the others say nothing. */
function numberSteps() {
  let count = 0;
  for (const row of parameters.querySelectorAll("[data-step]")) {
    const taken = row.querySelector("[data-taken]").checked;
    for (const input of row.querySelectorAll("input[type=number]")) {
      const own = input.name.replace(/^escalation\.\d+\./, "");
      input.name = taken ? `escalation.${count}.${own}` : own;
      input.disabled = !taken;
    }
    if (taken) count += 1;
  }
}

parameters.addEventListener("change", numberSteps);
parameters.addEventListener("submit", (event) => {
  event.preventDefault();
  numberSteps();
  attemptIn(parameters, async () => {
    const body = bodyOf(parameters);
    const steps = [...parameters.querySelectorAll("[data-step]")].filter((row) => row.querySelector("[data-taken]").checked);
    body.escalation = steps.map((row, index) => ({ step: row.dataset.step, ...body.escalation[index] }));
    if (body.confirm_after_minutes.every((each) => each === null)) body.confirm_after_minutes = null;
    await call("matching", "PUT", `/parameters/${config.cpts}`, body);
    location.reload();
  });
});
numberSteps();

const rounds = byId("rounds");
const list = byId("classes");

function row(item) {
  const { code, flag, min_age: age } = JSON.parse(item.dataset.class);
  const hidden = (name, value, kind) => h("input", { type: "hidden", "data-name": name, "data-kind": kind, value: value ?? "" });
  const act = (word, run) => h("button", { type: "button", class: "quiet", onclick: () => { run(); numberClasses(); } }, t(word), h("span", { class: "unseen" }, ` ${label("attachment_class", code)}`));
  item.className = "spread field";
  item.replaceChildren(h("span", {}, label("attachment_class", code)), h("span", { class: "row" },
    act("admin.class_up", () => item.previousElementSibling?.before(item)), act("admin.class_drop", () => drop(item)),
    hidden("code", code), hidden("flag", flag), hidden("min_age", age, "number")));
}

function drop(item) {
  const option = [...byId("class-more").options].find((each) => each.value === item.dataset.class) ?? byId("class-more").appendChild(new Option(item.querySelector("span").textContent, item.dataset.class));
  Object.assign(option, { hidden: false, disabled: false });
  item.remove();
}

function numberClasses() {
  [...list.children].forEach((item, index) => {
    for (const input of item.querySelectorAll("[data-name]")) input.name = `classes.${index}.${input.dataset.name}`;
  });
}

byId("class-add").addEventListener("click", () => {
  const [option] = byId("class-more").selectedOptions;
  if (!option || option.disabled) return;
  const item = h("li", { "data-class": option.value });
  list.append(item);
  row(item);
  numberClasses();
  Object.assign(option, { hidden: true, disabled: true });
  byId("class-more").value = [...byId("class-more").options].find((each) => !each.disabled)?.value ?? "";
});
rounds.addEventListener("submit", (event) => {
  event.preventDefault();
  attemptIn(rounds, async () => {
    await call("matching", "PUT", `/attachment-parameters/${config.cpts}`, { classes: [], ...bodyOf(rounds) });
    location.reload();
  });
});
for (const item of list.children) row(item);
numberClasses();
