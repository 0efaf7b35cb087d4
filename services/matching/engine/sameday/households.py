"""Households: people seen together take n places of one slot, which no flow can say. An exact search around the flow.

Each member first counts alone (a relaxation: its optimum bounds every plan). If a household is split or half served,
the search branches: together at one slot, or not at that slot. Bounds compare counts class by class, then cost.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
MOST_NODES = 400

Value = tuple[tuple[int, ...], int]


@dataclass(frozen=True)
class Choice:
    """What the search has decided: the slot of a household (-1: none), and the slots it may not have."""

    together: dict[int, int] = field(default_factory=dict)
    banned: frozenset[tuple[int, int]] = frozenset()


@dataclass(frozen=True)
class Relaxed:
    """The best plan when the households not yet decided may split.

    `unserved` counts people by rank, then `cost` (scaled); `slots[i]` the slots of the members of request i.
    """

    unserved: tuple[int, ...]
    cost: int
    certified: bool
    slots: tuple[tuple[int, ...], ...]

    @property
    def value(self) -> Value:
        """What plans are compared by: lower is better."""
        return self.unserved, self.cost


@dataclass(frozen=True)
class HouseholdPlan:
    """The best plan found, and the least any plan could be worth: equal when the search was finished."""

    plan: Relaxed
    bound: Value


def search(relax: Callable[[Choice], Relaxed | None], sizes: IntArray, most_nodes: int = MOST_NODES) -> HouseholdPlan:
    """The best plan that splits no household; a depth-first search, cut by the bound."""
    best: Relaxed | None = None
    pending: list[tuple[Value, Choice]] = [(((), 0), Choice())]
    visited = 0
    while pending and (visited < most_nodes or best is None):
        bound, choice = pending.pop()
        if best is not None and bound >= best.value:
            continue
        visited += 1
        relaxed = relax(choice)
        if relaxed is None or (best is not None and relaxed.value >= best.value):
            continue
        split = _split(relaxed, sizes, choice)
        if split is None:
            best = relaxed
        else:
            pending += [(relaxed.value, child) for child in _children(choice, *split)]
    if best is None:
        raise AssertionError("leaving every household out is always a plan")
    left = [bound for bound, _ in pending if bound < best.value]
    return HouseholdPlan(best, min([*left, best.value]))


def _split(relaxed: Relaxed, sizes: IntArray, choice: Choice) -> tuple[int, int] | None:
    """The first household that is not together, and the slot where most of it is."""
    for row in np.nonzero(sizes > 1)[0]:
        slots = relaxed.slots[row]
        if int(row) not in choice.together and slots and (len(slots) < sizes[row] or len(set(slots)) > 1):
            return int(row), max(sorted(set(slots)), key=slots.count)
    return None


def _children(choice: Choice, row: int, slot: int) -> list[Choice]:
    elsewhere = replace(choice, banned=choice.banned | {(row, slot)})
    together = replace(choice, together=choice.together | {row: slot})
    return [elsewhere, together]


def gap_of(found: HouseholdPlan) -> tuple[bool, int]:
    """Whether the counts are proved, and how much cost may separate the plan from the cheapest of those counts."""
    proved = found.bound[0] == found.plan.unserved
    return proved, found.plan.cost - found.bound[1] if proved else 0
