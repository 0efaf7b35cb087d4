// The order of the rows. While somebody points at them they stay where they are, but for five seconds at most, and what
// is new is announced above: a P1 is never kept below what a mouse happens to rest on.

import { h } from "/static/dom.js";
import { t } from "/static/page.js";

const LONGEST_MS = 5_000;

/** `draw` is called when the rows may move again; `bar` says what waits to be shown. */
export function orderOf(table, bar, draw) {
  let order = [];
  let since = null;
  let timer = null;
  const pointedAt = () => table.matches(":hover") || table.contains(document.activeElement);

  function release() {
    clearTimeout(timer);
    timer = since = null;
    order = [];
    bar.hidden = true;
    draw();
  }

  function hold(rows) {
    since ??= Date.now();
    timer ??= setTimeout(release, LONGEST_MS);
    const at = new Map(order.map((id, index) => [id, index]));
    const fresh = rows.filter((each) => !at.has(each.id));
    bar.hidden = fresh.length === 0;
    bar.replaceChildren(h("button", { type: "button", class: "fresh", onclick: release }, words(fresh)));
    return rows.filter((each) => at.has(each.id)).sort((one, other) => at.get(one.id) - at.get(other.id));
  }

  function words(fresh) {
    const first = fresh.filter((each) => each.urgency === 1).length;
    return t("board.fresh", { n: fresh.length, p1: first ? t("board.fresh_p1", { n: first }) : "" });
  }

  return {
    /** Rows in the order to show them. `sorted`: as they should stand. */
    place(sorted) {
      const moves = order.length > 0 && sorted.map((each) => each.id).join() !== order.filter((id) => sorted.some((each) => each.id === id)).join();
      if (moves && pointedAt() && (since === null || Date.now() - since < LONGEST_MS)) return hold(sorted);
      clearTimeout(timer);
      timer = since = null;
      bar.hidden = true;
      order = sorted.map((each) => each.id);
      return sorted;
    },
    /** Somebody asked for another order: it is theirs at once. */
    renew() { order = []; },
  };
}
