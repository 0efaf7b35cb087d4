// The request as typed: what it means for the service, what is wrong with it, and filling it from an address.

import { byId, h } from "/static/dom.js";
import { config, t } from "/static/page.js";
import { answersOf } from "/static/matching/desk/questions.js";
import { asOption, findPlaces } from "/static/matching/desk/place.js";

const SOURCES = { pharmacist: "pharmacy", regulator: "sas" };

/** The body of `POST /requests`, and what is wrong: `[field, wording]`. */
export function bodyOf(form, { commune, motive, deadlineAt, earliestAt, refused = [], ringing }) {
  const given = Object.fromEntries(new FormData(form));
  // A disabled form gives nothing: the request is already made.
  if (!("urgency" in given)) return { body: null, faults: [] };
  const faults = [];
  if (!commune) faults.push(["place", "referral.place.unknown"]);
  if (ringing()) faults.push(["motive", "referral.alarm.first"]);
  else if (!motive) faults.push(["motive", "referral.motive.unknown"]);
  const age = given.age.trim() === "" ? null : Number(given.age);
  if (age !== null && !(Number.isInteger(age) && age >= 0 && age <= 130)) faults.push(["age", "referral.age.fault"]);
  if (faults.length) return { body: null, faults };
  const body = {
    cpts_id: config.cpts,
    urgency: Number(given.urgency),
    motive: motive.code,
    modes: [given.move === "none" ? "HH" : "AMB", ...(given.video ? ["VR"] : [])],
    own_transport: given.move !== "foot",
    max_travel_minutes: Number(given.travel),
    wheelchair: Boolean(given.wheelchair),
    source: SOURCES[config.role] ?? "other",
  };
  if (commune.insee) body.insee = commune.insee;
  if (commune.address) body.point = { lat: commune.lat, lon: commune.lon };
  if (given.profession) body.professions = [given.profession];
  if (age !== null) body.age = age;
  Object.assign(body, answersOf(given));
  if (given.habitual) body.habitual_practitioner_id = given.habitual;
  if (deadlineAt) body.deadline_at = deadlineAt;
  if (earliestAt) body.earliest_at = earliestAt;
  if (refused.length) body.forbidden = refused;
  const patient = patientOf(form, motive);
  if (patient) body.patient = patient;
  return { body, faults };
}

/** Who comes, as far as it is typed; null when nothing is. These fields stay open while a slot is held. */
export function patientOf(form, motive) {
  const given = Object.fromEntries(["name", "phone", "address", "note"].map((name) => [name, form.elements[name].value.trim()]));
  if (motive?.said) given.motive = motive.said;
  return Object.values(given).some(Boolean) ? given : null;
}

/** What a visit still needs: where the practitioner goes, whom to call when they do not find it. */
export function missingFor(mode, form) {
  if (mode !== "HH") return [];
  const patient = patientOf(form);
  return [["address", "referral.patient.address_fault"], ["phone", "referral.patient.phone_fault"]].filter(([name]) => !patient?.[name]);
}

/** Show what is wrong, next to each field and summed up on top with links; true when nothing is. */
export function checkForm(form, faults) {
  const problem = byId("problem");
  const named = new Map(faults);
  for (const name of ["place", "motive", "age", "phone", "address"]) form.elements[name].setAttribute("aria-invalid", named.has(name));
  byId("age-fault").hidden = !named.has("age");
  problem.hidden = faults.length === 0;
  problem.replaceChildren(t("referral.fix", { n: faults.length }), " ", ...faults.flatMap(([name, wording], at) => [
    at ? " · " : "",
    h("a", { href: "#form", onclick: (event) => { event.preventDefault(); form.elements[name].focus(); } }, t(wording)),
  ]));
  if (faults.some(([name]) => ["phone", "address"].includes(name))) form.querySelector(".more").open = true;
  if (faults.length) form.elements[faults[0][0]].focus();
  return faults.length === 0;
}

const RPPS = /^urn:oid:1\.2\.250\.1\.71\.4\.2\.1\|8(\d{11})$/;
const GENERAL = new Set(["SM26", "SM53", "SM54"]);

/** What the address asks for: our own parameters, or those of the contextual call of a regulation software (INT_L01). */
function asked(where) {
  const given = new URLSearchParams(where.hash.slice(1) || where.search);
  const get = (...names) => names.map((name) => given.get(name)?.trim()).find(Boolean) ?? "";
  return {
    any: [...given.keys()].length > 0,
    urgency: /^[1-4]$/.test(get("urgence")) ? get("urgence") : "",
    age: get("age"),
    rpps: get("praticien") || (RPPS.exec(get("practitioner"))?.[1] ?? ""),
    place: get("commune", "loc"),
    motive: get("motif", "text"),
    specialty: get("specialty").split("|").at(-1),
  };
}

/** The profession that a specialty names, by its code or in words; none when we do not know it. */
function professionOf(specialty, select, plain) {
  if (GENERAL.has(specialty)) return "10";
  const wanted = plain(specialty);
  const known = [...select.options].find((each) => each.value === specialty || (wanted && plain(each.text).startsWith(wanted)));
  return known?.value ?? "";
}

/** Fill the form from the parameters that another software put in the address, then forget the address. */
export async function fillFrom(where, { form, place, motive, findMotive, people, plain }) {
  const wanted = asked(where);
  if (!wanted.any) return;
  history.replaceState({}, "", where.pathname);
  form.elements.age.value = wanted.age;
  form.elements.profession.value = wanted.specialty && professionOf(wanted.specialty, form.elements.profession, plain);
  // The SAS sends its regulators here for one practitioner, by RPPS.
  form.elements.habitual.value = people.find((each) => wanted.rpps && each.rpps === wanted.rpps)?.id ?? "";
  if (form.elements.profession.value || form.elements.habitual.value) form.querySelector(".more").open = true;
  if (wanted.place) {
    const [found] = (await findPlaces(wanted.place)).places;
    if (found) place.set(asOption(found));
    else form.elements.place.value = wanted.place;
  }
  if (wanted.motive) {
    const found = findMotive(wanted.motive, wanted.age === "" ? null : Number(wanted.age));
    if (found) motive.set(found);
    else form.elements.motive.value = wanted.motive;
  }
  // After the motive, which brings its own.
  if (wanted.urgency) form.elements.urgency.value = wanted.urgency;
}
