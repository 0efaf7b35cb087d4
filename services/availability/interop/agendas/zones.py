"""Zones that an agenda defines itself (VTIMEZONE), worked out around the window alone."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from services.availability.interop.agendas.lines import Component
from services.availability.interop.agendas.moments import IN_UTC, Moment, Unreadable, Zone, moment
from services.availability.interop.agendas.recurrence import Allowance, parse_rule

_OFFSET = re.compile(r"([+-])(\d{2})(\d{2})(\d{2})?", re.ASCII)
_AROUND = timedelta(days=800)
_LONGEST_OFFSET = timedelta(hours=24)
Change = tuple[datetime, timedelta, timedelta]
"""On the wall's clock before it: when, the offset before, the offset after."""


def own_zones(calendar: Component, around: datetime, allowance: Allowance) -> dict[str, Zone]:
    """The zones that a calendar defines, by name; one that makes no sense is left out."""
    found: dict[str, Zone] = {}
    for component in calendar.inner:
        name = component.value("TZID").replace("\\,", ",").replace("\\;", ";")
        if component.name != "VTIMEZONE" or not name or name in found:
            continue
        try:
            with allowance.one_event():
                found[name] = _zone(sorted(_changes(component.inner, around)))
        except (ValueError, TypeError, OverflowError, ArithmeticError):
            continue
    return found


def _changes(observances: Iterable[Component], around: datetime) -> Iterator[Change]:
    lower, upper = (around.astimezone(UTC).replace(tzinfo=None) + way * _AROUND for way in (-1, 1))
    for observance in observances:
        start = moment(observance.value("DTSTART"), IN_UTC)
        before, after = _offset(observance.value("TZOFFSETFROM")), _offset(observance.value("TZOFFSETTO"))
        yield start.local, before, after
        for line in observance.all("RRULE"):
            yield from ((at, before, after) for at in parse_rule(line.value, start).starts(start, lower, upper))
        for line in observance.all("RDATE"):
            yield from ((_local(value, start), before, after) for value in line.value.split(","))


def _local(value: str, start: Moment) -> datetime:
    return moment(value, start.zone).local


def _zone(changes: list[Change]) -> Zone:
    if not changes:
        raise Unreadable("VTIMEZONE")

    def utc(local: datetime) -> datetime:
        # In the hour that is skipped the offset before holds, as RFC 5545 asks.
        offset = changes[0][1]
        for at, before, after in changes:
            if local < at + max(timedelta(), after - before):
                break
            offset = after
        return (local - offset).replace(tzinfo=UTC)

    return utc


def _offset(text: str) -> timedelta:
    found = _OFFSET.fullmatch(text.strip())
    if found is None:
        raise Unreadable(text)
    length = timedelta(hours=int(found[2]), minutes=int(found[3]), seconds=int(found[4] or 0))
    if length >= _LONGEST_OFFSET:
        raise Unreadable(text)
    return -length if found[1] == "-" else length
