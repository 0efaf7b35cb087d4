"""When a recurring event takes place within a window, without walking through all the years before it."""

import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import FrameType
from typing import Any

from dateutil import rrule

from services.availability.interop.agendas.moments import Moment, Unreadable, moment

MOST_OCCURRENCES = 20_000
EVENT_S, AGENDA_S = 0.5, 4.0
"""Processor seconds that one event, and all events of an agenda, may take."""
_DAY = timedelta(days=1)
_UNITS = {
    "SECONDLY": timedelta(seconds=1), "MINUTELY": timedelta(minutes=1), "HOURLY": timedelta(hours=1),
    "DAILY": _DAY, "WEEKLY": 7 * _DAY,
}  # fmt: skip
_FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY")
_NUMBERS = ("BYSETPOS", "BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYHOUR", "BYMINUTE", "BYSECOND")
_LONGEST = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
_WEEKDAYS = {
    "MO": rrule.MO,
    "TU": rrule.TU,
    "WE": rrule.WE,
    "TH": rrule.TH,
    "FR": rrule.FR,
    "SA": rrule.SA,
    "SU": rrule.SU,
}


class TooMuch(Unreadable):
    """An event that occurs too often, or whose occurrences take too long to find."""


@dataclass(frozen=True, slots=True)
class RecurrenceRule:
    """One RRULE, parsed. `until` is the last moment it allows, in the event's zone or in UTC."""

    frequency: str
    interval: int
    count: int | None
    until: Moment | None
    parts: Mapping[str, Any]

    def starts(self, start: Moment, lower: datetime, upper: datetime) -> Iterator[datetime]:
        """The times that the wall's clock shows at the starts between two such times; raises `TooMuch`."""
        if self._never():
            return
        begin, count = self._nearer(start.local, lower)
        found = rrule.rrule(
            _FREQUENCIES.index(self.frequency), dtstart=begin, interval=self.interval, count=count,
            until=None if count is not None else upper, **self.parts,
        )  # fmt: skip
        counted = 0
        for local in found:
            if local > upper or self._over(Moment(local, start.zone, start.whole_day)):
                return
            if local >= lower:
                counted += 1
                if counted > MOST_OCCURRENCES:
                    raise TooMuch
                yield local

    def _never(self) -> bool:
        """Whether it names days that no calendar has, such as 30 February."""
        months, days = self.parts.get("bymonth"), self.parts.get("bymonthday")
        longest = max(_LONGEST.get(month, 31) for month in months) if months else 31
        return days is not None and all(abs(day) > longest for day in days)

    def _over(self, occurrence: Moment) -> bool:
        if self.until is None:
            return False
        if self.until.whole_day:
            return occurrence.local.date() > self.until.local.date()
        # A day is a day of the calendar's own zone: some write its last instant, some its first.
        return occurrence.at > self.until.at

    def _nearer(self, begin: datetime, lower: datetime) -> tuple[datetime, int | None]:
        """The same rule begun nearer to the window, where whole periods may be skipped."""
        unit = _UNITS.get(self.frequency)
        if unit is None or begin >= lower or (self.count is not None and self.parts):
            return begin, self.count
        skipped = (lower - begin) // (unit * self.interval) - 1
        if skipped <= 0:
            return begin, self.count
        # A count of 1 keeps what is over from looking endless.
        left = None if self.count is None else max(1, self.count - skipped)
        begin = begin + skipped * unit * self.interval if self.count is None or self.count > skipped else begin
        return begin, left


def parse_rule(text: str, start: Moment) -> RecurrenceRule:
    """One RRULE; parts that are not of the standard are left out. Raises `Unreadable`."""
    values: dict[str, str] = {}
    for part in text.strip().upper().strip(";").split(";"):
        name, equals, value = part.partition("=")
        if not equals:
            raise Unreadable(text)
        values[name.strip()] = value.strip()
    frequency = values.get("FREQ", "")
    if frequency not in _FREQUENCIES:
        raise Unreadable(text)
    parts: dict[str, Any] = {name.lower(): _numbers(values[name]) for name in _NUMBERS if values.get(name)}
    if values.get("BYDAY"):
        parts["byweekday"] = [_weekday(day) for day in values["BYDAY"].split(",")]
    if values.get("WKST", "MO") != "MO":
        parts["wkst"] = _weekday(values["WKST"])
    count = _whole(values["COUNT"]) if "COUNT" in values else None
    until = moment(values["UNTIL"], start.zone) if "UNTIL" in values else None
    return RecurrenceRule(frequency, _whole(values.get("INTERVAL", "1")), count, until, parts)


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < len(text) < 10 or int(text) == 0:
        raise Unreadable(text)
    return int(text)


def _numbers(text: str) -> list[int]:
    numbers = text.split(",")
    if len(numbers) > 400:
        raise Unreadable(text[:40])
    return [int(number) for number in numbers]


def _weekday(text: str) -> Any:
    day = _WEEKDAYS.get(text.strip()[-2:])
    if day is None:
        raise Unreadable(text)
    place = text.strip()[:-2]
    return day(int(place)) if place else day


@dataclass(slots=True)
class Allowance:
    """How much of the processor the events of one agenda may still take."""

    left_s: float = AGENDA_S

    @contextmanager
    def one_event(self) -> Iterator[None]:
        """Interrupt what takes too long; raises `TooMuch`. It can interrupt only the main thread of a process."""
        if self.left_s <= 0:
            raise TooMuch
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        began_s = time.process_time()
        before = signal.signal(signal.SIGVTALRM, _interrupt)
        signal.setitimer(signal.ITIMER_VIRTUAL, min(EVENT_S, self.left_s))
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.signal(signal.SIGVTALRM, before)
            self.left_s -= time.process_time() - began_s


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise TooMuch
