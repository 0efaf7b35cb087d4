// What a form is refused: said beside each field, in the words of the screen, and summed up at the foot of it.

import { Problem } from "/static/api.js";
import { h } from "/static/dom.js";
import { fail } from "/static/shell.js";

/** The control that a field of the service is typed in: its whole path, or its last word; `data-field` where names differ. */
function controlOf(form, field) {
  const last = field.split(".").filter((part) => !/^\d+$/.test(part)).at(-1) ?? field;
  const named = (name) => form.querySelector(`[name="${CSS.escape(name)}"], [data-field~="${CSS.escape(name)}"]`);
  return named(field) ?? named(last);
}

function clear(form) {
  for (const each of form.querySelectorAll(".fault[data-said]")) {
    const control = controlOf(form, each.dataset.said);
    control?.removeAttribute("aria-invalid");
    each.remove();
  }
}

/** Show what was refused beside the fields it is about; the first of them is where one goes on. */
export function showRefusal(form, problem) {
  clear(form);
  const faults = problem.body.errors ?? (problem.body.field ? [{ field: problem.body.field, rule: problem.body.detail }] : []);
  const controls = faults.map(({ field, rule }) => {
    const control = controlOf(form, field);
    if (!control) return null;
    control.setAttribute("aria-invalid", "true");
    (control.closest(".field") ?? control.parentElement).append(h("span", { class: "fault", "data-said": field }, rule));
    return control;
  });
  controls.find(Boolean)?.focus();
}

/** Run what a form does; a refusal is said beside its fields. Answers whether it went well. */
export async function attemptIn(form, action) {
  clear(form);
  try {
    await action();
    return true;
  } catch (error) {
    fail(error);
    if (error instanceof Problem) showRefusal(form, error);
    return false;
  }
}
