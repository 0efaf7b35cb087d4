"""Quiet hours, by the clocks of where one works: across midnight, and through the nights when clocks change."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.db.clock import PARIS


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `starts` to `ends`, wall-clock times; the same time twice means never."""

    starts: time
    ends: time
    zone: ZoneInfo = PARIS

    def until(self, now: datetime) -> datetime | None:
        """When the quiet that `now` falls in ends, in UTC; None when it is not quiet."""
        local = now.astimezone(self.zone)
        length_days = 1 if self.ends < self.starts else 0
        # The night may have begun yesterday: both are looked at, by instants, so that a changed clock changes nothing.
        for day in (local.date() - timedelta(days=1), local.date()):
            begins, ends = self._instant(day, self.starts), self._instant(day + timedelta(days=length_days), self.ends)
            if begins <= now < ends:
                return ends
        return None

    def _instant(self, day: date, at: time) -> datetime:
        """The instant of a wall-clock time; one that the spring change skips is as much later."""
        return datetime.combine(day, at, self.zone).astimezone(UTC)
