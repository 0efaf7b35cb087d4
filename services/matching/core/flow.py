"""Serve as many as possible class by class, then as cheaply as possible: a min-cost flow and its proof.

Requests that can be served together form a matroid, so any decreasing penalties serve the best counts class by class,
provided that the gap between two penalties exceeds what a person more could cost the others in travel. The gap starts
small because a small one solves faster; the proof (`counts_are_best`) is cheap; if it fails the gap grows.

Most people get one of their very first choices. So the flow is first solved on a few arcs each; its prices tell which
of the other arcs could save anything, those are added, and when none could the flow is optimal on all of them.
"""

import numpy as np
from ortools.graph.python import min_cost_flow

from services.matching.core.network import UNSERVED, BoolArray, Flow, IntArray, Network, wire
from services.matching.core.prices import duals
from services.matching.core.proof import counts_are_best

FIRST_GAP = 10
WIDER = 8
FIRST_ARCS = 3
WORTH_SPLITTING = 20_000
INT64_MAX = 2**63 - 1


class FlowFailed(RuntimeError):
    """The flow solver did not answer OPTIMAL: its figures were not read."""


class CostsTooLarge(ValueError):
    """Costs so large that the solver could overflow: check the units, they are seconds."""


def solve_flow(network: Network) -> Flow:
    """The best counts by rank, then the least cost; the gap between penalties grows until the counts are proved."""
    dearest = _spread(network)
    # One more than can be moved, so that prices also hold for one person more.
    most = min(len(network.rank), int(network.places.sum())) + 1
    enough = most * (dearest + 1) + 1
    gap = min(enough, FIRST_GAP * (dearest + 1))
    listed = _first_arcs(network)
    while True:
        flow, listed = _solve_at(network, gap, listed)
        if flow.certified or gap >= enough:
            return flow
        gap = min(enough, gap * WIDER)


def _first_arcs(network: Network) -> BoolArray:
    if len(network.arc_request) < WORTH_SPLITTING:
        return np.ones(len(network.arc_request), dtype=bool)
    starts = np.searchsorted(network.arc_request, network.arc_request)
    return np.asarray(np.arange(len(starts)) - starts < FIRST_ARCS)


def penalties(network: Network, gap: int) -> IntArray:
    """What leaving each request out costs: more for a better rank, always more than any pair."""
    ranks, position = np.unique(network.rank, return_inverse=True)
    base = max(0, -_bounds(network)[0]) + _spread(network)
    return np.asarray((len(ranks) - position) * gap + base, dtype=np.int64)


def _spread(network: Network) -> int:
    lowest, highest = _bounds(network)
    steps = [int(costs[-1]) - min(0, int(costs[0])) for costs in network.group_costs if len(costs)]
    return highest - lowest + max(steps, default=0)


def _bounds(network: Network) -> tuple[int, int]:
    lowest = int(network.arc_cost.min(initial=network.lowest))
    return lowest, int(network.arc_cost.max(initial=network.highest))


def _solve_at(network: Network, gap: int, listed: BoolArray) -> tuple[Flow, BoolArray]:
    """Solve with this gap, starting from the arcs listed; also say which arcs were needed."""
    penalty = penalties(network, gap)
    while True:
        arcs = np.nonzero(listed)[0]
        part = network.only(arcs)
        chosen = choose(part, penalty)
        slot = np.full(len(chosen), UNSERVED)
        slot[chosen >= 0] = part.arc_slot[chosen[chosen >= 0]]
        missing = _missing(network, listed, part, Flow(slot, chosen, penalty, gap, certified=False))
        if not missing.any():
            break
        listed = listed | missing
    arc = np.full(len(chosen), UNSERVED)
    arc[chosen >= 0] = arcs[chosen[chosen >= 0]]
    return Flow(slot, arc, penalty, gap, counts_are_best(network, slot)), listed


def _missing(network: Network, listed: BoolArray, part: Network, flow: Flow) -> BoolArray:
    if listed.all():
        return np.zeros(len(listed), dtype=bool)
    found = duals(part, flow)
    reduced = network.arc_cost + found.price[network.arc_slot] - found.worth[network.arc_request]
    return np.asarray((reduced < 0) & ~listed)


def choose(network: Network, penalty: IntArray) -> IntArray:
    """The arc of each request in a flow of least cost, `UNSERVED` without. Overflow and status are checked first."""
    n = len(network.rank)
    arc = np.full(n, UNSERVED)
    if n == 0 or len(network.arc_request) == 0:
        return arc
    wiring = wire(network, penalty)
    if int(np.abs(wiring.cost).max()) > INT64_MAX // (4 * (wiring.nodes + 3)):
        raise CostsTooLarge(CostsTooLarge.__doc__)
    # Slots nobody lists would only be carried along.
    wanted = np.ones(len(wiring.tail), dtype=bool)
    first_slot = len(network.arc_request) + n
    wanted[first_slot : first_slot + len(network.places)] = (
        np.bincount(network.arc_slot, minlength=len(network.places)) > 0
    )
    solver = min_cost_flow.SimpleMinCostFlow()
    solver.add_arcs_with_capacity_and_unit_cost(
        wiring.tail[wanted].astype(np.int32),
        wiring.head[wanted].astype(np.int32),
        wiring.capacity[wanted],
        wiring.cost[wanted],
    )
    ends = np.append(np.arange(n), wiring.nodes - 1).astype(np.int32)
    solver.set_nodes_supplies(ends, np.append(np.ones(n, dtype=np.int64), -n))
    status = solver.solve()
    # Reading flows after any other status segfaults or gives zeros.
    if status != solver.OPTIMAL:
        raise FlowFailed(f"{FlowFailed.__doc__} ({status!r})")
    used = np.nonzero(solver.flows(np.arange(len(network.arc_request), dtype=np.int32)))[0]
    arc[network.arc_request[used]] = used
    return arc
