"""A whole market matched at once by shortest paths, where there is room enough for most to have their first choice.

Whoever is alone in wanting a slot most has it at once: only the contested regions are searched, and they are small when
places are not scarce. Where they are not small the search gives up early, and the min-cost flow takes over.
"""

from itertools import pairwise

import numpy as np

from services.matching.engine.market.incremental import Matcher
from services.matching.engine.market.least_cost import FlowFailed
from services.matching.engine.market.network import UNSERVED, IntArray, Network

MOST_TRIED_PER_REQUEST = 2
ALWAYS_TRIED = 500
MOST_WAITING = 0.4


class NotProved(FlowFailed):
    """The prices do not prove the matching: it was not used."""


def match(network: Network, penalty: IntArray) -> IntArray | None:
    """The arc of each request, `UNSERVED` without, of least cost; None when caps bind or places are scarce."""
    n = len(network.rank)
    listed = np.bincount(network.arc_slot, minlength=len(network.places)) > 0
    if network.group_costs or int(network.places[listed].sum()) < n:
        return None
    matcher = _lay_out(network, penalty)
    tried, most = 0, ALWAYS_TRIED + MOST_TRIED_PER_REQUEST * n
    waiting = _first_choices(matcher)
    if len(waiting) > ALWAYS_TRIED // 10 + MOST_WAITING * n:
        return None
    for request in waiting:
        tried += matcher.insert(request)
        if tried > most:
            return None
    slot = np.array(matcher.slot, dtype=np.int64)
    used = np.nonzero(network.arc_slot == slot[network.arc_request])[0]
    arc = np.full(n, UNSERVED)
    arc[network.arc_request[used]] = used
    prove(network, penalty, arc, np.array(matcher.price, dtype=np.int64), np.array(matcher.worth, dtype=np.int64))
    return arc


def _lay_out(network: Network, penalty: IntArray) -> Matcher:
    n = len(network.rank)
    starts = np.searchsorted(network.arc_request, np.arange(n + 1)).tolist()
    costs, slots = network.arc_cost.tolist(), network.arc_slot.tolist()
    matcher = Matcher()
    matcher.costs = [costs[a:b] for a, b in pairwise(starts)]
    matcher.slots = [slots[a:b] for a, b in pairwise(starts)]
    matcher.penalty, matcher.worth, matcher.slot = penalty.tolist(), penalty.tolist(), [UNSERVED] * n
    matcher.places, matcher.price = network.places.tolist(), [0] * len(network.places)
    matcher.holders = [[] for _ in matcher.places]
    return matcher


def _first_choices(matcher: Matcher) -> list[int]:
    """Give each request its cheapest slot while there is room, at price 0; returns those who must search."""
    waiting = []
    for request, (costs, slots) in enumerate(zip(matcher.costs, matcher.slots, strict=True)):
        if slots and len(matcher.holders[slots[0]]) < matcher.places[slots[0]]:
            matcher.holders[slots[0]].append(request)
            matcher.slot[request], matcher.worth[request] = slots[0], costs[0]
        else:
            waiting.append(request)
    return waiting


def prove(network: Network, penalty: IntArray, arc: IntArray, price: IntArray, worth: IntArray) -> None:
    """Linear programming duality, checked on the arrays: feasible prices, equal where used, zero where room is left.

    `price` of each slot, `worth` of each request; raises `NotProved`.
    """
    served = arc >= 0
    reduced = network.arc_cost + price[network.arc_slot] - worth[network.arc_request]
    taken = np.bincount(network.arc_slot[arc[served]], minlength=len(price))
    holds = (
        (reduced >= 0).all()
        and (reduced[arc[served]] == 0).all()
        and (worth <= penalty).all()
        and (worth[~served] == penalty[~served]).all()
        and (price >= 0).all()
        and (taken <= network.places).all()
        and (price[taken < network.places] == 0).all()
    )
    if not holds:
        raise NotProved(NotProved.__doc__)
