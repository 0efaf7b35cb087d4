// The figures above the board: two that say what to do, then the others in a thin line, each beside last week's.

import { byId } from "/static/dom.js";
import { number, span, when } from "/static/format.js";
import { act } from "/static/matching/board/standing.js";
import { config, states, t } from "/static/page.js";

let told = null;
export const figures = () => told;

function figure(name, value, before = "", more = "") {
  const card = document.querySelector(`[data-figure="${name}"]`);
  card.querySelector(".figure-value").textContent = value;
  const past = card.querySelector(".figure-before");
  past.textContent = before;
  past.classList.toggle("unseen", !told || !anyPast());
  card.querySelector(".figure-more").textContent = more;
  return card;
}

const lived = (at) => at.submitted + at.waiting + at.free > 0;

/** A figure of a week ago, with the one of yesterday beside it. */
function earlier(value) {
  if (!told) return "";
  // Said once to who sees, and beside each figure to who hears.
  if (!anyPast()) return t("tension.no_earlier");
  const said = (at) => (lived(at) ? value(at) : "–");
  return t("tension.earlier", { week: said(told.last_week), yesterday: said(told.yesterday) });
}

const anyPast = () => lived(told.last_week) || lived(told.yesterday);

export function drawCounts(requests, free, context) {
  const rows = requests.filter((each) => states.seeking.has(each.state));
  const yours = requests.filter((each) => act(each, context));
  const lost = requests.filter((each) => each.state === "unserved");
  const first = rows.filter((each) => each.urgency === 1);
  const soonest = (some) => some.map((each) => each.deadline_at).sort()[0];
  figure("yours", number(yours.length), "", yours.length ? t("board.figure.until", { time: when(soonest(yours)) }) : t("board.figure.nothing")).classList.toggle("alarm", yours.length > 0);
  figure("p1", number(first.length), earlier((at) => number(at.p1)), first.length ? t("board.figure.until", { time: when(soonest(first)) }) : "").classList.toggle("alarm", first.length > 0);
  figure("waiting", number(rows.length), earlier((at) => number(at.waiting)));
  figure("lost", number(lost.length));
  const places = free.reduce((sum, slot) => sum + slot.capacity - slot.taken, 0);
  const earliest = free.map((slot) => slot.starts_at).sort()[0];
  figure("free", number(places), earlier((at) => number(at.free)), earliest ? t("tension.soonest", { time: when(earliest) }) : "");
  if (!told) return;
  byId("no-past").hidden = anyPast();
  const lasted = (at) => (at.median_s === null ? "–" : span(at.median_s * 1000));
  figure("median", lasted(told.today), earlier(lasted), t("tension.median_of"));
  const of = (at) => t("tension.of", { some: at.within_48_h, all: at.submitted });
  figure("served", of(told.today), earlier(of), t("tension.served_of"));
}

const SETTLES_MS = 1_500;
let figuring;

/** Ask for the server's figures a moment after something changed; `then` draws them. */
export function figuresSoon(then) {
  figuring ??= setTimeout(async () => {
    figuring = null;
    // While the server is away the banner says so; the next turn asks again.
    const cpts = encodeURIComponent(config.cpts);
    const [asked, free] = await Promise.all([`/tension/figures?cpts=${cpts}`, `/availability/free-places?cpts=${cpts}`].map((path) => fetch(path, { headers: { Accept: "application/json" } })
      .then((got) => (got.ok && !got.redirected ? got.json() : null))
      .catch(() => null)));
    if (asked === null || free === null) return;
    told = Object.fromEntries(Object.entries(asked).map(([then, each]) => [then, { ...each, free: free[then] }]));
    then();
  }, SETTLES_MS);
}
