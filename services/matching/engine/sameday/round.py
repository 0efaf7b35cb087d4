"""One round as arrays: the pairs listed so far and the practitioners' limits, solved under given choices."""

from dataclasses import dataclass, replace
from math import lcm

import numpy as np
import numpy.typing as npt

from services.matching.engine.market.flow import solve_flow
from services.matching.engine.market.network import UNSERVED, Flow, Network, spans
from services.matching.engine.market.prices import Displacing, Duals, displacing, duals
from services.matching.engine.market.proof import reach
from services.matching.engine.market.residual import FAR
from services.matching.engine.model import Instance, Practitioner
from services.matching.engine.sameday.candidates import Arcs, cheapest, open_moves, widen
from services.matching.engine.sameday.costs import fairness_of_place, loads
from services.matching.engine.sameday.households import Choice, Relaxed
from services.matching.engine.sameday.order import rank_of
from services.matching.engine.sameday.rules import places_left_this_week
from services.matching.engine.sameday.table import NOT_ALLOWED, Table

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Solved:
    """A flow with what it was solved on: `units[u]` is the request of person u; costs are times `RoundSolver.scale`."""

    network: Network
    flow: Flow
    duals: Duals
    units: IntArray


class RoundSolver:
    """What stays the same through one solve, and the pairs listed so far; `root` is the solution before any choice.

    `dearest` is a cost that penalties must outweigh even if no pair of this round costs as much.
    """

    def __init__(self, table: Table, k: int, dearest: int = 0) -> None:
        self.table, self.instance = table, table.instance
        self.sizes = _ints([request.party for request in table.requests])
        self.ranks = _ints([rank_of(request) for request in table.requests])
        self.scale = lcm(*{int(size) for size in self.sizes}) if len(self.sizes) else 1
        self.places = _ints([slot.places for slot in table.slots])
        self.group, self.group_costs = groups(self.instance, table.offer.practitioners, self.scale)
        arcs = cheapest(table, k)
        self.arcs: Arcs = replace(arcs, highest=max(arcs.highest, dearest))
        self.root: Solved | None = None

    def relax(self, choice: Choice) -> Relaxed | None:
        """The best plan under these choices, over every pair; None when a choice does not fit the places left."""
        reserved = np.zeros(len(self.places), dtype=np.int64)
        for row, slot in choice.together.items():
            if slot >= 0:
                reserved[slot] += self.sizes[row]
        remaining, fixed = self._group_costs_after(reserved)
        if (reserved > self.places).any() or remaining is None:
            return None
        while True:
            solved = self._solve(choice, self.places - reserved, remaining)
            more = self._more(solved)
            if more is None:
                if not choice.together and not choice.banned and len(self.places):
                    self.root = solved
                return self._relax(choice, solved, fixed)
            self.arcs = more

    def _more(self, solved: Solved) -> Arcs | None:
        """Pairs left out that could save something or serve someone; None is the proof over every pair."""
        more = self._cheaper(solved, solved.duals)
        if more is not None or (self.arcs.last == NOT_ALLOWED).all():
            return more
        arcs = self.arcs
        for rank in np.unique(solved.network.rank[solved.flow.slot == UNSERVED]):
            reached = reach(solved.network, solved.flow.slot, int(rank))
            in_the_way = np.zeros(len(self.sizes), dtype=bool)
            in_the_way[solved.units[reached.requests]] = True
            arcs = open_moves(self.table, arcs, in_the_way, reached.slots) or arcs
        return None if arcs is self.arcs else arcs

    def displacing(self) -> IntArray:
        """What taking one place of each slot costs the others, over every pair; with households, of the relaxation."""
        if self.root is None:
            return np.zeros(len(self.places), dtype=np.int64)
        while True:
            found = displacing(self.root.network, self.root.flow)
            more = self._cheaper(self.root, found)
            if more is None:
                return np.where(found.price < FAR, found.price // self.scale, FAR)
            # The plan stays the best: only where people would go if they were moved is refined.
            self.arcs = more
            self.root = self._again(self.root)

    def _network(self, choice: Choice, places: IntArray, group_costs: tuple[IntArray, ...]) -> tuple[IntArray, Network]:
        free = np.array([row not in choice.together for row in range(len(self.sizes))], dtype=bool)
        units = np.repeat(np.nonzero(free)[0], self.sizes[free])
        arcs = self.arcs
        if choice.banned:
            key = arcs.request * len(self.places) + arcs.slot
            banned = _ints([row * len(self.places) + slot for row, slot in choice.banned])
            keep = ~np.isin(key, banned)
            arcs = replace(arcs, request=arcs.request[keep], slot=arcs.slot[keep], cost=arcs.cost[keep])
        starts = np.searchsorted(arcs.request, np.arange(len(self.sizes) + 1))
        which = spans(starts, units)
        return units, Network(
            rank=self.ranks[units],
            arc_request=np.repeat(np.arange(len(units)), starts[units + 1] - starts[units]),
            arc_slot=arcs.slot[which],
            arc_cost=arcs.cost[which] * (self.scale // self.sizes[arcs.request[which]]),
            places=places,
            group=self.group,
            group_costs=group_costs,
            lowest=arcs.lowest * self.scale,
            highest=arcs.highest * self.scale,
        )

    def _solve(self, choice: Choice, places: IntArray, group_costs: tuple[IntArray, ...]) -> Solved:
        units, network = self._network(choice, places, group_costs)
        flow = solve_flow(network)
        return Solved(network, flow, duals(network, flow), units)

    def _again(self, solved: Solved) -> Solved:
        """The same flow on the pairs listed by now."""
        units, network = self._network(Choice(), self.places, self.group_costs)
        used = np.nonzero(network.arc_slot == solved.flow.slot[network.arc_request])[0]
        arc = np.full(len(units), UNSERVED)
        arc[network.arc_request[used]] = used
        return replace(solved, network=network, flow=replace(solved.flow, arc=arc))

    def _cheaper(self, solved: Solved, found: Duals | Displacing) -> Arcs | None:
        worth = np.full(len(self.sizes), -1)
        np.maximum.at(worth, solved.units, found.worth)
        return widen(self.table, self.arcs, worth, found.price, self.scale // self.sizes)

    def _group_costs_after(self, reserved: IntArray) -> tuple[tuple[IntArray, ...] | None, int]:
        if not self.group_costs:
            return (), 0
        taken = np.bincount(self.group, weights=reserved, minlength=len(self.group_costs)).astype(np.int64)
        if any(t > len(costs) for t, costs in zip(taken, self.group_costs, strict=True)):
            return None, 0
        fixed = sum(int(costs[:t].sum()) for t, costs in zip(taken, self.group_costs, strict=True))
        return tuple(costs[t:] for t, costs in zip(taken, self.group_costs, strict=True)), fixed

    def _relax(self, choice: Choice, solved: Solved, fixed: int) -> Relaxed:
        slots: list[tuple[int, ...]] = [()] * len(self.sizes)
        for unit, slot in zip(solved.units, solved.flow.slot, strict=True):
            if slot >= 0:
                slots[unit] += (int(slot),)
        cost = fixed + int(solved.network.arc_cost[solved.flow.arc[solved.flow.arc >= 0]].sum())
        cost += self._fairness(solved)
        for row, slot in choice.together.items():
            slots[row] = (slot,) * int(self.sizes[row])
            rows = np.array([row])
            cost += int(self.table.block(rows).cost[0, slot]) * self.scale
        served = _ints([len(of_row) for of_row in slots])
        unserved = np.bincount(self.ranks, weights=self.sizes - served, minlength=6).astype(np.int64)
        return Relaxed(tuple(int(n) for n in unserved), cost, solved.flow.certified, tuple(slots))

    def _fairness(self, solved: Solved) -> int:
        network, slot = solved.network, solved.flow.slot
        if not network.group_costs:
            return 0
        counts = np.bincount(network.group[slot[slot >= 0]], minlength=len(network.group_costs))
        return sum(int(costs[:n].sum()) for n, costs in zip(counts, network.group_costs, strict=True))


def groups(instance: Instance, practitioners: list[Practitioner], scale: int) -> tuple[IntArray, tuple[IntArray, ...]]:
    """The practitioner of each slot and the marginal cost of each of their places; empty when nobody has a limit.

    A promise made before the cap was reached is kept: the cap is never below the people already told or decided on.
    """
    beta = instance.parameters.fairness_beta_s
    if not beta and all(one.week_cap is None for one in practitioners):
        return np.zeros(0, dtype=np.int64), ()
    index = {one.id: n for n, one in enumerate({one.id: one for one in practitioners}.values())}
    group = _ints([index[slot.practitioner] for slot in instance.slots])
    places, promised = dict.fromkeys(index, 0), dict.fromkeys(index, 0)
    owner = {slot.id: slot.practitioner for slot in instance.slots}
    for slot in instance.slots:
        places[slot.practitioner] += slot.places
    for request in instance.requests:
        kept = owner.get(request.forced or request.notified)
        if kept is not None:
            promised[kept] += request.party
    limits = {one.id: max(places_left_this_week(one), promised[one.id]) for one in practitioners}
    load = loads(instance)
    costs = tuple(
        _ints([fairness_of_place(beta, load[name], n + 1) * scale for n in range(min(limits[name], places[name]))])
        for name in index
    )
    return group, costs


def _ints(values: list[int]) -> IntArray:
    return np.array(values, dtype=np.int64)
