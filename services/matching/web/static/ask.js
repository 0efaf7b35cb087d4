// The request as typed: what it means for the service, what is wrong with it, and filling it from an address.

import { get } from "/static/api.js";
import { byId, h } from "/static/dom.js";
import { config, t } from "/static/page.js";

const SOURCES = { pharmacist: "pharmacy", regulator: "sas" };

/** The body of `POST /requests`, and what is wrong: `[field, wording]`. */
export function bodyOf(form, { commune, motive, deadlineAt }) {
  const given = Object.fromEntries(new FormData(form));
  // A disabled form gives nothing: the request is already made.
  if (!("urgency" in given)) return { body: null, faults: [] };
  const faults = [];
  if (!commune) faults.push(["place", "referral.place.unknown"]);
  if (!motive) faults.push(["motive", "referral.motive.unknown"]);
  const age = given.age.trim() === "" ? null : Number(given.age);
  if (age !== null && !(Number.isInteger(age) && age >= 0 && age <= 130)) faults.push(["age", "referral.age.fault"]);
  if (faults.length) return { body: null, faults };
  const patient = { name: given.name.trim(), phone: given.phone.trim(), note: given.note.trim() };
  const body = {
    cpts_id: config.cpts,
    insee: commune.insee,
    urgency: Number(given.urgency),
    motive: motive.code,
    modes: [given.move === "none" ? "HH" : "AMB", ...(given.video ? ["VR"] : [])],
    own_transport: given.move !== "foot",
    max_travel_minutes: Number(given.travel),
    wheelchair: Boolean(given.wheelchair),
    source: SOURCES[config.role] ?? "other",
  };
  if (age !== null) body.age = age;
  if (given.habitual) body.habitual_practitioner_id = given.habitual;
  if (deadlineAt) body.deadline_at = deadlineAt;
  if (Object.values(patient).some(Boolean)) body.patient = patient;
  return { body, faults };
}

/** Show what is wrong, next to each field and summed up on top with links; true when nothing is. */
export function checkForm(form, faults) {
  const problem = byId("problem");
  const named = new Map(faults);
  for (const name of ["place", "motive", "age"]) form.elements[name].setAttribute("aria-invalid", named.has(name));
  byId("age-fault").hidden = !named.has("age");
  problem.hidden = faults.length === 0;
  problem.replaceChildren(t("referral.fix", { n: faults.length }), " ", ...faults.flatMap(([name, wording], at) => [
    at ? " · " : "",
    h("a", { href: "#form", onclick: (event) => { event.preventDefault(); form.elements[name].focus(); } }, t(wording)),
  ]));
  if (faults.length) form.elements[faults[0][0]].focus();
  return faults.length === 0;
}

/** Fill the form from the parameters that the regulator's software put in the address, then forget the address. */
export async function fillFrom(where, { form, place, motive, motives, people }) {
  const given = new URLSearchParams(where.hash.slice(1) || where.search);
  if (![...given.keys()].length) return;
  history.replaceState({}, "", where.pathname);
  if (/^[1-4]$/.test(given.get("urgence") ?? "")) form.elements.urgency.value = given.get("urgence");
  if (given.has("age")) form.elements.age.value = given.get("age");
  // The SAS sends its regulators here for one practitioner, by RPPS.
  const usual = people.find((each) => each.rpps === given.get("praticien"));
  if (usual) {
    form.elements.habitual.value = usual.id;
    form.querySelector(".more").open = true;
  }
  if (given.has("commune")) {
    const found = (await get("matching", `/communes?q=${encodeURIComponent(given.get("commune"))}`))[0];
    if (found) place.set({ value: found, text: found.name });
  }
  const wanted = motives.find((each) => each.code === given.get("motif"));
  if (wanted) {
    motive.set({ value: wanted, text: wanted.label });
    if (/^[1-4]$/.test(given.get("urgence") ?? "")) form.elements.urgency.value = given.get("urgence");
  }
}
