// « Où est le patient ? »: communes as one types, addresses where the service knows them; it says when it does not.

import { post } from "/static/api.js";
import { combobox } from "/static/combobox.js";
import { config, t } from "/static/page.js";

/** What fits a text. It travels in the body: an address has no business in a log of requests. */
export const findPlaces = (text) => post("matching", "/places", { cpts_id: config.cpts, q: text });

export const asOption = (place) => ({ value: place, text: place.name, note: place.note });

/** The field `input`; `note` says when only communes could be looked for; `onChoose(option | null)` as a combobox does. */
export function placeField(input, note, onChoose) {
  return combobox(input, {
    least: 2,
    find: async (text) => {
      const { places, addresses, fallback } = await findPlaces(text);
      note.textContent = fallback ? t(`referral.place.${addresses}`) : "";
      return places.map(asOption);
    },
    onChoose: (option) => {
      if (option) note.textContent = "";
      onChoose(option);
    },
  });
}
