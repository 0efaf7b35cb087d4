"""The pairs given to the solver: the cheapest slots of each request, and no more than proof requires.

A request starts with its k cheapest slots by real cost. Once solved, prices say what any slot left out could still
save, and only the pairs that could are added; so are those that could serve someone left out. When none is left the
plan is optimal over every pair, listed or not.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from services.matching.engine.sameday.table import NOT_ALLOWED, Table

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
Wanted = Callable[[IntArray, IntArray, BoolArray], BoolArray]
ROWS_AT_ONCE = 4_000_000
MARGIN_S = 600


@dataclass(frozen=True, slots=True)
class Arcs:
    """Pairs on offer, sorted by request then cost: request and slot indices, cost.

    `last` is the dearest listed cost of each request when some were left out, `NOT_ALLOWED` when all are listed.
    `highest` and `lowest` bound the cost of every allowed pair, listed or not.
    """

    request: IntArray
    slot: IntArray
    cost: IntArray
    last: IntArray
    lowest: int
    highest: int


def blocks(table: Table, rows: IntArray) -> list[IntArray]:
    """Cut these rows so that a block stays small in memory."""
    height = max(1, ROWS_AT_ONCE // max(1, len(table.slots)))
    return [rows[start : start + height] for start in range(0, len(rows), height)]


def cheapest(table: Table, k: int) -> Arcs:
    """The k cheapest slots allowed to each request; ties go to the first slot."""
    parts = []
    lowest = highest = 0
    last = np.full(len(table.requests), NOT_ALLOWED)
    for rows in blocks(table, np.arange(len(table.requests))):
        cost = table.block(rows).cost
        lowest = min(lowest, int(cost.min(initial=0)))
        highest = max(highest, int(cost.max(initial=0, where=cost < NOT_ALLOWED)))
        order = np.argsort(cost, axis=1, kind="stable")[:, : k + 1]
        listed = np.take_along_axis(cost, order, axis=1)
        if order.shape[1] > k:
            last[rows] = np.where(listed[:, k] < NOT_ALLOWED, listed[:, k - 1], NOT_ALLOWED)
            order, listed = order[:, :k], listed[:, :k]
        where = np.nonzero(listed < NOT_ALLOWED)
        parts.append((rows[where[0]], order[where], listed[where]))
    return Arcs(*_join(parts), last, lowest, highest)


def widen(table: Table, arcs: Arcs, worth: IntArray, price: IntArray, scale: IntArray) -> Arcs | None:
    """Add every pair left out that could still save something; None when there is none, which proves the cost.

    `worth[i]` is what request i costs now, displacement included; `price[j]` the price of slot j: a pair saves when its
    cost (times `scale[i]`) plus the price is below the worth.
    """
    left_out = arcs.last < NOT_ALLOWED
    rows = np.nonzero(left_out & (worth > np.where(left_out, arcs.last, 0) * scale))[0]
    margin = MARGIN_S * int(scale.max(initial=1))

    def saving(part: IntArray, cost: IntArray, unlisted: BoolArray) -> BoolArray:
        reduced = np.where(unlisted, cost, 0) * scale[part][:, None] + price - worth[part][:, None]
        some = np.asarray((unlisted & (reduced < 0)).any(axis=1))
        # Pairs that nearly save come along: prices will move, and solving again costs more than a few arcs.
        return np.asarray((reduced < margin) & some[:, None])

    return _with(table, arcs, rows, saving)


def open_moves(table: Table, arcs: Arcs, in_the_way: BoolArray, seen: BoolArray) -> Arcs | None:
    """Add every pair left out between a request someone unserved could move and a slot that search never reached.

    None when there is none: then nobody can be served by any pair left out, which proves the counts.
    """
    rows = np.nonzero(in_the_way & (arcs.last < NOT_ALLOWED))[0]
    return _with(table, arcs, rows, lambda _part, _cost, unlisted: unlisted & ~seen)


def _with(table: Table, arcs: Arcs, rows: IntArray, wanted: Wanted) -> Arcs | None:
    """The pairs, plus those of these rows that are allowed, wanted and not listed yet; None when there are none."""
    parts = [(arcs.request, arcs.slot, arcs.cost)]
    last = arcs.last.copy()
    for part in blocks(table, rows):
        cost = table.block(part).cost
        unlisted = _find_unlisted(arcs, part, cost)
        chosen = unlisted & wanted(part, cost, unlisted)
        added = np.nonzero(chosen)
        parts.append((part[added[0]], added[1], cost[added]))
        # The cheapest one still left out bounds the others: `last` rises to just below it.
        remaining = np.where(unlisted & ~chosen, cost, NOT_ALLOWED).min(axis=1)
        last[part] = np.where(remaining < NOT_ALLOWED, np.maximum(last[part], remaining - 1), NOT_ALLOWED)
    request, slot, cost = _join(parts)
    if len(request) == len(arcs.request):
        return None
    order = np.lexsort((slot, cost, request))
    return replace(arcs, request=request[order], slot=slot[order], cost=cost[order], last=last)


def _find_unlisted(arcs: Arcs, part: IntArray, cost: IntArray) -> BoolArray:
    """Which allowed pairs of these rows are not listed."""
    position = np.full(len(arcs.last), -1)
    position[part] = np.arange(len(part))
    mine = position[arcs.request] >= 0
    unlisted = np.asarray(cost < NOT_ALLOWED)
    unlisted[position[arcs.request[mine]], arcs.slot[mine]] = False
    return unlisted


def _join(parts: list[tuple[IntArray, IntArray, IntArray]]) -> tuple[IntArray, IntArray, IntArray]:
    if not parts:
        empty = np.zeros(0, dtype=np.int64)
        return empty, empty, empty
    request, slot, cost = (np.concatenate(column).astype(np.int64) for column in zip(*parts, strict=True))
    return request, slot, cost
