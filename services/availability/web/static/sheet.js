// Publishing: a sheet already filled with what this person did last time at this hour.

import { Problem } from "/static/api.js";
import { byId } from "/static/dom.js";
import { day, instantOf, time } from "/static/format.js";
import { showRefusal } from "/static/form.js";
import { now, t } from "/static/page.js";

const QUARTER = 900_000;
let bound = null;

export function wireSheet({ page, publish, last }) {
  const form = byId("publish-form");
  const sheet = byId("sheet");
  bound?.abort();
  bound = new AbortController();
  const { signal } = bound;
  const memory = () => `published ${page.practitioner} ${Math.floor(new Date(now()).getUTCHours() / 4)}`;
  form.elements.place.replaceChildren(...page.places.map((place) => new Option(place.name, place.id)));
  byId("place-field").hidden = page.places.length < 2;

  const count = () => Number(form.elements.count.value);
  const word = () => {
    byId("publish-submit").textContent = t("slots.publish_n", { n: count() });
  };
  const chosen = (name) => [...form.querySelectorAll(`[name="${name}"]:checked`)].map((box) => box.value);
  const problem = (text) => {
    byId("publish-problem").hidden = !text;
    byId("publish-problem").textContent = text;
  };

  /** The first quarter of an hour after now, or after the last slot of that day. */
  const firstStart = () => {
    const today = day(page.at) === day();
    const after = last() ? Date.parse(last().ends_at) : instantOf(day(page.at), "9:00");
    return Math.ceil(Math.max(after, today ? now() + QUARTER : 0) / QUARTER) * QUARTER;
  };
  sheet.addEventListener("ask", () => {
    const before = JSON.parse(localStorage.getItem(memory()) ?? "null");
    if (before) {
      for (const name of ["count", "minutes"]) form.elements[name].value = before[name];
      for (const [name, values] of [["mode", before.modes], ["type", before.types]]) {
        for (const box of form.querySelectorAll(`[name="${name}"]`)) box.checked = values.includes(box.value);
      }
      if (page.places.some((place) => place.id === before.place)) form.elements.place.value = before.place;
    }
    form.elements.from.value = time(firstStart()).padStart(5, "0");
    problem("");
    word();
    sheet.showModal();
    byId("publish-submit").focus();
  }, { signal });
  form.addEventListener("input", word, { signal });
  byId("sheet-close").addEventListener("click", () => sheet.close(), { signal });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [modes, types] = [chosen("mode"), chosen("type")];
    if (!modes.length || !types.length) return problem(t("slots.choose_one"));
    const order = {
      place_id: form.elements.place.value,
      count: count(),
      minutes: Number(form.elements.minutes.value),
      starts_at: new Date(instantOf(day(page.at), form.elements.from.value)).toISOString(),
      modes,
      types,
    };
    byId("publish-submit").disabled = true;
    try {
      await publish(order);
      localStorage.setItem(memory(), JSON.stringify({ count: order.count, minutes: order.minutes, modes, types, place: order.place_id }));
      sheet.close();
    } catch (error) {
      problem(error.message);
      if (error instanceof Problem) showRefusal(form, error);
    } finally {
      byId("publish-submit").disabled = false;
    }
    return undefined;
  }, { signal });
}
