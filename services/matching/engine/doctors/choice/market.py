"""People, doctors and the pairs that may meet, as arrays; and the exact plan of those that are allowed."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.matching.engine.market.flow import solve_flow
from services.matching.engine.market.network import Network

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
STEPS = 2
"""Within a class, two steps: those who come before, then the others."""


@dataclass(frozen=True, slots=True)
class ChoiceMarket:
    """`rank[i]`: the class of person i, 0 first. One entry a pair: person, doctor, travel in seconds, and cost (travel
    less what seniority is worth); pairs sorted by person, then by cost. `places[j]`: what doctor j has left.
    """

    rank: Ints
    pair_person: Ints
    pair_gp: Ints
    pair_travel_s: Ints
    pair_cost: Ints
    places: Ints

    @property
    def people(self) -> int:
        """How many people."""
        return len(self.rank)

    def any_of_person(self, pairs: Mask) -> Mask:
        """By person, whether one of their pairs is among these."""
        found = np.zeros(self.people, bool)
        found[self.pair_person[pairs]] = True
        return found


def plan(market: ChoiceMarket, allowed: Mask, *, units: Ints | None = None, before: Mask | None = None) -> Mask:
    """The pairs of the exact plan over those allowed: the most of each class in order, then the least cost.

    Person i claims `units[i]` places (1 if not given); of a class, those of `before` are served first. Raises
    `FlowFailed` when the solver gives no optimum.
    """
    units = np.ones(market.people, np.int64) if units is None else units
    later = np.zeros(market.people, np.int64) if before is None else (~before).astype(np.int64)
    kept = np.flatnonzero(allowed & (market.places[market.pair_gp] > 0) & (units[market.pair_person] > 0))
    chosen = np.zeros(len(allowed), bool)
    if not kept.size:
        return chosen
    people, copies = np.unique(market.pair_person[kept], return_counts=True)
    first_row = np.concatenate([[0], np.cumsum(units[people])])
    row_of = np.full(market.people, -1)
    row_of[people] = np.arange(len(people))
    who = np.repeat(people, units[people])
    # Each unit of a person is a row of its own, with all of their pairs.
    starts = np.concatenate([[0], np.cumsum(copies)])
    arcs = np.concatenate([kept[starts[row_of[person]] : starts[row_of[person] + 1]] for person in who])
    network = Network(
        rank=STEPS * market.rank[who] + later[who],
        arc_request=np.repeat(np.arange(len(who)), copies[row_of[who]]),
        arc_slot=market.pair_gp[arcs],
        arc_cost=market.pair_cost[arcs],
        places=market.places,
        group=np.zeros(0, np.int64),
    )
    assert first_row[-1] == len(who)  # noqa: S101  one row a unit
    found = solve_flow(network).arc
    chosen[arcs[found[found >= 0]]] = True
    return chosen
