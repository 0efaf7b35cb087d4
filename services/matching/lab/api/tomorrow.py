"""What tomorrow still lacks, as the page says it, and the computation that a worker does for it."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from pydantic import BaseModel

from services.matching.engine.ahead.forecast import learn
from services.matching.engine.ahead.tomorrow import Lack, lacking
from services.matching.engine.model import Parameters, Practitioner, Slot
from services.matching.lab.days.day import Day
from services.matching.lab.futures import past


class BlockOfTomorrow(BaseModel):
    """Two hours of the day, since midnight there."""

    from_s: int
    until_s: int
    expected: float
    published: int
    usual: float
    to_open: int


class Tomorrow(BaseModel):
    """What tomorrow still lacks: requests expected (`low` to `high` on eight days of ten), places published, places
    that usually still appear, slots to open."""

    day: datetime
    days: int
    mean_by_class: tuple[float, float, float, float]
    low: int
    high: int
    published: int
    usual: float
    to_open: int
    blocks: list[BlockOfTomorrow]
    professions: list[tuple[str, int]]


def alike(days: Sequence[Day], morning: datetime) -> list[Day]:
    """The days of the same weekday when there are two, else those of the same half of the week, else all."""
    weekday = morning.weekday()
    same = [day for day in days if datetime.fromisoformat(day.name).weekday() == weekday]
    near = [day for day in days if (datetime.fromisoformat(day.name).weekday() >= 5) == (weekday >= 5)]
    return same if len(same) > 1 else near or list(days)


def tomorrow_lacks(
    days: Sequence[Day],
    slots: Sequence[Slot],
    midnight_at_s: int,
    practitioners: Sequence[Practitioner],
    parameters: Parameters,
) -> Lack:
    """In a worker: learn from these days and draw the one that begins at this midnight. Same days, same answer."""
    forecast = learn([past(day, day.opens_at_s) for day in days])
    return lacking(forecast, slots, midnight_at_s, np.random.default_rng(midnight_at_s), practitioners, parameters)
