"""Events that share a UID: a series, its exceptions, and what replaced what."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from services.availability.interop.agendas.events import AgendaEvent, AgendaWindow, BusyTime, dates
from services.availability.interop.agendas.moments import Length, Moment


def busy_times(events: Sequence[AgendaEvent], window: AgendaWindow) -> list[BusyTime]:
    """When the events of one UID take time within a window; raises `TooMuch`."""
    return [period for period in _periods(events, window) if window.touches(period)]


def _periods(events: Sequence[AgendaEvent], window: AgendaWindow) -> Iterator[BusyTime]:
    masters = [event for event in events if event.recurrence is None and not _superseded(event, events)]
    exceptions = [event for event in events if event.recurrence is not None and not _taken_out(event, masters)]
    replaced = dates(event.recurrence for event in exceptions if event.recurrence is not None)
    later = _changes_from_then_on(exceptions)
    margin = max((abs(moved) for _, moved, _ in later), default=timedelta())
    for master in masters:
        for start, lasts in master.occurrences(window, margin):
            if replaced.name(start):
                continue
            moved, change = _in_force(later, start)
            if change is None and master.takes_time:
                yield _busy(start, lasts)
            elif change is not None and change.takes_time:
                yield _busy(Moment(start.local + moved, change.start.zone, change.start.whole_day), change.length)
    yield from (_busy(event.start, event.length) for event in exceptions if event.takes_time)


Change = tuple[Moment, timedelta, AgendaEvent]


def _changes_from_then_on(exceptions: Sequence[AgendaEvent]) -> list[Change]:
    """The exceptions that hold for all that follows (RANGE=THISANDFUTURE), in order of time."""
    found = [
        (event.recurrence, event.start.local - event.recurrence.local, event)
        for event in exceptions
        if event.and_after and event.recurrence is not None
    ]
    return sorted(found, key=lambda change: change[0].at)


def _in_force(later: Sequence[Change], start: Moment) -> tuple[timedelta, AgendaEvent | None]:
    moved, change = timedelta(), None
    for since, by, event in later:
        if since.at <= start.at:
            moved, change = by, event
    return moved, change


def _superseded(event: AgendaEvent, events: Sequence[AgendaEvent]) -> bool:
    """Whether a newer version of the same event stands beside it."""
    return any(
        other.recurrence is None and other.sequence > event.sequence and other.start.at == event.start.at
        for other in events
    )


def _taken_out(exception: AgendaEvent, masters: Sequence[AgendaEvent]) -> bool:
    """Whether a newer version of its series takes this occurrence out."""
    occurrence = exception.recurrence
    return occurrence is not None and any(
        master.sequence > exception.sequence and master.without.name(occurrence) for master in masters
    )


def _busy(start: Moment, lasts: Length) -> BusyTime:
    return BusyTime(start.at, max(start.at, lasts.after(start)))
