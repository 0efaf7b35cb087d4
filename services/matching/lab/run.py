"""Days under policies, one after the other or on several processes; the same case always gives the same outcomes."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing import get_context

import numpy as np

from services.matching.engine.ahead.policies import Policy, SlotFinding, policy_named
from services.matching.lab.closing import Closing, limit_decisions
from services.matching.lab.days.day import Day
from services.matching.lab.days.draw import CALM, DaySetting, MishapSetting, draw_day, draw_seeded_territory
from services.matching.lab.days.territory import TerritorySetting
from services.matching.lab.deciders import decider, hindsight
from services.matching.lab.futures import futures_of, past
from services.matching.lab.life import NEVER_BACK, NONE, Life, SlotTold, begin, live
from services.matching.lab.outcome import DayOutcome, outcome_of
from services.matching.lab.pairs import Pairs, pairs_of
from shared.db.clock import day_at, midnight

HISTORY_DAYS = 20


@dataclass(frozen=True, slots=True)
class Trial:
    """One drawn day and the policies to try on it."""

    seed: int
    policies: tuple[str, ...]
    setting: DaySetting = field(default_factory=DaySetting)
    mishaps: MishapSetting = CALM
    territory: TerritorySetting = field(default_factory=TerritorySetting)


def run_case(case: Trial) -> tuple[DayOutcome, ...]:
    """Draw the day of a case and live it under each of its policies."""
    territory = draw_seeded_territory(case.seed, case.territory)
    day = draw_day(case.seed, territory, case.setting, case.mishaps)
    looks_ahead = any(policy_named(name).scenarios for name in case.policies)
    history = past_days(case) if looks_ahead else ()
    return run_day(day, case.policies, history, case.seed)


def past_days(case: Trial) -> tuple[Day, ...]:
    """Earlier days of the same territory: all that look-ahead may learn from."""
    territory = draw_seeded_territory(case.seed, case.territory)
    numbers = range(1, HISTORY_DAYS + 1)
    return tuple(draw_day(case.seed, territory, case.setting, case.mishaps, number) for number in numbers)


def run_closings(case: Trial, closings: Sequence[Closing]) -> tuple[DayOutcome, ...]:
    """Draw the day of a case and live it under its first policy, with each way of giving empty slots back."""
    day = draw_day(case.seed, draw_seeded_territory(case.seed, case.territory), case.setting, case.mishaps)
    pairs = pairs_of(day)
    policy = policy_named(case.policies[0])
    return tuple(_under(policy, day, pairs, (), case.seed, closing) for closing in closings)


def run_day(day: Day, policies: Sequence[str], history: Sequence[Day] = (), seed: int = 0) -> tuple[DayOutcome, ...]:
    """Live one day under each policy. Look-ahead learns from `history` only, and draws its futures from `seed`."""
    pairs = pairs_of(day)
    return tuple(_under(policy_named(name), day, pairs, history, seed) for name in policies)


def run_cases(
    cases: Sequence[Trial], workers: int = 1, lived: Callable[[int], None] = lambda _count: None
) -> tuple[tuple[DayOutcome, ...], ...]:
    """Run cases in order, on that many processes; `lived` is told how many are done."""
    found = []
    with _mapping(workers) as mapping:
        for outcomes in mapping(run_case, cases):
            found.append(outcomes)
            lived(len(found))
    return tuple(found)


@contextmanager
def _mapping(workers: int) -> Iterator[Callable[..., Iterator[tuple[DayOutcome, ...]]]]:
    if workers <= 1:
        yield map
    else:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            yield pool.map


def _under(
    policy: Policy, day: Day, pairs: Pairs, history: Sequence[Day], seed: int, closing: Closing = NEVER_BACK
) -> DayOutcome:
    if policy.way == SlotFinding.HINDSIGHT:
        return outcome_of(policy, day, pairs, _know_in_advance(day, pairs))
    futures: tuple[Pairs, ...] = ()
    if policy.scenarios:
        lived = [past(one, _midnight(one)) for one in history]
        futures = futures_of(day, lived, _midnight(day), policy.scenarios, np.random.default_rng([seed, 4]))
    known = limit_decisions(pairs, closing)
    decide = decider(policy, known, [slot.practitioner for slot in day.slots], futures)
    return outcome_of(policy, day, pairs, live(day, known, decide, policy.period_s, closing))


def _midnight(day: Day) -> int:
    return int(midnight(day_at(datetime.fromtimestamp(day.opens_at_s, UTC))).timestamp())


def _know_in_advance(day: Day, pairs: Pairs) -> Life:
    """The day as hindsight would have had it: each told as soon as their slot appears; nothing goes wrong."""
    life = begin(day, pairs)
    life.told = hindsight(pairs)
    for row in np.flatnonzero(life.told != NONE):
        column = int(life.told[row])
        life.told_at_s[row] = max(pairs.submitted_at_s[row], pairs.published_at_s[column])
        life.log.append(SlotTold(int(life.told_at_s[row]), int(row), column))
    return life
