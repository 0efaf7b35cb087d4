"""Small counts are hidden, and enough beside them that no sum gives one away.

A table with its sums is a circulation: each cell flows from its row to its column, each sum of a row from the source
to the row, each sum of a column from the column to the sink, and the sum of all from the sink to the source. What is
hidden may have been any circulation that agrees with what is shown. A hidden count is safe when it may as well have
been `least`: when that much more can flow through it over hidden edges, up without bound, down to 1 (0 is told, for it
is nobody). What must be hidden beside it is the cheapest such flow, an edge costing what it tells (Castro 2012,
"Recent advances in optimization techniques for statistical tabular data protection", part 3).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ortools.graph.python import min_cost_flow

LEAST = 5
"""The smallest count that is told."""
Table = Sequence[Sequence[int]]


@dataclass(frozen=True, slots=True)
class _Edge:
    y: int
    x: int
    tail: int
    head: int
    count: int


def with_sums(table: Table) -> list[list[int]]:
    """The table with a last column and a last row that hold the sums."""
    rows = [[*row, sum(row)] for row in table]
    return [*rows, [sum(column) for column in zip(*rows, strict=True)]] if rows else [[0]]


def suppress(table: Table, least: int = LEAST) -> list[list[int | None]]:
    """A table of counts with its sums, None where one is hidden.

    One table is hidden once: whatever is shown of it, filtered or as a file, is taken from the answer.
    """
    full = with_sums(table)
    edges = _edges(full)
    hidden = {edge for edge in edges if edge.count < least}
    for edge in sorted(hidden, key=lambda each: (each.count, each.y, each.x)):
        hidden |= _cover(edge, edges, hidden, least - edge.count)
    gone = {(edge.y, edge.x) for edge in hidden}
    return [[None if (y, x) in gone else count for x, count in enumerate(row)] for y, row in enumerate(full)]


def in_fives(count: Fraction | int) -> int:
    """A count rounded to `LEAST`: what it was on another day, less what it is now, is nobody in particular."""
    return LEAST * round(Fraction(count) / LEAST)


def tell(table: Table) -> list[list[int | None]]:
    """A table as it may be told again and again, of periods that hold each other: hidden, and the rest in fives.

    Hiding keeps one table from giving a small count away; rounding keeps the difference of two from doing so.
    """
    return [[None if count is None else in_fives(count) for count in row] for row in suppress(table)]


def _edges(full: list[list[int]]) -> list[_Edge]:
    """Every count above 0. Nodes: rows, then columns; the source is the last row, the sink the last column."""
    height = len(full)
    source, sink = height - 1, height + len(full[0]) - 1
    found = []
    for y, row in enumerate(full):
        for x, count in enumerate(row):
            last_row, last_column = y == height - 1, x == len(row) - 1
            if last_row and last_column:
                ends = sink, source
            elif last_column:
                ends = source, y
            elif last_row:
                ends = height + x, sink
            else:
                ends = y, height + x
            if count:
                found.append(_Edge(y, x, *ends, count))
    return found


def _cover(edge: _Edge, edges: Sequence[_Edge], hidden: set[_Edge], amount: int) -> set[_Edge]:
    """The edges over which so much more can flow back from the end of one to its start, those that tell least."""
    flow = min_cost_flow.SimpleMinCostFlow()
    arcs: dict[int, _Edge] = {}
    for other in edges:
        if other is edge:
            continue
        cost = 0 if other in hidden else other.count
        arcs[flow.add_arc_with_capacity_and_unit_cost(other.tail, other.head, amount, cost)] = other
        if other.count > 1:
            back = min(amount, other.count - 1)
            arcs[flow.add_arc_with_capacity_and_unit_cost(other.head, other.tail, back, cost)] = other
    flow.set_node_supply(edge.head, amount)
    flow.set_node_supply(edge.tail, -amount)
    if flow.solve() != flow.OPTIMAL:
        raise RuntimeError("A sum has no bound: it can always be hidden.")
    return {other for arc, other in arcs.items() if flow.flow(arc)}
