"""What one more place would be worth, for planners: by practitioner and by commune, as exact as solving again.

A place more lets one unit run from the sink back to its slot along a shortest path of the residual graph. At a slot
that is full already, the path ends with one pair more: the person who would gain most by having that place.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from services.matching.engine.market.prices import extra
from services.matching.engine.model import Instance, Slot, Urgency
from services.matching.engine.sameday.costs import dearest, fairness_of_place, loads
from services.matching.engine.sameday.round import Solved
from services.matching.engine.sameday.solve import Decided, decide
from services.matching.engine.sameday.table import NOT_ALLOWED, Table
from services.matching.engine.travel import Travel

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PlacePrice:
    """What everybody together would save if this slot had one more place; `serves`: the class of who would be served.

    Where nobody more would be, `serves` is None and what is saved is travel and wait, in seconds.
    """

    practitioner: str
    slot: str
    saves: int
    commune: str = ""
    serves: Urgency | None = None


def place_prices(
    instance: Instance,
    full: Iterable[Slot] = (),
    commune_of: Mapping[str, str] | None = None,
    travel: Travel | None = None,
) -> tuple[PlacePrice, ...]:
    """One more place at each slot, those that are `full` included, the most precious first; communes by slot."""
    whole = replace(instance, slots=(*instance.slots, *(replace(slot, places=0) for slot in full)))
    decided = decide(whole, travel, dearest(whole))
    solved = decided.round.root
    if solved is None:
        return ()
    saves, levels = _saves(decided, solved, travel), _levels(decided, solved)
    communes = commune_of or {}
    priced = (
        PlacePrice(slot.practitioner, slot.id, int(saved), communes.get(slot.id, ""), _find_served(levels, int(saved)))
        for slot, saved in zip(decided.table.slots, saves, strict=True)
    )
    return tuple(sorted(priced, key=lambda one: (-one.saves, one.practitioner, one.slot)))


def by_practitioner(prices: Iterable[PlacePrice]) -> tuple[PlacePrice, ...]:
    """Of each practitioner the slot where one more place would save most."""
    return _first_of_each(prices, lambda one: one.practitioner)


def by_commune(prices: Iterable[PlacePrice]) -> tuple[PlacePrice, ...]:
    """Of each commune known the slot where one more place would save most."""
    return _first_of_each((one for one in prices if one.commune), lambda one: one.commune)


def _first_of_each(prices: Iterable[PlacePrice], of: Callable[[PlacePrice], str]) -> tuple[PlacePrice, ...]:
    first: dict[str, PlacePrice] = {}
    for one in sorted(prices, key=lambda one: -one.saves):
        first.setdefault(of(one), one)
    return tuple(first.values())


def _saves(decided: Decided, solved: Solved, travel: Travel | None) -> IntArray:
    scale, slots = decided.round.scale, decided.table.slots
    saves = extra(solved.network, solved.flow, solved.duals) // scale
    full = np.array([slot.places == 0 for slot in slots], dtype=bool)
    if not full.any() or not decided.table.requests:
        return saves
    opened = replace(decided.table.instance, slots=tuple(replace(slot, places=max(1, slot.places)) for slot in slots))
    cost = Table(opened, travel).block(np.arange(len(decided.table.requests))).cost[:, full]
    worth = np.zeros(len(cost), dtype=np.int64)
    np.maximum.at(worth, solved.units, solved.duals.worth // scale)
    gain = np.where(cost < NOT_ALLOWED, worth[:, None] - cost, 0).max(axis=0)
    saves[full] = np.maximum(0, gain - _margins(decided)[full])
    return saves


def _margins(decided: Decided) -> IntArray:
    """Of each slot, what one person more in its practitioner's load would cost, after those of the plan."""
    instance, slots = decided.table.instance, decided.table.slots
    beta, load = instance.parameters.fairness_beta_s, loads(instance)
    taken = Counter(slots[column].practitioner for column in decided.chosen if column >= 0)
    return np.array([fairness_of_place(beta, load[one.practitioner], taken[one.practitioner] + 1) for one in slots])


def _levels(decided: Decided, solved: Solved) -> list[tuple[int, Urgency]]:
    """What serving one person more of each class saves, before their own cost."""
    penalties = (solved.flow.penalty // decided.round.scale).tolist()
    classes = [decided.table.requests[unit].urgency for unit in solved.units]
    return sorted(set(zip(penalties, classes, strict=True)))


def _find_served(levels: list[tuple[int, Urgency]], saves: int) -> Urgency | None:
    if not levels or saves < levels[0][0] // 2:
        return None
    return min(levels, key=lambda level: abs(level[0] - saves))[1]
