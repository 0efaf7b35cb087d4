"""The moves still possible after a flow, and the shortest distances along them: the duals of the market."""

from dataclasses import dataclass

import numpy as np

from services.matching.engine.market.least_cost import FlowFailed
from services.matching.engine.market.network import UNSERVED, BoolArray, Flow, IntArray, Network, spans, wire

FAR = np.int64(1) << 60


class NotOptimal(FlowFailed):
    """The residual graph has a negative cycle: the flow is not of least cost."""


@dataclass(frozen=True, slots=True)
class Residual:
    """Moves from tail to head, at a cost; negative when a move gives something back."""

    tail: IntArray
    head: IntArray
    cost: IntArray
    nodes: int

    def reverse(self) -> "Residual":
        """The same moves seen from where they end."""
        return Residual(self.head, self.tail, self.cost, self.nodes)


def residual(network: Network, flow: Flow) -> Residual:
    """Forward where room is left, backward where something flows; places nobody wants may be given back for free."""
    wiring = wire(network, flow.penalty)
    used = _flows(network, flow, len(wiring.tail))
    forward, backward = used < wiring.capacity, used > 0
    # Giving back an unused place costs nothing: it bounds the prices of what nobody uses.
    last = np.arange(len(network.arc_request) + len(network.rank), len(wiring.tail))
    backward[last[(used[last] == 0) & _first_of_its_tail(wiring.tail[last])]] = True
    return Residual(
        tail=np.concatenate([wiring.tail[forward], wiring.head[backward]]),
        head=np.concatenate([wiring.head[forward], wiring.tail[backward]]),
        cost=np.concatenate([wiring.cost[forward], -wiring.cost[backward]]),
        nodes=wiring.nodes,
    )


def _first_of_its_tail(tail: IntArray) -> BoolArray:
    return np.asarray(np.append([True], tail[1:] != tail[:-1])) if len(tail) else np.zeros(0, dtype=bool)


def _flows(network: Network, flow: Flow, arcs: int) -> IntArray:
    n, m = len(network.rank), len(network.places)
    used = np.zeros(arcs, dtype=np.int64)
    used[flow.arc[flow.arc >= 0]] = 1
    first = len(network.arc_request)
    used[first : first + n] = flow.slot == UNSERVED
    taken = np.bincount(flow.slot[flow.slot >= 0], minlength=m)
    used[first + n : first + n + m] = taken
    if network.group_costs:
        loads = np.bincount(network.group, weights=taken, minlength=len(network.group_costs)).astype(np.int64)
        steps = [np.arange(len(costs)) < load for costs, load in zip(network.group_costs, loads, strict=True)]
        used[first + n + m :] = np.concatenate(steps)
    return used


def distances(graph: Residual, source: int) -> IntArray:
    """Shortest distance from the source to every node, `FAR` where there is no way.

    Bellman-Ford by whole rounds; each round only looks at the moves out of the nodes that came nearer in the last one.
    """
    order = np.argsort(graph.tail, kind="stable")
    head, cost = graph.head[order], graph.cost[order]
    starts = np.searchsorted(graph.tail[order], np.arange(graph.nodes + 1))
    distance = np.full(graph.nodes, FAR)
    distance[source] = 0
    changed = np.array([source])
    for _ in range(graph.nodes + 1):
        moves = spans(starts, changed)
        offered = np.repeat(distance[changed], starts[changed + 1] - starts[changed]) + cost[moves]
        better = offered < distance[head[moves]]
        if not better.any():
            return distance
        reached = head[moves[better]]
        np.minimum.at(distance, reached, offered[better])
        changed = np.unique(reached)
    raise NotOptimal(NotOptimal.__doc__)
