"""Cutting time into slots. Instants are whole seconds since the epoch (UTC), intervals are half-open."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """From `starts_at_s` on, up to but not at `ends_at_s`."""

    starts_at_s: int
    ends_at_s: int

    def overlaps(self, other: "Interval") -> bool:
        """Whether the two share an instant."""
        return self.starts_at_s < other.ends_at_s and other.starts_at_s < self.ends_at_s


def row_of(starts_at_s: int, length_s: int, count: int) -> list[Interval]:
    """`count` slots of one length, one after the other."""
    return [Interval(start, start + length_s) for start in range(starts_at_s, starts_at_s + count * length_s, length_s)]


def cut(opening: Interval, length_s: int) -> list[Interval]:
    """The slots of one length that fit into an opening, from its start; what is left at its end is too short."""
    return row_of(opening.starts_at_s, length_s, max(0, (opening.ends_at_s - opening.starts_at_s) // length_s))


def outside(slots: Iterable[Interval], absences: Iterable[Interval]) -> list[Interval]:
    """The slots that no absence touches: a slot is kept whole or not at all."""
    away = list(absences)
    return [slot for slot in slots if not any(slot.overlaps(absence) for absence in away)]


def give_back_at_s(starts_at_s: int, notice_s: int, now_at_s: int) -> int | None:
    """When an empty slot goes back to its practitioner; None when that moment passed before it was published."""
    moment = starts_at_s - notice_s
    return moment if notice_s > 0 and moment > now_at_s else None
