"""Other agendas (RFC 5545, RFC 7953): when their owner is busy. Nothing else is read: no title, no place, no guest."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import icalendar
import recurring_ical_events

from shared.clock import PARIS
from shared.refusals import Refusal

LARGEST = 5_000_000
MOST_EVENTS = 20_000
TIMES = frozenset(
    {"DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "FREEBUSY", "STATUS", "TRANSP"}
)
OUR_DOMAIN = "@aiguillage"
"""Ends the UID of what we publish: an agenda that shows our slots back to us is not busy with them."""


class FeedUnreadable(Refusal):
    """Cet agenda n'est pas lisible : vérifiez l'adresse, elle doit mener à un fichier iCalendar (.ics)."""

    code = "feed_unreadable"
    status = 422


@dataclass(frozen=True, slots=True, order=True)
class Busy:
    """A time when nobody can be seen."""

    starts_at: datetime
    ends_at: datetime


def busy_periods(content: bytes, *, from_at: datetime, to_at: datetime) -> list[Busy]:
    """The busy times that touch this window, merged, in order; raises `FeedUnreadable`.

    Recurring events are unrolled; cancelled, transparent and zero-length ones leave the time free. A time without a
    zone is Paris'; a whole day is a day in Paris.
    """
    calendars = _parse(content)
    try:
        found = [period for calendar in calendars for period in _periods(calendar, from_at, to_at)]
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, ArithmeticError):
        raise FeedUnreadable("Un événement de cet agenda n'est pas lisible.") from None
    touching = [period for period in found if period.starts_at < to_at and period.ends_at > from_at]
    return merged(touching)


def merged(periods: Iterable[Busy]) -> list[Busy]:
    """The same time in as few periods as it takes."""
    whole: list[Busy] = []
    for period in sorted(period for period in periods if period.starts_at < period.ends_at):
        if whole and period.starts_at <= whole[-1].ends_at:
            whole[-1] = Busy(whole[-1].starts_at, max(whole[-1].ends_at, period.ends_at))
        else:
            whole.append(period)
    return whole


def _parse(content: bytes) -> list[icalendar.Calendar]:
    if len(content) > LARGEST:
        raise FeedUnreadable("Cet agenda est trop gros.", rule=f"at most {LARGEST} bytes")
    try:
        found = icalendar.Calendar.from_ical(content.decode("utf-8-sig"), multiple=True)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError):
        raise FeedUnreadable from None
    _refuse_broken_times(found)
    calendars = [each for each in found if each.name == "VCALENDAR"]
    if not calendars:
        raise FeedUnreadable(rule="VCALENDAR")
    if sum(len(calendar.subcomponents) for calendar in calendars) > MOST_EVENTS:
        raise FeedUnreadable("Cet agenda contient trop d'événements.", rule=f"at most {MOST_EVENTS}")
    return calendars


def _refuse_broken_times(components: Iterable[Any]) -> None:
    """A time that the library left out, or a recurrence without a frequency, would pass for free time."""
    for component in (inner for each in components for inner in each.walk()):
        broken = sorted({name for name, _ in component.errors if name in TIMES})
        if broken or not all(rule.get("FREQ") for rule in _listed(component.get("RRULE", []))):
            raise FeedUnreadable("Une date de cet agenda n'est pas lisible.", field=", ".join(broken) or "RRULE")


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]


def _periods(calendar: icalendar.Calendar, from_at: datetime, to_at: datetime) -> Iterator[Busy]:
    yield from _events(calendar, from_at, to_at)
    yield from _free_busy(calendar)
    yield from _unavailable(calendar, from_at, to_at)


def _events(calendar: icalendar.Calendar, from_at: datetime, to_at: datetime) -> Iterator[Busy]:
    events = recurring_ical_events.of(calendar, components=["VEVENT"]).between(from_at, to_at)
    return (_span(event.start, event.end) for event in events if _takes_time(event))


def _takes_time(event: icalendar.Event) -> bool:
    cancelled = str(event.get("STATUS", "")).upper() == "CANCELLED"
    transparent = str(event.get("TRANSP", "")).upper() == "TRANSPARENT"
    return not (cancelled or transparent or str(event.get("UID", "")).endswith(OUR_DOMAIN))


def _free_busy(calendar: icalendar.Calendar) -> Iterator[Busy]:
    for component in calendar.walk("VFREEBUSY"):
        for period in _listed(component.get("FREEBUSY", [])):
            if str(period.params.get("FBTYPE", "BUSY")).upper() != "FREE":
                yield _span(period.start, period.end)


def _unavailable(calendar: icalendar.Calendar, from_at: datetime, to_at: datetime) -> Iterator[Busy]:
    """Within a VAVAILABILITY, what none of its AVAILABLE covers (RFC 7953)."""
    component: Any
    for component in calendar.walk("VAVAILABILITY"):
        if str(component.get("BUSYTYPE", "BUSY-UNAVAILABLE")).upper() == "FREE":
            continue
        starts_at = _instant(component.decoded("DTSTART")) if "DTSTART" in component else from_at
        ends_at = _instant(component.decoded("DTEND")) if "DTEND" in component else to_at
        within = Busy(max(starts_at, from_at), min(ends_at, to_at))
        if within.starts_at < within.ends_at:
            yield from gaps(within, merged(_available(component, from_at, to_at)))


def _available(component: Any, from_at: datetime, to_at: datetime) -> Iterator[Busy]:
    times = icalendar.Calendar()
    for number, available in enumerate(component.walk("AVAILABLE")):
        event = icalendar.Event()
        for name, value in available.property_items(recursive=False):
            if name in ("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID"):
                event[name] = value
        event["UID"] = str(available.get("UID", number))
        times.add_component(event)
    yield from _events(times, from_at, to_at)


def gaps(within: Busy, covered: Iterable[Busy]) -> Iterator[Busy]:
    """What of a period nothing covers; `covered` is merged and in order."""
    at = within.starts_at
    for period in covered:
        if period.starts_at > at:
            yield Busy(at, min(period.starts_at, within.ends_at))
        at = max(at, period.ends_at)
        if at >= within.ends_at:
            return
    yield Busy(at, within.ends_at)


def _span(start: date | datetime, end: date | datetime) -> Busy:
    starts_at, ends_at = _instant(start), _instant(end)
    if not isinstance(start, datetime) and ends_at <= starts_at:
        ends_at = _instant(start + timedelta(days=1))
    return Busy(starts_at, max(starts_at, ends_at))


def _instant(moment: date | datetime) -> datetime:
    whole = moment if isinstance(moment, datetime) else datetime.combine(moment, time())
    return (whole if whole.tzinfo else whole.replace(tzinfo=PARIS)).astimezone(UTC)
