"""Serve as many as possible class by class, then as cheaply as possible: one min-cost flow and its proof.

Requests that can be served together form a matroid, so any decreasing penalties serve the best counts class by class,
provided that the gap between two penalties exceeds what a person more could cost the others in travel. The gap starts
small because a small one solves faster; the proof (`counts_are_best`) is cheap; if it fails the gap grows.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from ortools.graph.python import min_cost_flow

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
UNSERVED = -1
FIRST_GAP = 10
WIDER = 8
INT64_MAX = 2**63 - 1


class FlowFailed(RuntimeError):
    """The flow solver did not answer OPTIMAL: its figures were not read."""


class CostsTooLarge(ValueError):
    """Costs so large that the solver could overflow: check the units, they are seconds."""


@dataclass(frozen=True, slots=True)
class Network:
    """What is to be assigned, as arrays.

    `rank[i]` orders the requests, 0 first. Arcs are sorted by request. `group[j]` is the practitioner of slot j, and
    `group_costs[g]` the marginal cost of each place they may still take: increasing, its length is the cap. Without
    groups the arrays are empty. `lowest` and `highest` bound costs, those of pairs not listed yet included.
    """

    rank: IntArray
    arc_request: IntArray
    arc_slot: IntArray
    arc_cost: IntArray
    places: IntArray
    group: IntArray
    group_costs: tuple[IntArray, ...] = ()
    lowest: int = 0
    highest: int = 0


@dataclass(frozen=True, slots=True)
class Flow:
    """Who goes where (`slot[i]`, or `UNSERVED`), by which arc, with the penalties used; `certified`: counts proved."""

    slot: IntArray
    arc: IntArray
    penalty: IntArray
    gap: int
    certified: bool


@dataclass(frozen=True, slots=True)
class Wiring:
    """The nodes and arcs of a network: requests, then slots, then groups, then the sink."""

    tail: IntArray
    head: IntArray
    cost: IntArray
    capacity: IntArray
    nodes: int


def wire(network: Network, penalty: IntArray) -> Wiring:
    """Lay out the flow: request → slot → (practitioner →) sink, and request → sink at the penalty."""
    n, m, groups = len(network.rank), len(network.places), len(network.group_costs)
    sink = n + m + groups
    requests, slots = np.arange(n), np.arange(m)
    after_slot = n + m + network.group if groups else np.full(m, sink)
    steps = [len(costs) for costs in network.group_costs]
    group_tail = np.repeat(n + m + np.arange(groups), steps)
    group_cost = np.concatenate(network.group_costs) if groups else np.zeros(0, dtype=np.int64)
    ones = np.ones
    return Wiring(
        tail=np.concatenate([network.arc_request, requests, n + slots, group_tail]).astype(np.int64),
        head=np.concatenate([n + network.arc_slot, np.full(n, sink), after_slot, np.full(len(group_tail), sink)]),
        cost=np.concatenate([network.arc_cost, penalty, np.zeros(m, dtype=np.int64), group_cost]),
        capacity=np.concatenate(
            [ones(len(network.arc_request) + n, dtype=np.int64), network.places, ones(len(group_tail), dtype=np.int64)]
        ),
        nodes=sink + 1,
    )


def solve_flow(network: Network) -> Flow:
    """The best counts by rank, then the least cost; the gap between penalties grows until the counts are proved."""
    dearest = _spread(network)
    # One more than can be moved, so that prices also hold for one person more.
    most = min(len(network.rank), int(network.places.sum())) + 1
    enough = most * (dearest + 1) + 1
    gap = min(enough, FIRST_GAP * (dearest + 1))
    while True:
        flow = _solve_at(network, gap)
        if flow.certified or gap >= enough:
            return flow
        gap = min(enough, gap * WIDER)


def _spread(network: Network) -> int:
    lowest, highest = _bounds(network)
    steps = [int(costs[-1]) - min(0, int(costs[0])) for costs in network.group_costs if len(costs)]
    return highest - lowest + max(steps, default=0)


def _bounds(network: Network) -> tuple[int, int]:
    lowest = int(network.arc_cost.min(initial=network.lowest))
    return lowest, int(network.arc_cost.max(initial=network.highest))


def _solve_at(network: Network, gap: int) -> Flow:
    ranks, position = np.unique(network.rank, return_inverse=True)
    lowest = _bounds(network)[0]
    penalty = (len(ranks) - position) * gap + max(0, -lowest) + _spread(network)
    wiring = wire(network, penalty.astype(np.int64))
    arc = _chosen(network, wiring)
    slot = np.where(arc >= 0, network.arc_slot[arc] if len(network.arc_slot) else UNSERVED, UNSERVED)
    return Flow(slot, arc, penalty.astype(np.int64), gap, counts_are_best(network, slot))


def _chosen(network: Network, wiring: Wiring) -> IntArray:
    n = len(network.rank)
    arc = np.full(n, UNSERVED)
    if n == 0 or len(network.arc_request) == 0:
        return arc
    limit = INT64_MAX // (4 * (wiring.nodes + 3))
    if int(np.abs(wiring.cost).max()) > limit:
        raise CostsTooLarge(CostsTooLarge.__doc__)
    solver = min_cost_flow.SimpleMinCostFlow()
    solver.add_arcs_with_capacity_and_unit_cost(
        wiring.tail.astype(np.int32), wiring.head.astype(np.int32), wiring.capacity, wiring.cost
    )
    solver.set_nodes_supplies(
        np.append(np.arange(n), wiring.nodes - 1).astype(np.int32), np.append(np.ones(n, dtype=np.int64), -n)
    )
    status = solver.solve()
    # Reading flows after any other status segfaults or gives zeros.
    if status != solver.OPTIMAL:
        raise FlowFailed(f"{FlowFailed.__doc__} ({status!r})")
    flows = solver.flows(np.arange(len(network.arc_request), dtype=np.int32))
    used = np.nonzero(flows)[0]
    arc[network.arc_request[used]] = used
    return arc


def counts_are_best(network: Network, slot: IntArray) -> bool:
    """Proof that no plan serves more of ranks up to p, for every p.

    It fails exactly when a person of rank p left out could be served by moving others of rank at most p, or by dropping
    one of a lower rank: a search for alternating paths (Berge), from those left out.
    """
    ranks = np.unique(network.rank[slot == UNSERVED])
    return not any(reach(network, slot, int(rank)).serves for rank in ranks)


@dataclass(frozen=True, slots=True)
class Reach:
    """Who could be moved for those unserved of a rank or better: the requests in the way, the slots they could have.

    `serves` tells that someone more of these ranks can be served. If not, there are more people than places here
    (a Hall violator), and that is the reason they have none.
    """

    serves: bool
    requests: BoolArray
    slots: BoolArray


def reach(network: Network, slot: IntArray, rank: int) -> Reach:
    """Search the alternating paths from the unserved of this rank or better."""
    n, m = len(network.rank), len(network.places)
    starts = np.searchsorted(network.arc_request, np.arange(n + 1))
    served = np.nonzero(slot >= 0)[0]
    holders = served[np.argsort(slot[served], kind="stable")]
    holder_starts = np.searchsorted(slot[holders], np.arange(m + 1))
    has_room = _room(network, slot)
    seen_slot, seen_request = np.zeros(m, dtype=bool), np.zeros(n, dtype=bool)
    frontier = np.nonzero((slot == UNSERVED) & (network.rank <= rank))[0]
    seen_request[frontier] = True
    while len(frontier):
        wanted = network.arc_slot[spans(starts, frontier)]
        slots = np.unique(wanted[~seen_slot[wanted]])
        slots = _through_groups(network, slot, slots, seen_slot)
        if has_room[slots].any():
            return Reach(True, seen_request, seen_slot)
        seen_slot[slots] = True
        who = holders[spans(holder_starts, slots)]
        if (network.rank[who] > rank).any():
            return Reach(True, seen_request, seen_slot)
        frontier = who[~seen_request[who]]
        seen_request[frontier] = True
    return Reach(False, seen_request, seen_slot)


def _room(network: Network, slot: IntArray) -> BoolArray:
    taken = np.bincount(slot[slot >= 0], minlength=len(network.places))
    room = taken < network.places
    if network.group_costs:
        caps = np.array([len(costs) for costs in network.group_costs])
        room &= (np.bincount(network.group, weights=taken, minlength=len(caps)) < caps)[network.group]
    return np.asarray(room)


def _through_groups(network: Network, slot: IntArray, slots: IntArray, seen_slot: BoolArray) -> IntArray:
    # A free place of a practitioner at their cap is won by freeing another of their slots.
    if not network.group_costs or not len(slots):
        return slots
    taken = np.bincount(slot[slot >= 0], minlength=len(network.places))
    free = slots[taken[slots] < network.places[slots]]
    reached = np.zeros(len(network.group_costs), dtype=bool)
    reached[network.group[free]] = True
    others = np.nonzero(reached[network.group] & (taken > 0) & ~seen_slot)[0]
    return np.union1d(slots, others)


def spans(starts: IntArray, which: IntArray) -> IntArray:
    """The concatenation of the ranges [starts[w], starts[w + 1])."""
    first, count = starts[which], starts[which + 1] - starts[which]
    offset = np.repeat(first - np.concatenate([[0], np.cumsum(count)[:-1]]), count) if len(which) else first
    return np.asarray(np.arange(int(count.sum())) + offset)
