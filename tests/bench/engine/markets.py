"""Synthetic markets, drawn by seed: towns, practices of five slots, requests with a class, a window and a reach."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.matching.engine.market.network import Network

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
DAY_S = 12 * 3600
SLOTS_PER_PRACTICE = 5
SECONDS_PER_KM = 1.3 * 3600 / 50
SHARE_BY_CLASS = (0.1, 0.3, 0.4, 0.2)
WINDOW_S = (3 * 3600, 6 * 3600, DAY_S, DAY_S)
REACH_KM = (8.0, 20.0, 40.0)
WAIT_WEIGHT = 0.5


@dataclass(frozen=True)
class Market:
    """Requests against slots with the k cheapest pairs of each request; every slot takes one. `travel` is of arcs."""

    name: str
    network: Network
    travel_s: IntArray
    k: int

    @property
    def arcs(self) -> int:
        """How many pairs are on offer."""
        return len(self.network.arc_request)


def market(requests: int, slots: int, k: int, seed: int) -> Market:
    """Draw a market on a plane whose size keeps the density of practices, and keep the k cheapest pairs."""
    draw = np.random.default_rng(seed)
    practices = slots // SLOTS_PER_PRACTICE
    side_km = 4.0 * practices**0.5
    towns = draw.uniform(0, side_km, (max(4, practices // 12), 2))
    weight = draw.pareto(1.1, len(towns)) + 1
    weight /= weight.sum()
    where = towns[draw.choice(len(towns), practices, p=weight)] + draw.normal(0, 2.5, (practices, 2))
    homes = towns[draw.choice(len(towns), requests, p=weight)] + draw.normal(0, 4.0, (requests, 2))
    starts = draw.integers(0, DAY_S // 900, slots) * 900
    rank = draw.choice(4, requests, p=SHARE_BY_CLASS)
    asked = draw.integers(0, DAY_S - 3600, requests)
    deadline = np.minimum(DAY_S, asked + np.array(WINDOW_S)[rank])
    reach = np.array(REACH_KM)[draw.choice(3, requests, p=(0.2, 0.5, 0.3))]
    practice = np.arange(slots) // SLOTS_PER_PRACTICE
    request, slot, cost, travel_s = _cheapest(homes, where, practice, starts, asked, deadline, reach, k)
    network = Network(
        rank=rank.astype(np.int64),
        arc_request=request,
        arc_slot=slot,
        arc_cost=cost,
        places=np.ones(slots, dtype=np.int64),
        group=np.zeros(0, dtype=np.int64),
    )
    return Market(f"{requests} requests, {slots} slots, k = {k}", network, travel_s, k)


def _cheapest(
    homes: FloatArray,
    where: FloatArray,
    practice: IntArray,
    starts: IntArray,
    asked: IntArray,
    deadline: IntArray,
    reach: FloatArray,
    k: int,
) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    requests, slots, costs, travels = [], [], [], []
    far = np.int64(1) << 60
    for first in range(0, len(homes), 200):
        rows = np.arange(first, min(first + 200, len(homes)))
        km = np.hypot(*np.moveaxis(homes[rows, None] - where[None], -1, 0))[:, practice]
        fits = (km <= reach[rows, None]) & (starts >= asked[rows, None]) & (starts <= deadline[rows, None])
        wait = WAIT_WEIGHT * (starts[None] - asked[rows, None])
        cost = np.where(fits, np.rint(km * SECONDS_PER_KM + wait), far).astype(np.int64)
        order = np.argpartition(cost, k, axis=1)[:, :k]
        listed = np.take_along_axis(cost, order, axis=1)
        by_cost = np.lexsort((order, listed), axis=1)
        order, listed = np.take_along_axis(order, by_cost, axis=1), np.take_along_axis(listed, by_cost, axis=1)
        row, column = np.nonzero(listed < far)
        requests.append(rows[row])
        slots.append(order[row, column])
        costs.append(listed[row, column])
        journeys = np.take_along_axis(km, order, axis=1)
        travels.append(np.rint(journeys[row, column] * SECONDS_PER_KM).astype(np.int64))
    return np.concatenate(requests), np.concatenate(slots), np.concatenate(costs), np.concatenate(travels)
