"""J, as the service lives it: day after day, each plan knowing what practitioners took in the last four weeks."""

from collections import Counter, deque
from dataclasses import dataclass, replace

import numpy as np

from services.matching.engine.model import Parameters
from services.matching.engine.sameday.solve import decide
from services.matching.lab.days.day import Day
from services.matching.lab.days.draw import DaySetting, draw_day, draw_seeded_territory
from tests.bench.report import progress

DAYS_OF_LEDGER, DAYS_MEASURED = 20, 10


@dataclass(frozen=True)
class Weeks:
    """What came of some weeks: the load of the last four by practitioner, and the last days' travel and people left."""

    loads: tuple[int, ...]
    travel_s: int
    left: int


def days_of(seed: int, load: float) -> tuple[Day, ...]:
    """The days of one territory: four weeks to fill the ledger, then those that are measured."""
    territory = draw_seeded_territory(seed)
    numbers = range(DAYS_OF_LEDGER + DAYS_MEASURED)
    return tuple(draw_day(seed, territory, DaySetting(load=load), number=number) for number in numbers)


def live_weeks(days: tuple[Day, ...], beta_s: int) -> Weeks:
    """Plan each day at once, everything known, at this price of an uneven load."""
    progress(f"{days[0].name}: {len(days)} days at beta {beta_s} s")
    ledger: deque[Counter[str]] = deque(maxlen=DAYS_OF_LEDGER)
    travel_s = left = 0
    for number, day in enumerate(days):
        before = sum(ledger, Counter[str]())
        known = tuple(replace(one, served_4_weeks=before[one.id]) for one in day.practitioners)
        instance = replace(day.instance, practitioners=known, parameters=Parameters(fairness_beta_s=beta_s))
        decided = decide(instance)
        served = np.flatnonzero(decided.chosen >= 0)
        columns = decided.chosen[served]
        ledger.append(Counter(decided.table.slots[column].practitioner for column in columns))
        if number >= DAYS_OF_LEDGER:
            travel_s += int(decided.table.block(served).travel_s[np.arange(len(served)), columns].sum())
            left += len(decided.chosen) - len(served)
    loads = sum(ledger, Counter[str]())
    return Weeks(tuple(loads[one.id] for one in days[0].practitioners), travel_s, left)
