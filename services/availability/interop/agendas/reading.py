"""Other agendas (RFC 5545, RFC 7953): when their owner is busy. Nothing else is read: no title, no place, no guest.

One line that makes no sense costs its own event, which is counted and told; the others count. A file that is cut off,
or in which nothing can be read, is refused whole: what is known of it stays.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from itertools import chain
from zoneinfo import ZoneInfo

from services.availability.interop.agendas.events import (
    OUR_DOMAIN,
    AgendaEvent,
    AgendaWindow,
    BusyTime,
    Setting,
    event_of,
    merge,
)
from services.availability.interop.agendas.lines import KEPT, ROOT, Component, calendars, write_lines
from services.availability.interop.agendas.moments import clock_of, find_zone, guess_zone
from services.availability.interop.agendas.periods import free_busy, unavailable
from services.availability.interop.agendas.recurrence import Allowance
from services.availability.interop.agendas.series import busy_times
from services.availability.interop.agendas.zones import own_zones
from shared.refusals import Refusal

__all__ = ["LARGEST", "OUR_DOMAIN", "BusyTime", "FeedUnreadable", "Reading", "busy_periods", "merge", "read_agenda"]
LARGEST = 10_000_000
MOST_EVENTS, MOST_PERIODS = 50_000, 5_000
WRONG = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, ArithmeticError, RecursionError)
PARIS = ZoneInfo("Europe/Paris")
_MAIL = re.compile(r"[^\s@/]+@[^\s@/]+\.[^\s@/]+")


class FeedUnreadable(Refusal):
    """Cet agenda n'est pas lisible : vérifiez l'adresse, elle doit mener à un fichier iCalendar (.ics)."""

    code = "feed_unreadable"
    status = 422


@dataclass(slots=True)
class Reading:
    """What was read: busy times in order, how many events could not be read, and what to keep of the file.

    `kept` holds times alone, of what is not over: the window moves on over it while the agenda does not change.
    """

    periods: list[BusyTime]
    left_out: int
    kept: str


def busy_periods(
    content: bytes, *, from_at: datetime, to_at: datetime, zone: tzinfo = PARIS, owner: str = ""
) -> list[BusyTime]:
    """The busy times that touch this window, merged, in order; raises `FeedUnreadable`.

    Recurring events are unrolled; cancelled, transparent, declined and zero-length ones leave the time free. A time
    without a zone, and a whole day, are the calendar's own, or else of `zone`.
    """
    return read_agenda(content, from_at=from_at, to_at=to_at, zone=zone, owner=owner).periods


def read_agenda(
    content: bytes, *, from_at: datetime, to_at: datetime, zone: tzinfo = PARIS, owner: str = ""
) -> Reading:
    """As `busy_periods`, with what could not be read; `owner`: an address that names whose agenda this is.

    It bounds its own time only in the main thread of a process: give it a process of its own.
    """
    if len(content) > LARGEST:
        raise FeedUnreadable("Cet agenda est trop gros.", rule=f"at most {LARGEST} bytes")
    found = calendars(content)
    if not found or not all(calendar.closed for calendar in found):
        raise FeedUnreadable(rule=ROOT)
    if sum(len(calendar.inner) for calendar in found) > MOST_EVENTS:
        raise FeedUnreadable("Cet agenda contient trop d'événements.", rule=f"at most {MOST_EVENTS}")
    allowance = Allowance()
    window = AgendaWindow(from_at, to_at)
    readers = [_Reader(each, window, _setting(each, window, zone, owner, allowance), allowance) for each in found]
    periods = merge(chain.from_iterable(reader.periods() for reader in readers))
    if len(periods) > MOST_PERIODS:
        raise FeedUnreadable("Cet agenda est trop morcelé.", rule=f"at most {MOST_PERIODS} busy times")
    left_out = sum(reader.left_out for reader in readers)
    if left_out and not any(reader.read for reader in readers):
        raise FeedUnreadable("Aucun événement de cet agenda n'est lisible.")
    return Reading(periods, left_out, "\r\n".join(chain.from_iterable(reader.keep() for reader in readers)))


def _setting(calendar: Component, window: AgendaWindow, zone: tzinfo, owner: str, allowance: Allowance) -> Setting:
    own = own_zones(calendar, window.from_at, allowance)
    name = calendar.value("X-WR-TIMEZONE")
    default = (find_zone(name) or own.get(name) or guess_zone(name)) if name else None
    mails = {found.lower() for found in _MAIL.findall(f"{calendar.value('X-WR-CALNAME')} {owner}")}
    return Setting(own, default or clock_of(zone), frozenset(mails))


@dataclass(slots=True)
class _Reader:
    """Reads one calendar: events of a series together, everything else by itself."""

    calendar: Component
    window: AgendaWindow
    setting: Setting
    allowance: Allowance
    left_out: int = 0
    read: int = 0
    alive: list[Component] = field(default_factory=list)

    def periods(self) -> list[BusyTime]:
        """The busy times that touch the window."""
        series: dict[str, list[tuple[Component, AgendaEvent]]] = defaultdict(list)
        found: list[BusyTime] = []
        for number, component in enumerate(self.calendar.inner):
            if component.name == "VEVENT":
                if event := self._event(component):
                    series[event.uid or f"#{number}"].append((component, event))
            elif component.name in ("VFREEBUSY", "VAVAILABILITY"):
                found += self._safely([component], lambda each=component: self._other(each))  # type: ignore[misc]
        for members in series.values():
            found += self._series(members)
        return [period for period in found if self.window.touches(period)]

    def _event(self, component: Component) -> AgendaEvent | None:
        try:
            return event_of(component, self.setting)
        except WRONG:
            self.left_out += 1
            return None

    def _series(self, members: list[tuple[Component, AgendaEvent]]) -> list[BusyTime]:
        components, events = [component for component, _ in members], [event for _, event in members]
        if not any(event.recurs for event in events):
            # One that is over costs nothing more: most of an old agenda is.
            ends = [event.length.after(event.start) for event in events]
            if max(ends) <= self.window.from_at:
                self._note(components)
                return []
        return self._safely(components, lambda: busy_times(events, self.window))

    def _safely(self, components: Sequence[Component], read: Callable[[], Iterable[BusyTime]]) -> list[BusyTime]:
        """What it reads; nothing, counted as left out, when it cannot be read or takes too long."""
        try:
            with self.allowance.one_event():
                found = list(read())
        except WRONG:
            self.left_out += len(components)
            return []
        self._note(components)
        self.alive += components
        return found

    def _note(self, components: Sequence[Component]) -> None:
        broken = sum(component.broken for component in components)
        self.left_out += broken
        self.read += len(components) - broken

    def _other(self, component: Component) -> Iterator[BusyTime]:
        if component.name == "VFREEBUSY":
            return free_busy(component, self.setting)
        return unavailable(component, self.setting, self.window)

    def keep(self) -> Iterator[str]:
        """The calendar again: its zones, and the times of what is not over, under numbers instead of names."""
        yield f"BEGIN:{ROOT}"
        yield from (line.written for line in self.calendar.all("X-WR-TIMEZONE"))
        for component in self.calendar.inner:
            if component.name == "VTIMEZONE":
                yield from write_lines(component)
        numbers: dict[str, str] = {}
        for component in self.alive:
            for line in write_lines(component, TIMES_KEPT):
                yield _number_uid(line, numbers)
        yield f"END:{ROOT}"


TIMES_KEPT = KEPT - {"ATTENDEE", "X-WR-CALNAME"}


def _number_uid(line: str, numbers: dict[str, str]) -> str:
    """A line without the name that its UID may hold."""
    if not line.upper().startswith("UID"):
        return line
    return f"UID:{numbers.setdefault(line, str(len(numbers)))}"
