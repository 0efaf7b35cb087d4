// Opening what is known of a patient: one deliberate gesture, and it leaves a trace.

import { get } from "/static/api.js";
import { h } from "/static/dom.js";
import { ask } from "/static/shell.js";
import { t } from "/static/page.js";

/** Read it at `path` of a service and show it under a title; the number is there to call. */
export async function openPatient(service, path, title) {
  let lines = [h("p", {}, t("common.patient.none"))];
  try {
    const patient = await get(service, `${path}?call=true`);
    lines = [h("dl", { class: "keys" }, Object.entries(patient).filter(([name, value]) => value && name !== "call").flatMap(([name, value]) => [
      h("dt", {}, t(`common.patient.${name}`)),
      h("dd", {}, name === "phone" && patient.call ? h("a", { class: "button", href: patient.call }, value) : String(value)),
    ])), h("p", { class: "hint" }, t("common.patient.logged"))];
  } catch (error) {
    if (error.status !== 404) throw error;
  }
  await ask(title, h("div", { class: "stack" }, lines), [{ value: "", text: t("common.close"), kind: "primary" }]);
}
