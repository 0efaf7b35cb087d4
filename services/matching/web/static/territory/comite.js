// The committee's page: trends and counts of a period, for a meeting.

import { byId } from "/static/dom.js";
import { get } from "/static/api.js";
import { attempt, follow } from "/static/shell.js";
import { config } from "/static/page.js";
import { drawReview } from "/static/matching/territory/review.js";

const availability = follow("availability", (events) => {
  if (events === null) byId("territory").textContent = availability.state.cpts?.[config.cpts]?.name ?? "";
});
const names = new Map();
const motives = new Map();
await attempt(async () => {
  for (const each of await get("matching", "/motives")) motives.set(each.code, each.label);
});

export async function nameCommunes(wanted) {
  const missing = wanted.filter((insee) => !names.has(insee)).slice(0, 250);
  if (!missing.length) return;
  const answer = await fetch(`/tension/communes?${new URLSearchParams(missing.map((insee) => ["insee", insee]))}`);
  if (answer.ok) for (const each of await answer.json()) names.set(each.insee, each.name);
}

await drawReview({ cpts: config.cpts, motive: (code) => motives.get(code) ?? code, commune: (insee) => names.get(insee) ?? insee, nameCommunes });
