"""A matching kept optimal while requests and places come and go: shortest augmenting paths on warm prices.

The state is a plan and the prices that prove it: `price[j]` of each slot, `worth[i]` of each request, with
cost + price >= worth on every arc and equality on the arc each request uses; a slot with room has price 0, a request
left out is worth its penalty. Each change repairs the plan along one path (Dijkstra on reduced costs), so the plan is
optimal after each change. Arcs of a request are sorted by cost: as prices are never negative, a search stops reading
them as soon as the cost alone is too much.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush

from services.matching.engine.market.network import UNSERVED

NOBODY = -1


@dataclass(slots=True)
class _Search:
    """One search for the cheapest path: the best end so far, slots settled and who came to each."""

    bound: int
    end: tuple[int, int]
    best: dict[int, int] = field(default_factory=dict)
    parents: dict[int, int] = field(default_factory=dict)
    settled: dict[int, int] = field(default_factory=dict)
    queue: list[tuple[int, int]] = field(default_factory=list)


class Matcher:
    """One market, changed event by event. Requests and slots are numbered in the order they came."""

    def __init__(self) -> None:
        self.costs: list[list[int]] = []
        self.slots: list[list[int]] = []
        self.penalty: list[int] = []
        self.slot: list[int] = []
        self.worth: list[int] = []
        self.places: list[int] = []
        self.price: list[int] = []
        self.holders: list[list[int]] = []
        self.askers: list[list[tuple[int, int]]] = []

    def add_slot(self, places: int, arcs: Sequence[tuple[int, int]] = ()) -> int:
        """Publish a slot that these requests may have, as (request, cost); who gains most by it moves in."""
        slot = len(self.places)
        self.places.append(0)
        self.holders.append([])
        self.askers.append([])
        # Dear enough that nobody minds not having it, until its places are given.
        self.price.append(max([0, *(self.worth[request] - cost for request, cost in arcs)]))
        for request, cost in arcs:
            self._list(request, cost, slot)
        for _ in range(places):
            self.add_place(slot)
        return slot

    def _list(self, request: int, cost: int, slot: int) -> None:
        at = bisect_right(self.costs[request], cost)
        self.costs[request].insert(at, cost)
        self.slots[request].insert(at, slot)
        self.askers[slot].append((request, cost))

    def add_request(self, costs: Sequence[int], slots: Sequence[int], penalty: int) -> int:
        """A request comes, with its arcs sorted by cost and what leaving it out costs; returns its number."""
        request = len(self.penalty)
        self.costs.append(list(costs))
        self.slots.append(list(slots))
        self.penalty.append(penalty)
        self.slot.append(UNSERVED)
        self.worth.append(penalty)
        for cost, slot in zip(costs, slots, strict=True):
            self.askers[slot].append((request, cost))
        self.insert(request)
        return request

    def insert(self, request: int) -> int:
        """Place a request not placed yet, moving others where that is cheapest; returns how many slots it tried."""
        reached, parents, end, total = self._cheapest_path(request)
        for slot, distance in reached.items():
            if distance < total:
                self.price[slot] += total - distance
                for holder in self.holders[slot]:
                    self.worth[holder] += total - distance
        self.worth[request] = total
        self._move_along(request, parents, end)
        return len(reached)

    def _cheapest_path(self, request: int) -> tuple[dict[int, int], dict[int, int], tuple[int, int], int]:
        """Settled slots with their distance, who came to each, the end as (who leaves, slot entered), its distance."""
        search = _Search(bound=self.penalty[request], end=(request, UNSERVED))
        self._leave(search, request, 0)
        while search.queue and search.queue[0][0] < search.bound:
            base, slot = heappop(search.queue)
            if slot in search.settled:
                continue
            search.settled[slot] = base
            for who in self.holders[slot]:
                self._leave(search, who, base - self.worth[who])
        return search.settled, search.parents, search.end, search.bound

    def _leave(self, search: "_Search", who: int, start: int) -> None:
        """Look where this one could go instead, at this distance before its own cost."""
        if start + self.penalty[who] < search.bound:
            search.bound, search.end = start + self.penalty[who], (who, UNSERVED)
        best = search.best
        for cost, slot in zip(self.costs[who], self.slots[who], strict=True):
            if start + cost >= search.bound:
                return
            distance = start + cost + self.price[slot]
            if distance < search.bound and distance < best.get(slot, search.bound):
                best[slot], search.parents[slot] = distance, who
                if len(self.holders[slot]) < self.places[slot]:
                    search.bound, search.end = distance, (who, slot)
                else:
                    heappush(search.queue, (distance, slot))

    def _move_along(self, request: int, parents: dict[int, int], end: tuple[int, int]) -> None:
        who, enters = end
        while True:
            left = self.slot[who]
            if left >= 0:
                self.holders[left].remove(who)
            self.slot[who] = enters
            if enters >= 0:
                self.holders[enters].append(who)
            if who == request:
                return
            who, enters = parents[left], left

    def remove_request(self, request: int) -> None:
        """A request goes away; its place goes to whoever gains most."""
        slot = self.slot[request]
        for listed in self.slots[request]:
            self.askers[listed] = [(who, cost) for who, cost in self.askers[listed] if who != request]
        self.costs[request], self.slots[request] = [], []
        self.slot[request], self.worth[request], self.penalty[request] = UNSERVED, 0, 0
        if slot >= 0:
            self.holders[slot].remove(request)
            self._fill(slot)

    def take_place(self, slot: int) -> None:
        """A place is gone: withdrawn, or given for good together with the request that leaves the market."""
        self.places[slot] -= 1
        if len(self.holders[slot]) > self.places[slot]:
            request = self.holders[slot].pop()
            self.slot[request] = UNSERVED
            self.insert(request)

    def commit(self, request: int) -> int:
        """Give a request its slot for good: both leave the market and nothing else moves. Returns the slot."""
        slot = self.slot[request]
        self.holders[slot].remove(request)
        self.places[slot] -= 1
        self.slot[request] = UNSERVED
        self.remove_request(request)
        return slot

    def add_place(self, slot: int) -> None:
        """One more place at a slot; who gains most moves in."""
        self.places[slot] += 1
        self._fill(slot)

    def _fill(self, slot: int) -> None:
        """A place is empty but has a price: lower prices until someone moves in or it is worth nothing."""
        if self.price[slot] == 0:
            return
        settled: dict[int, int] = {}
        movers: dict[int, tuple[int, int]] = {}
        total, end = self.price[slot], (slot, NOBODY)
        queue = [(0, slot)]
        best = {slot: 0}
        while queue and queue[0][0] < total:
            base, at = heappop(queue)
            if at in settled:
                continue
            settled[at] = base
            if base + self.price[at] < total:
                total, end = base + self.price[at], (at, NOBODY)
            total, end = self._who_would_come(at, base, (total, end), best, movers, queue)
        for at, distance in settled.items():
            if distance < total:
                self.price[at] -= total - distance
                for holder in self.holders[at]:
                    self.worth[holder] -= total - distance
        self._pull(slot, end, movers)

    def _who_would_come(
        self,
        at: int,
        base: int,
        found: tuple[int, tuple[int, int]],
        best: dict[int, int],
        movers: dict[int, tuple[int, int]],
        queue: list[tuple[int, int]],
    ) -> tuple[int, tuple[int, int]]:
        total, end = found
        for who, cost in self.askers[at]:
            distance = base + cost + self.price[at] - self.worth[who]
            if distance >= total or self.slot[who] == at or (who in movers and distance >= movers[who][1]):
                continue
            movers[who] = (at, distance)
            left = self.slot[who]
            if left < 0:
                total, end = distance, (UNSERVED, who)
            elif distance < best.get(left, total):
                best[left] = distance
                heappush(queue, (distance, left))
        return total, end

    def _pull(self, slot: int, end: tuple[int, int], movers: dict[int, tuple[int, int]]) -> None:
        """Move people back along the path, from the one who ends it to the empty place."""
        emptied, who = end
        if who == NOBODY and emptied == slot:
            return
        if who == NOBODY:
            who = self._comer(emptied, movers)
        while True:
            enters, left = movers[who][0], self.slot[who]
            if left >= 0:
                self.holders[left].remove(who)
            self.slot[who] = enters
            self.holders[enters].append(who)
            if enters == slot:
                return
            who = self._comer(enters, movers, but=who)

    def _comer(self, emptied: int, movers: dict[int, tuple[int, int]], but: int = NOBODY) -> int:
        """Who leaves this slot on the path: its holder that was cheapest to pull."""
        return min((movers[who][1], who) for who in self.holders[emptied] if who in movers and who != but)[1]

    def cost(self) -> int:
        """What the plan costs, people left out included."""
        total = 0
        for slot, penalty, slots, costs in zip(self.slot, self.penalty, self.slots, self.costs, strict=True):
            total += penalty if slot < 0 else costs[slots.index(slot)]
        return total
