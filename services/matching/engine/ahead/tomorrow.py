"""How many slots a coming day still lacks: what past days lead to expect, against what is published already.

Each drawn day is solved with everything known in advance, so a slot is asked for only when no plan could do without.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from services.matching.engine.ahead.forecast import HOUR_S, Forecast, sample
from services.matching.engine.model import Instance, Parameters, Practitioner, Request, Slot
from services.matching.engine.sameday.solve import solve

K = TypeVar("K", int, str)
FUTURES = 20
ENOUGH = 0.8
"""The share of drawn days for which what is asked for is enough."""
OPENS_S, CLOSES_S, BLOCK_S = 8 * HOUR_S, 20 * HOUR_S, 2 * HOUR_S


@dataclass(frozen=True, slots=True)
class Block:
    """Two hours of the day: requests expected, places published that begin in them, those that usually still appear,
    slots to open (`from_s`: since midnight)."""

    from_s: int
    until_s: int
    expected: float
    published: int
    usual: float
    to_open: int


@dataclass(frozen=True, slots=True)
class Lack:
    """What a coming day still lacks. `low` to `high` requests on eight days of ten; `mean_by_class` is P1 to P4.

    `usual`: places that nobody has published yet and that the days learnt from lead to expect.
    """

    days: int
    mean_by_class: tuple[float, float, float, float]
    low: int
    high: int
    published: int
    usual: float
    to_open: int
    blocks: tuple[Block, ...]
    professions: tuple[tuple[str, int], ...]


def lacking(
    forecast: Forecast,
    slots: Sequence[Slot],
    midnight_at_s: int,
    rng: np.random.Generator,
    practitioners: Sequence[Practitioner] = (),
    parameters: Parameters | None = None,
) -> Lack:
    """Draw days, solve each with the slots published and those that usually appear, count who is left without."""
    counts: list[int] = []
    left: list[list[Request]] = []
    appearing: Counter[int] = Counter()
    for _ in range(FUTURES):
        requests, late = sample(forecast, rng, midnight_at_s, midnight_at_s - 1)
        offered = (*slots, *(slot for slot, _ in late))
        for slot, _ in late:
            appearing[_block_of(slot.starts_at_s - midnight_at_s)] += slot.places
        instance = Instance(midnight_at_s, requests, offered, tuple(practitioners), parameters or Parameters())
        unserved = {each.request for each in solve(instance).unmatched}
        counts.append(len(requests))
        left.append([request for request in requests if request.id in unserved])
    to_open = int(np.ceil(np.quantile([len(each) for each in left], ENOUGH)))
    when = Counter(_block(request, midnight_at_s) for each in left for request in each)
    whom = Counter(min(request.professions, default="") for each in left for request in each)
    share = _share_out(to_open, when)
    return Lack(
        days=forecast.days,
        mean_by_class=_mean_by_class(forecast),
        low=int(np.quantile(counts, 0.1)),
        high=int(np.quantile(counts, 0.9)),
        published=sum(slot.places for slot in slots),
        usual=appearing.total() / FUTURES,
        to_open=to_open,
        blocks=tuple(
            Block(
                from_s=start,
                until_s=start + BLOCK_S,
                expected=_expect(forecast, start),
                published=sum(slot.places for slot in slots if _block_of(slot.starts_at_s - midnight_at_s) == start),
                usual=appearing[start] / FUTURES,
                to_open=share.get(start, 0),
            )
            for start in range(OPENS_S, CLOSES_S, BLOCK_S)
        ),
        professions=tuple(sorted(_share_out(to_open, whom).items())),
    )


def _block_of(at_s: int) -> int:
    """The block of an instant of the day; the first or last one outside opening hours."""
    return max(OPENS_S, min(CLOSES_S - BLOCK_S, at_s // BLOCK_S * BLOCK_S))


def _block(request: Request, midnight_at_s: int) -> int:
    """The first block in which this request can still be seen."""
    return _block_of(request.earliest_at_s - midnight_at_s)


def _expect(forecast: Forecast, start_s: int) -> float:
    seen = sum(len(each) for (_, hour), each in forecast.seen_requests.items() if _block_of(hour * HOUR_S) == start_s)
    return seen / forecast.days


def _mean_by_class(forecast: Forecast) -> tuple[float, float, float, float]:
    totals = [0, 0, 0, 0]
    for (urgency, _), seen in forecast.seen_requests.items():
        totals[urgency - 1] += len(seen)
    p1, p2, p3, p4 = (total / forecast.days for total in totals)
    return p1, p2, p3, p4


def _share_out(total: int, counts: Counter[K]) -> dict[K, int]:
    """So many slots in proportion to the counts, whole numbers that add up: the largest remainders round up."""
    whole = sum(counts.values())
    if not whole:
        return {}
    exact = {key: total * count / whole for key, count in counts.items()}
    shares = {key: int(value) for key, value in exact.items()}
    by_remainder = sorted(exact, key=lambda key: (shares[key] - exact[key], str(key)))
    for key in by_remainder[: total - sum(shares.values())]:
        shares[key] += 1
    return {key: share for key, share in shares.items() if share}
