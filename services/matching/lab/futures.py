"""Sampled futures of a day: the day's own pairs, followed by those of demand and slots drawn from past days."""

from collections.abc import Sequence

import numpy as np

from services.matching.engine.ahead.forecast import PastDay, learn, sample
from services.matching.engine.model import Instance
from services.matching.lab.days.day import Day
from services.matching.lab.pairs import Pairs, pairs_between


def past(day: Day, midnight_at_s: int) -> PastDay:
    """What a lived day leaves in the history: its requests, and the slots that were not there at opening."""
    late = [(slot, at) for slot, at in zip(day.slots, day.published_at_s, strict=True) if at > day.opens_at_s]
    return PastDay(midnight_at_s, day.requests, tuple(late))


def futures_of(
    day: Day, history: Sequence[PastDay], midnight_at_s: int, scenarios: int, rng: np.random.Generator
) -> tuple[Pairs, ...]:
    """For each scenario, the pairs of the day and of a draw of the forecast; rows and columns of the day come first."""
    forecast = learn(history)
    found = []
    for _ in range(scenarios):
        requests, slots = sample(forecast, rng, midnight_at_s, day.opens_at_s)
        instance = Instance(
            day.opens_at_s,
            day.requests + requests,
            day.slots + tuple(slot for slot, _ in slots),
            day.practitioners,
            day.parameters,
        )
        published = np.array([*day.published_at_s, *(at for _, at in slots)], np.int64)
        found.append(pairs_between(instance, published))
    return tuple(found)
