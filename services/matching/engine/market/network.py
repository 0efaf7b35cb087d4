"""A market as arrays, and as the nodes and arcs of a flow."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from services.matching.engine.market.least_cost import FlowWiring

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
UNSERVED = -1


@dataclass(frozen=True, slots=True)
class Network:
    """What is to be assigned, as arrays.

    `rank[i]` orders the requests, 0 first. Arcs are sorted by request, then by cost. `group[j]` is the practitioner of
    slot j, and `group_costs[g]` the marginal cost of each place they may still take: increasing, its length is the
    cap. Without groups both are empty. `lowest` and `highest` bound costs, those of pairs not listed yet included.
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

    def only(self, arcs: IntArray) -> "Network":
        """The same market with these arcs only."""
        return replace(
            self, arc_request=self.arc_request[arcs], arc_slot=self.arc_slot[arcs], arc_cost=self.arc_cost[arcs]
        )


@dataclass(frozen=True, slots=True)
class Flow:
    """Who goes where (`slot[i]`, or `UNSERVED`), by which arc, with the penalties used; `certified`: counts proved."""

    slot: IntArray
    arc: IntArray
    penalty: IntArray
    gap: int
    certified: bool


def wire(network: Network, penalty: IntArray) -> FlowWiring:
    """Lay out the flow: request → slot → (practitioner →) sink, and request → sink at the penalty."""
    n, m, groups = len(network.rank), len(network.places), len(network.group_costs)
    sink = n + m + groups
    requests, slots = np.arange(n), np.arange(m)
    after_slot = n + m + network.group if groups else np.full(m, sink)
    steps = [len(costs) for costs in network.group_costs]
    group_tail = np.repeat(n + m + np.arange(groups), steps)
    group_cost = np.concatenate(network.group_costs) if groups else np.zeros(0, dtype=np.int64)
    ones = np.ones
    return FlowWiring(
        tail=np.concatenate([network.arc_request, requests, n + slots, group_tail]).astype(np.int64),
        head=np.concatenate([n + network.arc_slot, np.full(n, sink), after_slot, np.full(len(group_tail), sink)]),
        cost=np.concatenate([network.arc_cost, penalty, np.zeros(m, dtype=np.int64), group_cost]),
        capacity=np.concatenate(
            [ones(len(network.arc_request) + n, dtype=np.int64), network.places, ones(len(group_tail), dtype=np.int64)]
        ),
        nodes=sink + 1,
    )


def spans(starts: IntArray, which: IntArray) -> IntArray:
    """The concatenation of the ranges [starts[w], starts[w + 1])."""
    first, count = starts[which], starts[which + 1] - starts[which]
    if not len(which):
        return first
    offset = np.repeat(first - np.concatenate([[0], np.cumsum(count)[:-1]]), count)
    return np.asarray(np.arange(int(count.sum())) + offset)
