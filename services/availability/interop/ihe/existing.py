"""The search for appointments that are there (ITI-118), read from its parameters as FHIR R4 3.1.1 says. Pure."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from zoneinfo import ZoneInfo

from services.availability.interop.fhir.outcome import Malformed, Missing, RuleBroken
from services.availability.interop.fhir.query import parse_identifier
from services.availability.interop.ihe.parameters import Pairs, count_of, instant_of, key_of
from services.availability.interop.ihe.resources import STATUS
from shared.db.clock import PARIS

STATUS_SYSTEM = "http://hl7.org/fhir/appointmentstatus"
IGNORED = frozenset({"_format", "_pretty", "_sort", "_elements", "_include", "_total"})
MOST_OFFSET = 100_000
_DATE = re.compile(
    r"([a-z]{2})?(\d{4}(?:-\d{2}(?:-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+ -]\d{2}:?\d{2})?)?)?)?)",
    re.ASCII,
)
_NEVER_MISSING = frozenset({"date", "status", "practitioner", "location", "actor", "_id"})
Keys = frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Existing:
    """What is asked for: from an instant, before another; None or no entry: whatever. `states`: of bookings."""

    states: frozenset[str] = frozenset(STATUS)
    from_at: datetime | None = None
    before: datetime | None = None
    practitioners: Keys = None
    places: Keys = None
    ids: Keys = None
    requests: Keys = None
    count: int = 100
    offset: int = 0
    zone: ZoneInfo = PARIS
    """By which clocks a day or an hour without an offset is read."""


def parse_existing(pairs: Pairs, zone: ZoneInfo = PARIS, *, strict: bool) -> Existing:
    """The search; each parameter narrows it. Raises `Malformed`, `RuleBroken`; unknown names too when `strict`."""
    wanted = reduce(lambda so_far, pair: _narrow_by(so_far, *pair, strict=strict), pairs, Existing(zone=zone))
    counted = any(pair == ("_summary", "count") for pair in pairs)
    return replace(wanted, count=0 if counted else count_of(pairs))


def _narrow_by(wanted: Existing, key: str, value: str, *, strict: bool) -> Existing:
    name, _, modifier = key.partition(":")
    if name in ("_count", "_summary") or (name in IGNORED and not strict):
        return wanted
    if name == "_offset":
        return replace(wanted, offset=_offset(value))
    if modifier == "missing" and name in _NEVER_MISSING:
        return wanted if _truth(key, value) is False else replace(wanted, states=frozenset())
    reader = _READERS.get(name)
    if reader is None:
        if strict:
            raise Malformed("Ce paramètre n'est pas connu.", field=name[:40], rule=", ".join(sorted(_READERS)))
        return wanted
    return reader(wanted, key, modifier, value)


def _date(wanted: Existing, key: str, modifier: str, value: str) -> Existing:
    _no_modifier(key, modifier)
    found = _DATE.fullmatch(value)
    if found is None:
        raise Malformed("Date illisible.", field="date", value=value[:40], rule="[ge]YYYY-MM-DD[Thh:mm:ss+hh:mm]")
    prefix, said = found[1] or "eq", found[2]
    first, after = _span(said, wanted.zone)
    if prefix not in _BOUNDS:
        raise Malformed("Préfixe de date inconnu.", field="date", value=value[:40], rule=", ".join(_BOUNDS))
    lower, upper = _BOUNDS[prefix]
    from_at = {"first": first, "after": after}.get(lower)
    before = {"first": first, "after": after}.get(upper)
    return replace(
        wanted,
        from_at=max(filter(None, (wanted.from_at, from_at)), default=None),
        before=min(filter(None, (wanted.before, before)), default=None),
    )


_BOUNDS = {
    "eq": ("first", "after"), "ge": ("first", ""), "gt": ("after", ""), "sa": ("after", ""),
    "le": ("", "after"), "lt": ("", "first"), "eb": ("", "first"),
}  # fmt: skip


def _span(said: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first instant that a date means, and the first one after it: a year, a month, a day, a minute, a second."""
    first = instant_of(f"{said}-01-01"[:10] if len(said) < 10 else said, "date", zone, end=False)
    if len(said) <= 10:
        month = f"{said}-12" if len(said) == 4 else said
        last = said if len(said) == 10 else _last_of_month(month)
        return first, instant_of(last, "date", zone, end=True) + timedelta(microseconds=1)
    clock = re.sub(r"(?:Z|[+ -]\d{2}:?\d{2})$", "", said.partition("T")[2])
    width = {5: timedelta(minutes=1), 8: timedelta(seconds=1)}.get(len(clock), timedelta(milliseconds=1))
    return first, first + width


def _last_of_month(said: str) -> str:
    instant_of(f"{said}-01", "date", end=False)
    year, month = int(said[:4]), int(said[5:])
    following = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return (following - timedelta(days=1)).date().isoformat()


def _status(wanted: Existing, key: str, modifier: str, value: str) -> Existing:
    if modifier not in ("", "not"):
        _no_modifier(key, modifier)
    tokens = [parse_identifier(each) for each in value.split(",") if each]
    said = {code for system, code in tokens if system in ("", STATUS_SYSTEM)}
    kept = {state for state, status in STATUS.items() if (status in said) != (modifier == "not")}
    return replace(wanted, states=wanted.states & kept)


def _practitioner(wanted: Existing, key: str, modifier: str, value: str) -> Existing:
    if key != "practitioner.identifier" and modifier not in ("", "Practitioner", "identifier"):
        _no_modifier(key, modifier)
    return replace(wanted, practitioners=_narrow(wanted.practitioners, {key_of(each) for each in _parts(value)}))


def _location(wanted: Existing, key: str, modifier: str, value: str) -> Existing:
    if modifier not in ("", "Location"):
        _no_modifier(key, modifier)
    return replace(wanted, places=_narrow(wanted.places, {each.rpartition("/")[2] for each in _parts(value)}))


def _actor(wanted: Existing, key: str, modifier: str, value: str) -> Existing:
    kinds = {modifier or each.rpartition("/")[0].rpartition("/")[2] for each in _parts(value)}
    if kinds == {"Location"}:
        return _location(wanted, key, modifier, value)
    if kinds != {"Practitioner"}:
        raise RuleBroken("Un acteur est un praticien ou un lieu.", field="actor", rule="Practitioner/…, Location/…")
    return _practitioner(wanted, key, modifier, value)


def _id(wanted: Existing, key: str, modifier: str, value: str) -> Existing:
    _no_modifier(key, modifier)
    return replace(wanted, ids=_narrow(wanted.ids, set(_parts(value.lower()))))


def _identifier(wanted: Existing, key: str, modifier: str, value: str) -> Existing:
    _no_modifier(key, modifier)
    names = {parse_identifier(each)[1] for each in _parts(value)}
    return replace(wanted, requests=_narrow(wanted.requests, names))


_READERS = {
    "date": _date, "status": _status, "practitioner": _practitioner, "practitioner.identifier": _practitioner,
    "location": _location, "actor": _actor, "_id": _id, "identifier": _identifier,
}  # fmt: skip


def _parts(value: str) -> list[str]:
    return [part for part in value.split(",") if part]


def _narrow(known: Keys, said: set[str]) -> Keys:
    return frozenset(said) if known is None else known & said


def _no_modifier(key: str, modifier: str) -> None:
    if modifier:
        raise Malformed("Ce modificateur n'est pas connu.", field=key[:60], rule="FHIR R4 3.1.1.4.5")


def _truth(key: str, value: str) -> bool:
    if value not in ("true", "false"):
        raise Malformed("Ni vrai ni faux.", field=key[:60], value=value[:20], rule="true or false")
    return value == "true"


def _offset(value: str) -> int:
    if not (value.isascii() and value.isdecimal() and int(value[:8]) <= MOST_OFFSET):
        raise Missing("Suivez le lien « next » d'une réponse.", field="_offset", rule=f"0 to {MOST_OFFSET}")
    return int(value)
