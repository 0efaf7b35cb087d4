"""What if: the same day with one thing changed. A day goes in, a day comes out; stored and drawn days alike."""

from dataclasses import replace

import numpy as np

from services.matching.core.model import Request
from services.matching.simulation.day import Day

JITTER_S = 1800


class PractitionerUnknown(LookupError):
    """Nobody of this name offers a slot on that day."""


def without_practitioner(day: Day, practitioner: str) -> Day:
    """The day without the slots of one practitioner; raises PractitionerUnknown when there are none."""
    kept = [i for i, slot in enumerate(day.slots) if slot.practitioner != practitioner]
    if len(kept) == len(day.slots):
        raise PractitionerUnknown(f"{practitioner!r}: {PractitionerUnknown.__doc__}")
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
