"""Serve as many as possible class by class, then as cheaply as possible: a min-cost flow and its proof.

Requests that can be served together form a matroid, so any decreasing penalties serve the best counts class by class,
provided that the gap between two penalties exceeds what a person more could cost the others in travel. The gap starts
small because a small one solves faster; the proof (`counts_are_best`) is cheap; if it fails the gap grows.

Where places are not scarce most people get their first choice, and `bulk` searches the contested regions only;
elsewhere the cost-scaling flow of OR-Tools takes the whole market. Both are exact, and proved so.
"""

import numpy as np

from services.matching.engine.market.bulk import match
from services.matching.engine.market.least_cost import FlowWiring, least_cost_flow, refuse_overflow, widen_until_proved
from services.matching.engine.market.network import UNSERVED, Flow, IntArray, Network, wire
from services.matching.engine.market.proof import counts_are_best


def solve_flow(network: Network) -> Flow:
    """The best counts by rank, then the least cost; the gap between penalties grows until the counts are proved."""
    # One more than can be moved, so that prices also hold for one person more.
    most = min(len(network.rank), int(network.places.sum())) + 1
    return widen_until_proved(lambda gap: _solve_at(network, gap), spread(network), most)


def penalties(network: Network, gap: int) -> IntArray:
    """What leaving each request out costs: more for a better rank, always more than any pair."""
    ranks, position = np.unique(network.rank, return_inverse=True)
    return np.asarray((len(ranks) - position) * gap + spread(network), dtype=np.int64)


def spread(network: Network) -> int:
    """How far apart two pairs may be in cost, practitioners' margins included; never less than the dearest pair."""
    lowest, highest = _bounds(network)
    steps = [int(costs[-1]) - min(0, int(costs[0])) for costs in network.group_costs if len(costs)]
    return highest - lowest + max(steps, default=0)


def _bounds(network: Network) -> tuple[int, int]:
    """What every pair costs at least and at most, 0 between the two."""
    lowest = int(network.arc_cost.min(initial=network.lowest))
    return lowest, int(network.arc_cost.max(initial=network.highest))


def _solve_at(network: Network, gap: int) -> Flow:
    # No cost exceeds a penalty.
    nodes = len(network.rank) + len(network.places) + len(network.group_costs) + 1
    refuse_overflow(len(np.unique(network.rank)) * gap + spread(network), nodes)
    penalty = penalties(network, gap)
    arc = match(network, penalty)
    if arc is None:
        arc = flow_of_least_cost(network, penalty)
    slot = np.full(len(arc), UNSERVED)
    slot[arc >= 0] = network.arc_slot[arc[arc >= 0]]
    return Flow(slot, arc, penalty, gap, counts_are_best(network, slot))


def flow_of_least_cost(network: Network, penalty: IntArray) -> IntArray:
    """The arc of each request in a flow of least cost, `UNSERVED` without."""
    n = len(network.rank)
    arc = np.full(n, UNSERVED)
    if n == 0 or len(network.arc_request) == 0:
        return arc
    wiring = wire(network, penalty)
    # Slots nobody lists would only be carried along.
    wanted = np.ones(len(wiring.tail), dtype=bool)
    first_slot = len(network.arc_request) + n
    wanted[first_slot : first_slot + len(network.places)] = (
        np.bincount(network.arc_slot, minlength=len(network.places)) > 0
    )
    listed = FlowWiring(
        wiring.tail[wanted], wiring.head[wanted], wiring.cost[wanted], wiring.capacity[wanted], wiring.nodes
    )
    used = np.nonzero(least_cost_flow(listed, np.ones(n, dtype=np.int64), len(network.arc_request)))[0]
    arc[network.arc_request[used]] = used
    return arc
