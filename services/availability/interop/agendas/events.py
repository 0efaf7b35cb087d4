"""Events of an agenda: what one says of itself, and the times it takes within a window."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from services.availability.interop.agendas.lines import AgendaLine, Component
from services.availability.interop.agendas.moments import Length, Moment, Unreadable, Zone, length, moment, zone_of
from services.availability.interop.agendas.recurrence import MOST_OCCURRENCES, RecurrenceRule, TooMuch, parse_rule

OUR_DOMAIN = "@aiguillage"
"""Ends the UID of what we publish: an agenda that shows our slots back to us is not busy with them."""
MOST_DATES = 500_000
_DAY = timedelta(days=1)
_MARGIN = timedelta(days=2)


@dataclass(frozen=True, slots=True, order=True)
class BusyTime:
    """A time when nobody can be seen."""

    starts_at: datetime
    ends_at: datetime


def merge(periods: Iterable[BusyTime]) -> list[BusyTime]:
    """The same time in as few periods as it takes."""
    whole: list[BusyTime] = []
    for period in sorted(period for period in periods if period.starts_at < period.ends_at):
        if whole and period.starts_at <= whole[-1].ends_at:
            whole[-1] = BusyTime(whole[-1].starts_at, max(whole[-1].ends_at, period.ends_at))
        else:
            whole.append(period)
    return whole


@dataclass(frozen=True, slots=True)
class AgendaWindow:
    """From `from_at` on, up to but not at `to_at`."""

    from_at: datetime
    to_at: datetime

    def touches(self, period: BusyTime) -> bool:
        """Whether they share an instant."""
        return period.starts_at < self.to_at and period.ends_at > self.from_at


@dataclass(frozen=True, slots=True)
class Setting:
    """What holds for all events of a calendar: the zones it defines, its own zone, its owner's mail addresses."""

    zones: Mapping[str, Zone]
    default: Zone
    owners: frozenset[str] = frozenset()

    def moment(self, line: AgendaLine, value: str | None = None, zone: Zone | None = None) -> Moment:
        """The moment that a property says."""
        return moment(line.value if value is None else value, zone_of(line, self.zones, zone or self.default))


@dataclass(frozen=True, slots=True)
class Dates:
    """Occurrences named one by one: by their instant, or by their day."""

    instants: frozenset[datetime] = frozenset()
    days: frozenset[date] = frozenset()

    def name(self, occurrence: Moment) -> bool:
        """Whether this occurrence is one of them."""
        return occurrence.at in self.instants or occurrence.local.date() in self.days


@dataclass(slots=True)
class AgendaEvent:
    """One VEVENT (or AVAILABLE), parsed."""

    uid: str
    start: Moment
    length: Length
    takes_time: bool
    sequence: int = 0
    recurrence: Moment | None = None
    and_after: bool = False
    rules: list[RecurrenceRule] = field(default_factory=list)
    less: list[RecurrenceRule] = field(default_factory=list)
    further: list[tuple[Moment, Length]] = field(default_factory=list)
    without: Dates = Dates()

    @property
    def recurs(self) -> bool:
        """Whether it takes place more than once."""
        return bool(self.rules or self.further)

    def occurrences(self, window: AgendaWindow, margin: timedelta = timedelta()) -> Iterator[tuple[Moment, Length]]:
        """Where it starts, and for how long; those that `less` and `without` name are left out."""
        lower, upper = self._local(window, margin)
        left_out = {at for rule in self.less for at in rule.starts(self.start, lower, upper)}
        seen: set[datetime] = set()
        for start, lasts in self._all(lower, upper):
            if start.local in seen or start.local in left_out or self.without.name(start):
                continue
            seen.add(start.local)
            if len(seen) > MOST_OCCURRENCES:
                raise TooMuch
            yield start, lasts

    def _all(self, lower: datetime, upper: datetime) -> Iterator[tuple[Moment, Length]]:
        yield self.start, self.length
        for rule in self.rules:
            for local in rule.starts(self.start, lower, upper):
                yield Moment(local, self.start.zone, self.start.whole_day), self.length
        yield from ((start, lasts) for start, lasts in self.further if lower <= start.local <= upper)

    def _local(self, window: AgendaWindow, margin: timedelta) -> tuple[datetime, datetime]:
        """The window on the wall's clock, wide enough for what began before it and for any zone."""
        back = min(self.length.about, timedelta(days=40_000)) + margin + _MARGIN
        return (window.from_at - back).replace(tzinfo=None), (window.to_at + margin + _MARGIN).replace(tzinfo=None)


def event_of(component: Component, setting: Setting) -> AgendaEvent:
    """An event as its lines say; marks the component as broken, or raises `Unreadable`."""
    first = _only(component, "DTSTART")
    if first is None:
        raise Unreadable("DTSTART")
    start = setting.moment(first)
    recurrence = _only(component, "RECURRENCE-ID")
    return AgendaEvent(
        uid=component.value("UID"),
        start=start,
        length=_length(component, start, setting),
        takes_time=_takes_time(component, setting.owners),
        sequence=_sequence(component),
        recurrence=None if recurrence is None else setting.moment(recurrence, zone=start.zone),
        and_after=recurrence is not None and recurrence.parameters.get("RANGE", "").upper() == "THISANDFUTURE",
        rules=[parse_rule(line.value, start) for line in component.all("RRULE")],
        less=[parse_rule(line.value, start) for line in component.all("EXRULE")],
        further=list(_further(component, start, setting)),
        without=dates(_exceptions(component, start, setting)),
    )


def dates(moments: Iterable[Moment]) -> Dates:
    """Occurrences named by these moments: a whole day names all of that day's."""
    listed = list(moments)
    return Dates(
        frozenset(each.at for each in listed if not each.whole_day),
        frozenset(each.local.date() for each in listed if each.whole_day),
    )


def _only(component: Component, name: str) -> AgendaLine | None:
    return next(iter(component.all(name)), None)


def _sequence(component: Component) -> int:
    text = component.value("SEQUENCE")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _length(component: Component, start: Moment, setting: Setting) -> Length:
    end, lasts = _only(component, "DTEND"), _only(component, "DURATION")
    if lasts is not None and end is None:
        return length(lasts.value)
    if end is None:
        return Length(days=1) if start.whole_day else Length()
    ends = setting.moment(end, zone=start.zone)
    if start.whole_day and ends.whole_day:
        # Some write the same day twice for a day, against the letter.
        return Length(days=max(1, (ends.local - start.local).days)) if ends.local >= start.local else _backwards(end)
    exact = ends.at - start.at
    return Length(exact=exact) if exact >= timedelta() else _backwards(end)


def _backwards(end: AgendaLine) -> Length:
    raise Unreadable(end.value)


def _takes_time(component: Component, owners: frozenset[str]) -> bool:
    if component.value("STATUS").upper() == "CANCELLED" or component.value("TRANSP").upper() == "TRANSPARENT":
        return False
    if component.value("X-MICROSOFT-CDO-BUSYSTATUS").upper() == "FREE" or component.value("UID").endswith(OUR_DOMAIN):
        return False
    guests = (line for line in component.all("ATTENDEE") if line.parameters.get("PARTSTAT", "").upper() == "DECLINED")
    return not any(line.value.strip().lower().removeprefix("mailto:") in owners for line in guests)


def _further(component: Component, start: Moment, setting: Setting) -> Iterator[tuple[Moment, Length]]:
    own = _length(component, start, setting)
    for line in component.all("RDATE"):
        for value in _list_values(line):
            begins, period, ends = value.partition("/")
            at = setting.moment(line, begins, start.zone)
            if not period:
                yield at, own
            elif ends.strip().upper().startswith("P"):
                yield at, length(ends)
            else:
                yield at, Length(exact=setting.moment(line, ends, start.zone).at - at.at)


def _exceptions(component: Component, start: Moment, setting: Setting) -> Iterator[Moment]:
    """The moments of EXDATE. One that cannot be read takes nothing out: the time stays busy, the event is broken.

    An empty one, as some programs write when nothing is taken out, says nothing.
    """
    for line in component.all("EXDATE"):
        try:
            yield from [setting.moment(line, value, start.zone) for value in _list_values(line)]
        except Unreadable:
            component.broken = True


def _list_values(line: AgendaLine) -> list[str]:
    values = [value.strip() for value in line.value.split(",") if value.strip()]
    if len(values) > MOST_DATES:
        raise Unreadable(line.name)
    return values
