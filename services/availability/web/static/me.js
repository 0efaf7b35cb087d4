// What a practitioner sets for themselves: pause, cap, notice, new patients as médecin traitant, and their account.

import { call, get } from "/static/api.js";
import { byId } from "/static/dom.js";
import { number } from "/static/format.js";
import { drawPaid } from "/static/availability/paid.js";
import { attemptIn } from "/static/form.js";
import { attempt, toast } from "/static/shell.js";
import { t } from "/static/page.js";

let touched = false;
let bound = null;

/** Fill the form from the live state, unless somebody is changing it. */
export function fillMe(state, id) {
  const mine = state.practitioners?.[id];
  if (!mine) return;
  const form = byId("settings");
  if (!touched) {
    form.elements.paused.checked = mine.paused;
    form.elements.week_cap.value = mine.week_cap ?? "";
    form.elements.on_top_limit.value = mine.on_top_limit ?? "";
    for (const box of form.querySelectorAll("[name=qualification]")) box.checked = (mine.qualifications ?? []).includes(box.value);
  }
  const all = Object.values(state.practitioners).filter((each) => each.profession === mine.profession);
  const mean = all.reduce((sum, each) => sum + each.served_this_week, 0) / all.length;
  const patients = (n) => t("me.patients", { n: number(n) === String(n) ? n : number(n) });
  byId("ledger").textContent = t("me.ledger_text", {
    week: patients(mine.served_this_week), unknown: t("me.unknown", { n: mine.unknown_this_week }), mean: number(mean),
    month: patients(mine.served_4_weeks),
  });
  drawPaid(mine);
  const limited = mine.on_top_limit !== null;
  byId("on-top").textContent = limited ? `${mine.on_top_this_week} / ${mine.on_top_limit}` : number(mine.on_top_this_week);
  byId("on-top-meter").hidden = !limited;
  byId("on-top-meter").max = Math.max(1, mine.on_top_limit ?? 1);
  byId("on-top-meter").value = mine.on_top_this_week;
}

export function wireMe(page) {
  const [settings, panel] = [byId("settings"), byId("panel-form")];
  bound?.abort();
  bound = new AbortController();
  const { signal } = bound;
  touched = false;
  const whole = (form, name) => (form.elements[name].value.trim() === "" ? null : Number(form.elements[name].value));
  settings.addEventListener("input", () => { touched = true; }, { signal });
  settings.addEventListener("submit", (event) => {
    event.preventDefault();
    attemptIn(settings, async () => {
      const body = {
        paused: settings.elements.paused.checked,
        week_cap: whole(settings, "week_cap"),
        on_top_limit: whole(settings, "on_top_limit"),
        qualifications: [...settings.querySelectorAll("[name=qualification]:checked")].map((box) => box.value),
        give_back_minutes: Number(settings.elements.give_back_minutes.value),
        apply_to_published: settings.elements.apply_to_published.checked,
      };
      await call("availability", "PUT", `/practitioners/${page.practitioner}/settings`, body);
      touched = false;
      toast(t("me.saved"));
    });
  }, { signal });
  panel.addEventListener("submit", (event) => {
    event.preventDefault();
    attemptIn(panel, async () => {
      const criteria = {
        ...page.criteria,
        min_age: whole(panel, "min_age") ?? 0,
        max_age: whole(panel, "max_age") ?? 130,
        ald_share: whole(panel, "ald_share") ?? 0,
        home_visits: panel.elements.home_visits.checked,
      };
      await call("availability", "PUT", `/practitioners/${page.practitioner}/panel`, { places: whole(panel, "places") ?? 0, criteria });
      toast(t("me.saved"));
    });
  }, { signal });
  wireAccess(page, signal);
  attempt(async () => {
    const found = await get("availability", `/practitioners/${page.practitioner}/settings`);
    settings.elements.give_back_minutes.value = found.give_back_minutes;
    await readPanel(page, panel, found.panel_declared);
  });
}

/** How one gets into each place where this person works: the ticket of a patient shows it. */
function wireAccess(page, signal) {
  const form = byId("access-form");
  const place = () => page.places.find((each) => each.id === form.elements.place.value);
  const fill = () => {
    form.elements.access_note.value = place()?.access_note ?? "";
    form.elements.phone.value = place()?.phone ?? "";
    form.elements.wheelchair.checked = Boolean(place()?.wheelchair);
  };
  form.elements.place.replaceChildren(...page.places.map((each) => new Option(each.name, each.id)));
  form.elements.place.addEventListener("change", fill, { signal });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attemptIn(form, async () => {
      const body = {
        access_note: form.elements.access_note.value.trim(), phone: form.elements.phone.value.trim(),
        wheelchair: form.elements.wheelchair.checked,
      };
      await call("availability", "PUT", `/places/${form.elements.place.value}/access`, body);
      Object.assign(place(), body);
      toast(t("me.saved"));
    });
  }, { signal });
  byId("access").hidden = page.places.length === 0;
  fill();
}

async function readPanel(page, form, declared) {
  const nothing = { places: 0, criteria: { min_age: 0, max_age: 130, ald_share: 0, home_visits: false, communes: [] } };
  const found = declared ? await get("availability", `/practitioners/${page.practitioner}/panel`) : nothing;
  page.criteria = found.criteria;
  form.elements.places.value = found.places;
  for (const name of ["min_age", "max_age", "ald_share"]) form.elements[name].value = found.criteria[name];
  form.elements.home_visits.checked = found.criteria.home_visits;
}
