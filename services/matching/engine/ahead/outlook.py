"""What a territory may still ask and open, from counts of its own past: no person, only how many of what, when, where.

Means are by hour and class over all days, times how much busier than the others each weekday is (drawn towards 1 while
few were seen). Late slots are those that opened on the day they were for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from services.matching.engine.ahead.forecast import HOUR_S, Forecast, sample
from services.matching.engine.ahead.lookahead import Future
from services.matching.engine.model import Request, Slot

PRIOR_DAYS = 2
LEAST_DAYS = 10
"""Past days with requests below which nothing is foretold."""


@dataclass(frozen=True, slots=True)
class PastDemand:
    """`count` requests alike, on past days of this weekday (1 is Monday), within this hour of the clock.

    The instants of `request` count from its submission.
    """

    weekday: int
    hour: int
    count: int
    request: Request


@dataclass(frozen=True, slots=True)
class PastOpenings:
    """`count` slots alike that opened in this hour of the very day they were for. Instants count from the opening."""

    hour: int
    count: int
    slot: Slot


@dataclass(frozen=True, slots=True)
class PastCounts:
    """The past of a territory in counts. `calendar`: how many days of each weekday it spans, Monday first."""

    known_days: int = 0
    """Days on which somebody asked."""
    calendar: tuple[int, ...] = (0, 0, 0, 0, 0, 0, 0)
    asked: tuple[PastDemand, ...] = ()
    opened: tuple[PastOpenings, ...] = ()
    zone: str = "Europe/Paris"
    """By which clocks its days and hours were counted."""

    @property
    def enough(self) -> bool:
        """Whether it foretells anything."""
        return self.known_days >= LEAST_DAYS


@dataclass(frozen=True, slots=True)
class Ahead:
    """A day to look ahead on: its midnight, its weekday (1 is Monday)."""

    midnight_at_s: int
    weekday: int


def weekday_factor(history: PastCounts, weekday: int) -> float:
    """How many times the mean of all days this weekday sees, drawn towards 1 by `PRIOR_DAYS` average days."""
    total = sum(of.count for of in history.asked)
    mean = total / max(1, sum(history.calendar))
    if not mean:
        return 1.0
    seen = sum(of.count for of in history.asked if of.weekday == weekday)
    return (seen + PRIOR_DAYS * mean) / (history.calendar[weekday - 1] + PRIOR_DAYS) / mean


def forecast_of(history: PastCounts) -> Forecast:
    """The counts as a forecast: what was seen within one hour is spread over it."""
    requests: dict[tuple[int, int], list[Request]] = {}
    slots: dict[int, list[tuple[Slot, int]]] = {}
    for asked in history.asked:
        spread = requests.setdefault((int(asked.request.urgency), asked.hour), [])
        spread.extend(_later(asked.request, at) for at in _spread(asked.hour, asked.count))
    for opened in history.opened:
        of_hour = slots.setdefault(opened.hour, [])
        of_hour.extend((_later_slot(opened.slot, at), at) for at in _spread(opened.hour, opened.count))
    return Forecast(
        days=max(1, sum(history.calendar)),
        seen_requests={key: tuple(seen) for key, seen in sorted(requests.items())},
        seen_slots={key: tuple(seen) for key, seen in sorted(slots.items())},
    )


def futures(
    history: PastCounts, days: Sequence[Ahead], now_at_s: int, seed: int, scenarios: Sequence[int]
) -> tuple[Future, ...]:
    """These scenarios of a seed: the same numbers give the same futures, wherever and in whatever order."""
    forecast = forecast_of(history)
    scale = {day.weekday: weekday_factor(history, day.weekday) for day in days}
    return tuple(_future(forecast, days, now_at_s, scale, np.random.default_rng([seed, n])) for n in scenarios)


def _future(
    forecast: Forecast, days: Sequence[Ahead], now_at_s: int, scale: dict[int, float], rng: np.random.Generator
) -> Future:
    requests: list[Request] = []
    slots: list[tuple[Slot, int]] = []
    for day in days:
        asked, opened = sample(forecast, rng, day.midnight_at_s, now_at_s, scale[day.weekday])
        requests += [replace(one, id=f"{one.id}@{day.midnight_at_s}") for one in asked]
        slots += [(replace(slot, id=f"{slot.id}@{day.midnight_at_s}"), at) for slot, at in opened]
    return Future(tuple(requests), tuple(slots))


def _spread(hour: int, count: int) -> list[int]:
    """So many instants of an hour of the day, evenly, in seconds from midnight."""
    return [hour * HOUR_S + (2 * n + 1) * HOUR_S // (2 * count) for n in range(count)]


def _later(request: Request, by_s: int) -> Request:
    return replace(
        request,
        submitted_at_s=request.submitted_at_s + by_s,
        earliest_at_s=request.earliest_at_s + by_s,
        deadline_at_s=request.deadline_at_s + by_s,
        answer_by_at_s=request.answer_by_at_s + by_s,
    )


def _later_slot(slot: Slot, by_s: int) -> Slot:
    return replace(slot, starts_at_s=slot.starts_at_s + by_s, ends_at_s=slot.ends_at_s + by_s)
