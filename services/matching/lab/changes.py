"""What if: the same day with one thing changed. A day goes in, a day comes out; stored and drawn days alike."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from services.matching.engine.ahead.policies import DEFAULT_POLICY
from services.matching.engine.model import Mode, Point, Request, Slot, SlotType
from services.matching.lab.days.day import Day

JITTER_S = 1800
LEAST_TRAVEL_S = 300
ADDED_FROM_S, ADDED_UNTIL_S, ADDED_LENGTH_S = 9 * 3600, 18 * 3600, 900
"""Slots added at a point begin between these hours after the day opens, and last a quarter of an hour."""


@dataclass(frozen=True, slots=True)
class Supposition:
    """What is different from today; several may hold at once.

    `slots_at` more slots a day are given at the point `at`; everybody accepts to travel `farther_s` longer.
    """

    without: tuple[str, ...] = ()
    more_slots: int = 0
    demand: float = 1.0
    policy: str = DEFAULT_POLICY
    at: Point | None = None
    slots_at: int = 0
    farther_s: int = 0


def change_day(day: Day, change: Supposition, rng: np.random.Generator) -> Day:
    """A day with the change made; what is drawn to make it comes from `rng`."""
    for practitioner in change.without:
        day = without_practitioner(day, practitioner)
    if change.more_slots:
        day = with_more_slots(day, change.more_slots, rng)
    if change.at is not None:
        day = with_slots_at(day, change.at, change.slots_at)
    if change.farther_s:
        day = going_farther(day, change.farther_s)
    return day if change.demand == 1.0 else with_demand(day, change.demand, rng)


class PractitionerUnknown(LookupError):
    """Nobody of this name offers a slot on that day.

    `named` is the name; `known` who does, with their slots in number, those with most first.
    """

    def __init__(self, named: str, known: Sequence[tuple[str, int]]) -> None:
        """Say who could be meant."""
        super().__init__(named)
        self.named, self.known = named, known


def without_practitioner(day: Day, practitioner: str) -> Day:
    """The day without the slots of one practitioner; raises PractitionerUnknown when there are none."""
    kept = [i for i, slot in enumerate(day.slots) if slot.practitioner != practitioner]
    if len(kept) == len(day.slots):
        raise PractitionerUnknown(practitioner, Counter(slot.practitioner for slot in day.slots).most_common())
    slots = tuple(day.slots[i] for i in kept)
    names = {slot.id for slot in slots}
    return replace(
        day,
        slots=slots,
        published_at_s=tuple(day.published_at_s[i] for i in kept),
        practitioners=tuple(one for one in day.practitioners if one.id != practitioner),
        withdrawn=tuple(pair for pair in day.withdrawn if pair[0] in names),
    )


def with_more_slots(day: Day, per_practitioner: int, rng: np.random.Generator) -> Day:
    """The day with so many more slots for each practitioner: copies of their own, at times the territory offers,
    published as early before their start as the slot they copy."""
    by_gp: dict[str, list[int]] = {}
    for i, slot in enumerate(day.slots):
        by_gp.setdefault(slot.practitioner, []).append(i)
    starts = np.array([slot.starts_at_s for slot in day.slots], np.int64)
    slots, published = list(day.slots), list(day.published_at_s)
    for own in by_gp.values():
        for n, i in enumerate(rng.choice(own, per_practitioner)):
            model, start = day.slots[i], int(rng.choice(starts))
            length = model.ends_at_s - model.starts_at_s
            notice = model.starts_at_s - day.published_at_s[i]
            slots.append(replace(model, id=f"{model.id}+{n}", starts_at_s=start, ends_at_s=start + length))
            published.append(max(day.opens_at_s, start - notice))
    return replace(day, slots=tuple(slots), published_at_s=tuple(published))


def with_slots_at(day: Day, point: Point, count: int) -> Day:
    """The day with so many more slots at a point, known from its opening and spread evenly over its working hours.

    They are of the profession asked most that day, open to all, and given by somebody who had no slot until then.
    """
    asked = Counter(code for request in day.requests for code in request.professions)
    profession = max(asked, key=lambda code: (asked[code], code), default="10")
    every = (ADDED_UNTIL_S - ADDED_FROM_S) // max(1, count)
    starts = [day.opens_at_s + ADDED_FROM_S + n * every for n in range(count)]
    more = tuple(
        Slot(
            id=f"added-{n}",
            practitioner="added",
            point=point,
            starts_at_s=start,
            ends_at_s=start + ADDED_LENGTH_S,
            profession=profession,
            modes=frozenset({Mode.AMB}),
            types=frozenset(SlotType),
            wheelchair=True,
        )
        for n, start in enumerate(starts)
    )
    return replace(day, slots=day.slots + more, published_at_s=day.published_at_s + (day.opens_at_s,) * count)


def going_farther(day: Day, by_s: int) -> Day:
    """The day when everybody accepts to travel so much longer, or shorter: five minutes at least."""
    return replace(
        day,
        requests=tuple(
            replace(request, max_travel_s=max(min(LEAST_TRAVEL_S, request.max_travel_s), request.max_travel_s + by_s))
            for request in day.requests
        ),
    )


def with_demand(day: Day, factor: float, rng: np.random.Generator) -> Day:
    """The day with so many times the requests: some asked again a little before or after, or some left out."""
    count = len(day.requests)
    wanted = int(rng.poisson(count * factor)) if factor > 1 else round(count * factor)
    if wanted <= count:
        kept = np.sort(rng.choice(count, wanted, replace=False))
        return replace(day, requests=tuple(day.requests[i] for i in kept))
    copied = rng.integers(0, count, wanted - count)
    shifts = rng.integers(-JITTER_S, JITTER_S + 1, wanted - count)
    more = [
        _again(day, day.requests[i], int(shift), n) for n, (i, shift) in enumerate(zip(copied, shifts, strict=True))
    ]
    return replace(day, requests=tuple(sorted((*day.requests, *more), key=lambda one: one.submitted_at_s)))


def _again(day: Day, request: Request, shift_s: int, n: int) -> Request:
    """The same request from somebody else, at another instant of the day."""
    shift = max(shift_s, day.opens_at_s - request.submitted_at_s)
    return replace(
        request,
        id=f"{request.id}+{n}",
        submitted_at_s=request.submitted_at_s + shift,
        earliest_at_s=request.earliest_at_s + shift,
        deadline_at_s=min(request.deadline_at_s + shift, max(day.closes_at_s, request.deadline_at_s)),
        answer_by_at_s=request.answer_by_at_s + shift,
    )
