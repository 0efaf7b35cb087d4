"""What a place is worth: shortest distances in the residual graph of an optimal flow, as whole seconds of cost.

Two prices, one for each direction. `extra`: what everybody together would save if the slot had one more place.
`displacing`: what everybody together would lose if someone else took one of its places.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.matching.core.flow import UNSERVED, Flow, Network, wire

IntArray = npt.NDArray[np.int64]
FAR = np.int64(1) << 60


class NotOptimal(RuntimeError):
    """The residual graph has a negative cycle: the flow is not of least cost."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Of each slot, `price` (a dual), `extra` and `displacing`; of each request, its dual `worth`.

    Cost + price >= worth on every pair, with equality on those used.
    """

    price: IntArray
    extra: IntArray
    displacing: IntArray
    worth: IntArray


@dataclass(frozen=True, slots=True)
class Residual:
    """The moves still possible after a flow."""

    tail: IntArray
    head: IntArray
    cost: IntArray
    nodes: int


def residual(network: Network, flow: Flow) -> Residual:
    """Forward where room is left, backward where something flows; places nobody wants may be given back for free."""
    n = len(network.rank)
    wiring = wire(network, flow.penalty)
    sink = wiring.nodes - 1
    used = _flows(network, flow, len(wiring.tail))
    forward, backward = used < wiring.capacity, used > 0
    # Giving back an unused place costs nothing: it bounds the prices of what nobody uses.
    last = np.arange(len(network.arc_request) + n, len(wiring.tail))
    empty = last[(used[last] == 0) & _first_of_its_tail(wiring.tail[last])]
    backward[empty] = True
    return Residual(
        tail=np.concatenate([wiring.tail[forward], wiring.head[backward]]),
        head=np.concatenate([wiring.head[forward], wiring.tail[backward]]),
        cost=np.concatenate([wiring.cost[forward], -wiring.cost[backward]]),
        nodes=sink + 1,
    )


def _first_of_its_tail(tail: IntArray) -> npt.NDArray[np.bool_]:
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
    """Shortest distance from the source to every node (Bellman-Ford by whole rounds), `FAR` where there is no way."""
    order = np.argsort(graph.head, kind="stable")
    tail, cost = graph.tail[order], graph.cost[order]
    heads, first = np.unique(graph.head[order], return_index=True)
    distance = np.full(graph.nodes, FAR)
    distance[source] = 0
    for _ in range(graph.nodes + 1):
        reach = distance[tail]
        offered = np.minimum.reduceat(np.where(reach < FAR, reach + cost, FAR), first) if len(first) else first
        better = offered < distance[heads]
        if not better.any():
            return distance
        distance[heads[better]] = offered[better]
    raise NotOptimal(NotOptimal.__doc__)


def prices(network: Network, flow: Flow) -> Prices:
    """Price every slot and request of a solved network."""
    n, m = len(network.rank), len(network.places)
    graph = residual(network, flow)
    sink = graph.nodes - 1
    from_sink = distances(graph, sink)
    price = -from_sink[n : n + m]
    to_sink = distances(Residual(graph.head, graph.tail, graph.cost, graph.nodes), sink)
    return Prices(
        price=price,
        extra=np.maximum(0, price - _next_fairness(network, flow)),
        displacing=to_sink[n : n + m],
        worth=-from_sink[:n],
    )


def _next_fairness(network: Network, flow: Flow) -> IntArray:
    """What one more person would add to the load cost of each slot's practitioner."""
    if not network.group_costs:
        return np.zeros(len(network.places), dtype=np.int64)
    taken = np.bincount(network.group[flow.slot[flow.slot >= 0]], minlength=len(network.group_costs))
    pairs = zip(network.group_costs, taken, strict=True)
    after = [int(costs[min(int(n), len(costs) - 1)]) if len(costs) else 0 for costs, n in pairs]
    return np.array(after, dtype=np.int64)[network.group]
