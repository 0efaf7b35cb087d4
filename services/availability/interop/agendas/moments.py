"""Dates, times, lengths and zones as agendas write them (RFC 5545, section 3.3)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from services.availability.interop.agendas.lines import AgendaLine

_MOMENT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})?(?:\.\d+)?(Z)?)?", re.ASCII)
_LENGTH = re.compile(
    r"([+-]?)P(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,8})M)?(?:(\d{1,9})S)?)?", re.ASCII
)
_OFFSET = re.compile(r"(?:UTC|GMT)?\s*([+-])(\d{1,2}):?(\d{2})?", re.ASCII)
_DAY = timedelta(days=1)
FIRST_YEAR, LAST_YEAR = 1600, 2400
"""Before the first, nothing is an appointment; after the last, it is as good as for ever."""
Zone = Callable[[datetime], datetime]
"""The instant, in UTC, at which a local clock without an offset shows a time."""


class Unreadable(ValueError):
    """A value that is no date, length, zone or rule."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What a clock of `zone` shows; `whole_day` when only the day is said."""

    local: datetime
    zone: Zone
    whole_day: bool = False

    @property
    def at(self) -> datetime:
        """The instant, in UTC."""
        return self.zone(self.local)


@dataclass(frozen=True, slots=True)
class Length:
    """So many days on the wall's clock, then so long in real time."""

    days: int = 0
    exact: timedelta = timedelta()

    def after(self, start: Moment) -> datetime:
        """The instant at which something of this length ends."""
        return start.zone(start.local + self.days * _DAY) + self.exact

    @property
    def about(self) -> timedelta:
        """At least this long, whatever the clocks do meanwhile."""
        return (self.days + 1) * _DAY + self.exact


def clock_of(zone: tzinfo) -> Zone:
    """A zone of the machine's database as a `Zone`."""
    return lambda local: local.replace(tzinfo=zone).astimezone(UTC)


IN_UTC: Zone = clock_of(UTC)


def moment(value: str, zone: Zone) -> Moment:
    """A date or a date and time, in `zone` unless it says UTC itself; raises `Unreadable`."""
    found = _MOMENT.fullmatch(value.strip().replace("-", "").replace(":", ""))
    if found is None:
        raise Unreadable(value)
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    if year < FIRST_YEAR:
        raise Unreadable(value)
    try:
        local = datetime(min(year, LAST_YEAR), month, day, hour, minute, min(second, 59))  # noqa: DTZ001  a wall's clock
    except ValueError:
        raise Unreadable(value) from None
    return Moment(local, IN_UTC if found[7] else zone, whole_day=found[4] is None)


def length(value: str) -> Length:
    """A length such as `PT1H`; raises `Unreadable`."""
    found = _LENGTH.fullmatch(value.strip().upper())
    if found is None or not any(found.groups()[1:]) or found[1] == "-":
        raise Unreadable(value)
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    return Length(7 * weeks + days, timedelta(hours=hours, minutes=minutes, seconds=seconds))


def zone_of(line: AgendaLine, own: Mapping[str, Zone], default: Zone) -> Zone:
    """The zone that a property names: known to the machine, defined in the file, or guessed from its name."""
    name = line.parameters.get("TZID", "").strip()
    if not name:
        return default
    return find_zone(name) or own.get(name) or guess_zone(name) or default


@lru_cache(maxsize=256)
def find_zone(name: str) -> Zone | None:
    """A zone that the machine knows by exactly this name."""
    return clock_of(ZoneInfo(name)) if name in _names() else None


@lru_cache(maxsize=256)
def guess_zone(name: str) -> Zone | None:
    """A zone from Windows' names, a vendor's prefix, a city or an offset within the name."""
    # Only agendas with such a name pay for what this brings in.
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON  # noqa: PLC0415

    if name in WINDOWS_TO_OLSON:
        return find_zone(WINDOWS_TO_OLSON[name])
    parts = name.strip("/").split("/")
    for start in range(len(parts)):
        if found := find_zone("/".join(parts[start:])):
            return found
    label = re.sub(r"\(.*?\)", "", name)
    for word in re.split(r"[,;]", label.replace("Standard Time", "")):
        if found := _city(word.strip().replace(" ", "_").lower()):
            return found
    offset = _OFFSET.search(name)
    return None if offset is None else _fix_offset(offset)


def _city(word: str) -> Zone | None:
    names = sorted(name for name in _names() if "/" in name and name.rsplit("/", 1)[1].lower() == word)
    return find_zone(names[0]) if word and names else None


def _fix_offset(found: re.Match[str]) -> Zone:
    length = timedelta(hours=int(found[2]) % 24, minutes=int(found[3] or 0) % 60)
    return clock_of(timezone(-length if found[1] == "-" else length))


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(available_timezones())
