"""What a place is worth: shortest distances in the residual graph of an optimal flow, as whole seconds of cost.

Two prices, one for each direction. `extra`: what everybody together would save if the slot had one more place.
`displacing`: what everybody together would lose if someone else took one of its places.
"""

from dataclasses import dataclass

import numpy as np

from services.matching.engine.market.network import UNSERVED, Flow, IntArray, Network
from services.matching.engine.market.residual import distances, residual


@dataclass(frozen=True, slots=True)
class Duals:
    """Of each slot, `price`; of each request, `worth`: cost + price >= worth on every pair, equal on those used."""

    price: IntArray
    worth: IntArray


@dataclass(frozen=True, slots=True)
class Displacing:
    """Of each slot, what taking one of its places costs the others; of each request served, what moving it costs."""

    price: IntArray
    worth: IntArray


def duals(network: Network, flow: Flow) -> Duals:
    """The lowest prices that explain the flow."""
    n, m = len(network.rank), len(network.places)
    graph = residual(network, flow)
    from_sink = distances(graph, graph.nodes - 1)
    return Duals(price=-from_sink[n : n + m], worth=-from_sink[:n])


def extra(network: Network, flow: Flow, found: Duals) -> IntArray:
    """What one more place at each slot would save, one more person in its practitioner's load included."""
    return np.asarray(np.maximum(0, found.price - next_fairness(network, flow)))


def displacing(network: Network, flow: Flow) -> Displacing:
    """What one more person at each slot would cost, moving whoever is best moved; `FAR` where nobody can."""
    n, m = len(network.rank), len(network.places)
    graph = residual(network, flow)
    to_sink = distances(graph.reverse(), graph.nodes - 1)
    return Displacing(price=to_sink[n : n + m], worth=np.where(flow.slot == UNSERVED, -1, to_sink[:n]))


def next_fairness(network: Network, flow: Flow) -> IntArray:
    """Of each slot, what one person more in its practitioner's load would cost."""
    if not network.group_costs:
        return np.zeros(len(network.places), dtype=np.int64)
    taken = np.bincount(network.group[flow.slot[flow.slot >= 0]], minlength=len(network.group_costs))
    pairs = zip(network.group_costs, taken, strict=True)
    after = [int(costs[min(int(n), len(costs) - 1)]) if len(costs) else 0 for costs, n in pairs]
    return np.array(after, dtype=np.int64)[network.group]
