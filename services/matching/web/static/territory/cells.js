// The territory as areas: imported outlines, else the cell of what is nearer to each commune's centre than to another's.

const KM_PER_DEGREE = 111.2;
const SIDES = 24;
const LEAST_KM = 2, MOST_KM = 9;

let asked = new Set();
const outlines = new Map();

/** Outlines that were imported; asked for once. Answers whether there are new ones. */
export async function loadShapes(communes) {
  const missing = communes.filter((insee) => !asked.has(insee)).slice(0, 250);
  if (!missing.length) return false;
  asked = new Set([...asked, ...missing]);
  const answer = await fetch(`/tension/shapes?${new URLSearchParams(missing.map((insee) => ["insee", insee]))}`);
  if (!answer.ok) return false;
  const found = Object.entries(await answer.json());
  for (const [insee, rings] of found) outlines.set(insee, rings);
  return found.length > 0;
}

/** The rings of each commune `{insee, lat, lon}`. */
export function areasOf(communes) {
  return new Map(communes.map((one) => [one.insee, outlines.get(one.insee) ?? [cell(one, communes)]]));
}

function cell(one, all) {
  const squeeze = Math.cos(one.lat * Math.PI / 180);
  const away = all.filter((other) => other.insee !== one.insee)
    .map((other) => [(other.lon - one.lon) * KM_PER_DEGREE * squeeze, (other.lat - one.lat) * KM_PER_DEGREE]).filter(([x, y]) => x || y);
  const nearest = Math.min(MOST_KM, ...away.map(([x, y]) => Math.hypot(x, y)));
  const reach = Math.max(LEAST_KM, nearest);
  let ring = Array.from({ length: SIDES }, (_, n) => [reach * Math.cos(2 * Math.PI * n / SIDES), reach * Math.sin(2 * Math.PI * n / SIDES)]);
  for (const other of away) ring = nearer(ring, other);
  return ring.map(([x, y]) => [one.lat + y / KM_PER_DEGREE, one.lon + x / (KM_PER_DEGREE * squeeze)]);
}

/** The part of a ring that is nearer to the origin than to another point. */
function nearer(ring, [ox, oy]) {
  const half = (ox * ox + oy * oy) / 2;
  const side = ([x, y]) => x * ox + y * oy - half;
  return ring.flatMap((point, index) => {
    const next = ring[(index + 1) % ring.length];
    const [here, there] = [side(point), side(next)];
    const kept = here <= 0 ? [point] : [];
    if ((here <= 0) === (there <= 0)) return kept;
    const share = here / (here - there);
    return [...kept, [point[0] + share * (next[0] - point[0]), point[1] + share * (next[1] - point[1])]];
  });
}
