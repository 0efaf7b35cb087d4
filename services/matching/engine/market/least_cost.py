"""Min-cost flows of OR-Tools, asked safely, and the gap between penalties that widens until a plan is proved.

The two products serve first by class, then travel least, and for both any decreasing penalties are exact provided that
the gap between two of them exceeds what one person more may cost the others. A small gap solves faster and is mostly
enough; the proof is cheap; where it fails the gap grows, up to the gap at which it cannot fail.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from ortools.graph.python import min_cost_flow

IntArray = npt.NDArray[np.int64]
FIRST_GAP = 10
WIDER = 8
INT64_MAX = 2**63 - 1


class FlowFailed(RuntimeError):
    """The solver gave no plan, or one that its own prices do not prove: nothing of it was read."""


class CostsTooLarge(ValueError):
    """Costs so large that the solver could overflow: check the units, they are seconds."""


class Proved(Protocol):
    """What was solved at one gap, and whether its counts are proved."""

    @property
    def certified(self) -> bool:
        """Whether no plan serves more, class by class."""
        ...


P = TypeVar("P", bound=Proved)


def widen_until_proved(solve_at: Callable[[int], P], spread: int, most: int, first: int = FIRST_GAP) -> P:
    """What `solve_at` answers at the first gap that is proved.

    `spread`: how far apart two pairs may be in cost, in seconds; `most`: how many people can be moved; the gap starts
    at `first` times the spread. At `most` times the spread every plan of least cost has the best counts.
    """
    enough = most * (spread + 1) + 1
    gap = min(enough, first * (spread + 1))
    while True:
        found = solve_at(gap)
        if found.certified or gap >= enough:
            return found
        gap = min(enough, gap * WIDER)


def refuse_overflow(largest: int, nodes: int) -> None:
    """Raise `CostsTooLarge` where potentials, sums of costs along a path, could leave 64 bits; `largest` is a cost."""
    if largest > INT64_MAX // (4 * (nodes + 3)):
        raise CostsTooLarge(CostsTooLarge.__doc__)


@dataclass(frozen=True, slots=True)
class FlowWiring:
    """The arcs of a flow: one entry each of tail, head, cost in seconds and capacity in people; the sink is last."""

    tail: IntArray
    head: IntArray
    cost: IntArray
    capacity: IntArray
    nodes: int


def least_cost_flow(wiring: FlowWiring, supply: IntArray, read: int) -> IntArray:
    """People on each of the first `read` arcs in a flow of least cost. `supply`: who starts at each node but the sink.

    Raises `FlowFailed`: the status is checked first, because reading flows after any other one crashes or gives zeros.
    """
    solver = min_cost_flow.SimpleMinCostFlow()
    solver.add_arcs_with_capacity_and_unit_cost(
        wiring.tail.astype(np.int32), wiring.head.astype(np.int32), wiring.capacity, wiring.cost
    )
    starts = np.flatnonzero(supply)
    ends = np.append(starts, wiring.nodes - 1).astype(np.int32)
    solver.set_nodes_supplies(ends, np.append(supply[starts], -supply.sum()))
    status = solver.solve()
    if status != solver.OPTIMAL:
        raise FlowFailed(f"the flow solver answered {status!r}, not OPTIMAL")
    return np.asarray(solver.flows(np.arange(read, dtype=np.int32)), np.int64)
