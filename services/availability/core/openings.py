"""Recurring openings, minus public holidays, as intervals of real time: local hours, safe on daylight-saving days."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from services.availability.core.slots import Interval


@dataclass(frozen=True, slots=True)
class Recurrence:
    """Open on these weekdays (ISO: Monday is 1), from `opens` to `closes` local time, between two days included."""

    weekdays: frozenset[int]
    opens: time
    closes: time
    first_day: date
    last_day: date | None = None
    on_public_holidays: bool = False

    def holds_on(self, day: date, public_holidays: Collection[date]) -> bool:
        """Whether it is open that day."""
        in_season = self.first_day <= day and (self.last_day is None or day <= self.last_day)
        worked = self.on_public_holidays or day not in public_holidays
        return in_season and worked and day.isoweekday() in self.weekdays


def days_between(first: date, last: date) -> Iterator[date]:
    """Every day from `first` to `last`, both included."""
    return (first + timedelta(days=ahead) for ahead in range((last - first).days + 1))


def intervals(
    recurrence: Recurrence, *, first: date, last: date, public_holidays: Collection[date], zone: tzinfo
) -> list[Interval]:
    """The intervals of a recurrence from `first` to `last`.

    The clocks decide: an opening across the spring change is an hour shorter, across the autumn change an hour longer.
    """
    found = []
    for day in days_between(first, last):
        if recurrence.holds_on(day, public_holidays):
            opens = int(datetime.combine(day, recurrence.opens, zone).timestamp())
            closes = int(datetime.combine(day, recurrence.closes, zone).timestamp())
            # Both may stand around the hour that the spring change skips.
            if opens < closes:
                found.append(Interval(opens, closes))
    return found
