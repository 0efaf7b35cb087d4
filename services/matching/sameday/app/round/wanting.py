"""Which slots that are about to go back to their practitioners somebody could take: pure."""

from collections.abc import Iterable, Sequence

from services.matching.engine.ahead.forecast import Forecast
from services.matching.engine.model import Instance, Slot
from services.matching.engine.sameday.rules import blockers

URGENT = (1, 2)
HOUR_S = 3600


def find_wanted(instance: Instance, due: Sequence[Slot], expected: float) -> set[str]:
    """The slots among `due` that stay on offer: someone who waits could take them, or is about to ask.

    `expected`: how many P1 and P2 are about to ask before the last of them begins. Each needs one slot: those that
    are free and not due serve first, then the due ones in order of time.
    """
    kept = {slot.id for slot in due if could_be_taken(instance, slot)}
    others = [slot for slot in instance.slots if slot.id not in {each.id for each in due}]
    last_at_s = max((slot.starts_at_s for slot in due), default=0)
    missing = round(expected) - sum(slot.places for slot in others if slot.starts_at_s <= last_at_s)
    in_time = sorted(due, key=lambda slot: (slot.starts_at_s, slot.id))
    return kept | {slot.id for slot in in_time[: max(0, missing)]}


def could_be_taken(instance: Instance, slot: Slot) -> bool:
    """Whether no rule keeps somebody who waits from this slot."""
    return any(not any(blockers(instance, request, slot)) for request in instance.requests)


def expect_urgent(forecast: Forecast, scale: float, spans: Iterable[tuple[int, float]]) -> float:
    """How many P1 and P2 ask within spans of (hour of the day, share of it), on a day of this scale."""
    seen = sum(
        share * len(forecast.seen_requests.get((urgency, hour), ())) for hour, share in spans for urgency in URGENT
    )
    return scale * seen / forecast.days


def hours_between(from_at_s: int, to_at_s: int, midnight_at_s: int) -> list[tuple[int, float]]:
    """The hours of a day between two instants, each with the share of it that lies between them."""
    spans = []
    for hour in range(24):
        begins = midnight_at_s + hour * HOUR_S
        share = min(to_at_s, begins + HOUR_S) - max(from_at_s, begins)
        if share > 0:
            spans.append((hour, share / HOUR_S))
    return spans
