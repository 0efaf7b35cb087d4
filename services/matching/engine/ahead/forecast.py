"""What the rest of a day may bring, learnt from the past days of the same territory and drawn from them.

Counts are Poisson with the mean of the history for each hour and class; what is asked, and which slots appear late,
is drawn again from what was seen. Nothing here knows a law of demand: with no history there is no forecast.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from services.matching.engine.model import Request, Slot

HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class PastDay:
    """What one day saw: its midnight, its requests, and each slot with the instant it was published."""

    midnight_at_s: int
    requests: tuple[Request, ...]
    slots: tuple[tuple[Slot, int], ...]


@dataclass(frozen=True, slots=True)
class Forecast:
    """Mean arrivals per day by class and hour, and by hour of publication for slots; with what was seen, to draw from.

    Instants of `seen` requests and slots count from midnight.
    """

    days: int
    seen_requests: dict[tuple[int, int], tuple[Request, ...]]
    seen_slots: dict[int, tuple[tuple[Slot, int], ...]]


class NoHistory(ValueError):
    """A forecast needs a past day of the territory at least: choose a policy without look-ahead until there is one."""


def learn(history: Sequence[PastDay]) -> Forecast:
    """Estimate a forecast from past days; raises NoHistory when there is none."""
    if not history:
        raise NoHistory(NoHistory.__doc__)
    requests: dict[tuple[int, int], list[Request]] = {}
    slots: dict[int, list[tuple[Slot, int]]] = {}
    for day in history:
        for request in day.requests:
            at = request.submitted_at_s - day.midnight_at_s
            requests.setdefault((int(request.urgency), at // HOUR_S), []).append(_shift(request, -day.midnight_at_s))
        for slot, published in day.slots:
            at = published - day.midnight_at_s
            slots.setdefault(at // HOUR_S, []).append((_slot_shifted(slot, -day.midnight_at_s), at))
    return Forecast(
        days=len(history),
        seen_requests={key: tuple(seen) for key, seen in sorted(requests.items())},
        seen_slots={key: tuple(seen) for key, seen in sorted(slots.items())},
    )


def sample(
    forecast: Forecast, rng: np.random.Generator, midnight_at_s: int, after_at_s: int, scale: float = 1.0
) -> tuple[tuple[Request, ...], tuple[tuple[Slot, int], ...]]:
    """One rest of the day after an instant: requests in order of arrival, slots with their publication.

    `scale` multiplies the expected demand. Identifiers are those of the draw, not of the past.
    """
    requests: list[Request] = []
    for seen in forecast.seen_requests.values():
        count = rng.poisson(scale * len(seen) / forecast.days)
        requests.extend(_shift(seen[i], midnight_at_s) for i in rng.integers(0, len(seen), count))
    slots: list[tuple[Slot, int]] = []
    for late in forecast.seen_slots.values():
        count = rng.poisson(len(late) / forecast.days)
        slots.extend(
            (_slot_shifted(late[i][0], midnight_at_s), late[i][1] + midnight_at_s)
            for i in rng.integers(0, len(late), count)
        )
    coming = sorted((one for one in requests if one.submitted_at_s > after_at_s), key=lambda one: one.submitted_at_s)
    opening = sorted((pair for pair in slots if pair[1] > after_at_s), key=lambda pair: pair[1])
    return (
        tuple(replace(request, id=f"expected-{n}") for n, request in enumerate(coming)),
        tuple((replace(slot, id=f"expected-slot-{n}"), at) for n, (slot, at) in enumerate(opening)),
    )


def _shift(request: Request, by_s: int) -> Request:
    """The same request at another instant, with nothing told or forbidden."""
    return replace(
        request,
        earliest_at_s=request.earliest_at_s + by_s,
        deadline_at_s=request.deadline_at_s + by_s,
        submitted_at_s=request.submitted_at_s + by_s,
        answer_by_at_s=request.answer_by_at_s + by_s,
        notified="",
        forced="",
        forbidden=frozenset(),
    )


def _slot_shifted(slot: Slot, by_s: int) -> Slot:
    return replace(slot, starts_at_s=slot.starts_at_s + by_s, ends_at_s=slot.ends_at_s + by_s)
