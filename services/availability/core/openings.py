"""Recurring openings, minus public holidays, as intervals of real time: local hours, safe on daylight-saving days."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from services.availability.core.slots import Interval

DAY_MIN = 24 * 60


@dataclass(frozen=True, slots=True)
class Recurrence:
    """Open on these weekdays (ISO: Monday is 1), from `opens` to `closes` local time, between two days included.

    One that closes no later than it opens closes on the day after; it belongs to the day on which it opens.
    """

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

    def overlaps(self, other: "Recurrence") -> bool:
        """Whether the two are ever open at the same time of the wall's clock."""
        first, last = max(self.first_day, other.first_day), self._until(other)
        if last is not None and first > last:
            return False
        mine, theirs = self.week_minutes(), other.week_minutes()
        return any(
            start < end_of_other and other_start < end for start, end in mine for other_start, end_of_other in theirs
        )

    def _until(self, other: "Recurrence") -> date | None:
        days = [day for day in (self.last_day, other.last_day) if day is not None]
        return min(days, default=None)

    def week_minutes(self) -> list[tuple[int, int]]:
        """The minutes of a week when it is open; what runs past Sunday night is also at the week's beginning."""
        opens = self.opens.hour * 60 + self.opens.minute
        length = (self.closes.hour * 60 + self.closes.minute - opens) % DAY_MIN or DAY_MIN
        starts = [(weekday - 1) * DAY_MIN + opens for weekday in sorted(self.weekdays)]
        whole = [(start, start + length) for start in starts]
        return whole + [(start - 7 * DAY_MIN, end - 7 * DAY_MIN) for start, end in whole if end > 7 * DAY_MIN]


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
            until = day if recurrence.closes > recurrence.opens else day + timedelta(days=1)
            closes = int(datetime.combine(until, recurrence.closes, zone).timestamp())
            # Both may stand around the hour that the spring change skips.
            if opens < closes:
                found.append(Interval(opens, closes))
    return found
