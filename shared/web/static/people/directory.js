// Names of professionals and places: read over HTTP, never part of a stream.

import { get } from "/static/api.js";
import { config, label } from "/static/page.js";

const people = new Map();
const places = new Map();

export async function loadDirectory() {
  const { practitioners } = await get("availability", `/directory?cpts=${encodeURIComponent(config.cpts)}`);
  for (const entry of practitioners) {
    people.set(entry.id, entry);
    for (const place of entry.places) places.set(place.id, place);
  }
  return practitioners;
}

export const entryOf = (id) => people.get(id);
export const placeOf = (slot) => places.get(slot.place_id);
export const professionOf = (id) => (people.has(id) ? label("profession", people.get(id).profession) : "");

/** "Dr Ada Exemple" for doctors, dentists and pharmacists as they are called, else first and last name. */
export function nameOf(id) {
  const entry = people.get(id);
  if (!entry) return "";
  const title = ["10", "21", "40"].includes(entry.profession) ? "Dr " : "";
  return `${title}${entry.first_name} ${entry.last_name}`;
}
