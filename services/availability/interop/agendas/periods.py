"""Busy times that are written as such: VFREEBUSY, and what VAVAILABILITY leaves uncovered (RFC 7953)."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from services.availability.interop.agendas.events import AgendaWindow, BusyTime, Setting, event_of, merge
from services.availability.interop.agendas.lines import Component
from services.availability.interop.agendas.moments import length
from services.availability.interop.agendas.series import busy_times


def free_busy(component: Component, setting: Setting) -> Iterator[BusyTime]:
    """The periods of a VFREEBUSY, but for those that say free; raises `Unreadable`."""
    for line in component.all("FREEBUSY"):
        if line.parameters.get("FBTYPE", "BUSY").upper() == "FREE":
            continue
        for value in filter(None, (part.strip() for part in line.value.split(","))):
            begins, _, ends = value.partition("/")
            start = setting.moment(line, begins)
            if ends.strip().upper().startswith("P"):
                yield BusyTime(start.at, length(ends).after(start))
            else:
                yield BusyTime(start.at, setting.moment(line, ends).at)


def unavailable(component: Component, setting: Setting, window: AgendaWindow) -> Iterator[BusyTime]:
    """Within a VAVAILABILITY, what none of its AVAILABLE covers; raises `Unreadable`."""
    if component.value("BUSYTYPE").upper() == "FREE":
        return
    whole = BusyTime(
        max(_end(component, "DTSTART", setting, window.from_at), window.from_at),
        min(_end(component, "DTEND", setting, window.to_at), window.to_at),
    )
    if whole.starts_at < whole.ends_at:
        yield from gaps(whole, merge(_available(component, setting, window)))


def gaps(within: BusyTime, covered: Iterable[BusyTime]) -> Iterator[BusyTime]:
    """What of a period nothing covers; `covered` is merged and in order."""
    at = within.starts_at
    for period in covered:
        if period.starts_at > at:
            yield BusyTime(at, min(period.starts_at, within.ends_at))
        at = max(at, period.ends_at)
        if at >= within.ends_at:
            return
    yield BusyTime(at, within.ends_at)


def _end(component: Component, name: str, setting: Setting, default: datetime) -> datetime:
    found = component.all(name)
    return setting.moment(found[0]).at if found else default


def _available(component: Component, setting: Setting, window: AgendaWindow) -> Iterator[BusyTime]:
    for available in component.inner:
        if available.name == "AVAILABLE":
            yield from busy_times([event_of(available, setting)], window)
