"""Proof that the counts are the best class by class: nobody left out can be reached by moving others."""

from dataclasses import dataclass

import numpy as np

from services.matching.engine.market.network import UNSERVED, BoolArray, IntArray, Network, spans


@dataclass(frozen=True, slots=True)
class Reach:
    """Who could be moved for those unserved of a rank or better: the requests in the way, the slots they could have.

    `serves` tells that someone more of these ranks can be served. If not, there are more people than places here
    (a Hall violator), and that is the reason they have none.
    """

    serves: bool
    requests: BoolArray
    slots: BoolArray


def counts_are_best(network: Network, slot: IntArray) -> bool:
    """Proof that no plan serves more of ranks up to p, for every p.

    It fails exactly when a person of rank p left out could be served by moving others of rank at most p, or by dropping
    one of a lower rank: a search for alternating paths (Berge), from those left out.
    """
    ranks = np.unique(network.rank[slot == UNSERVED])
    return not any(reach(network, slot, int(rank)).serves for rank in ranks)


def reach(network: Network, slot: IntArray, rank: int) -> Reach:
    """Search the alternating paths from the unserved of this rank or better."""
    n, m = len(network.rank), len(network.places)
    starts = np.searchsorted(network.arc_request, np.arange(n + 1))
    served = np.nonzero(slot >= 0)[0]
    holders = served[np.argsort(slot[served], kind="stable")]
    holder_starts = np.searchsorted(slot[holders], np.arange(m + 1))
    has_room = room(network, slot)
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


def room(network: Network, slot: IntArray) -> BoolArray:
    """Which slots could take one more person as things stand, their practitioner's cap included."""
    taken = np.bincount(slot[slot >= 0], minlength=len(network.places))
    free = taken < network.places
    if network.group_costs:
        caps = np.array([len(costs) for costs in network.group_costs])
        free &= (np.bincount(network.group, weights=taken, minlength=len(caps)) < caps)[network.group]
    return np.asarray(free)


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
