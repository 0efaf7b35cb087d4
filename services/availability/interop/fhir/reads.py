"""Free slots and the directory, as the FHIR edge's values. Plain SQL: one statement a search.

The same slots are asked for again and again: a value is remembered by the versions (`xmin`) of the rows it is made of,
so that it is the same object as long as nothing it says has changed. A search asks for these versions alone; only when
one of them is new does it ask for what the rows say.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from services.availability.core.addresses import parts_of
from services.availability.interop.fhir.formats import phone
from services.availability.interop.fhir.query import SlotQuery
from services.availability.interop.fhir.values import CptsValue, PlaceValue, PractitionerValue, ScheduleValue, SlotValue
from shared.db.reader import Reader

MOST_PUBLIC = 50_000

_VERSIONS = """
  s.id, s.xmin as version, p.xmin as practitioner_version, l.xmin as place_version, c.xmin as commune_version,
  (select md5(string_agg(finess || ' ' || name, '|' order by finess))::uuid from availability.cpts) as territories
"""
_SCHEDULE = """
  p.id as practitioner_id, p.rpps, p.last_name, p.first_name, p.phone as practitioner_phone, p.specialty,
  l.id as place_id, l.key as place_key, l.name as place_name, l.address, l.phone as place_phone,
  l.insee as place_insee, c.name as city, c.postal_codes
"""
_SAID = f"""
  s.starts_at, s.ends_at, s.types, s.modes, s.appointment, {_SCHEDULE},
  array(select t.finess || ' ' || t.name from availability.cpts t where t.finess = any (s.audience)
        order by array_position(s.audience, t.finess)) as cpts
"""  # noqa: S608  constant texts, joined
_FREE = """
from availability.slot s
join availability.practitioner p on p.id = s.practitioner_id
join availability.place l on l.id = s.place_id
left join common.commune c on c.insee = l.insee
left join availability.practice t on t.practitioner_id = s.practitioner_id
where s.status = 'published' and s.taken < s.capacity
  and s.starts_at > (select common.now())
  and not coalesce(t.paused, false)
"""
_SEARCHED = f"{_FREE} and p.rpps = any ($1) and s.starts_at between $2 and $3 order by s.starts_at, s.id"
_SEARCH = f"select {_VERSIONS} {_SEARCHED}"
_SEARCH_WHOLE = f"select {_VERSIONS}, {_SAID} {_SEARCHED}"
_ONE = f"select {_VERSIONS}, {_SAID} {_FREE} and s.id = $1"
_PUBLIC = f"select {_VERSIONS}, {_SAID} {_FREE} and 'PUBLIC' = any (s.types) order by s.starts_at, s.id limit $1"
_AGENDA = f"""
select {_SCHEDULE}
from availability.schedule a
join availability.practitioner p on p.id = a.practitioner_id
join availability.place l on l.id = a.place_id
left join common.commune c on c.insee = l.insee
where a.practitioner_id = $1 and a.place_id = $2
"""  # noqa: S608  constant texts, joined
_PRACTITIONER = """
select id as practitioner_id, rpps, last_name, first_name, phone as practitioner_phone
from availability.practitioner where id = $1
"""
VERSIONS = 6
"""How many columns of a row say its versions: the first ones."""
_MOST = 50_000
Memory = TypeVar("Memory", bound=dict[Any, Any])
Said = Mapping[str, Any]
"""A row, by name."""
Known = dict[tuple[Any, ...], SlotValue | None]
"""Slots by the versions they are made of; None for one that must not be shown."""
_SLOTS: defaultdict[str, Known] = defaultdict(dict)
_SCHEDULES: dict[tuple[Any, ...], ScheduleValue] = {}


@dataclass(frozen=True, slots=True)
class Agenda:
    """Where a regulator books: a URL in which `{rpps}` stands for the practitioner's."""

    url: str

    def of(self, rpps: str) -> str:
        """The practitioner's page."""
        return self.url.replace("{rpps}", rpps)


async def free_slots(reader: Reader, query: SlotQuery, agenda: Agenda) -> list[SlotValue]:
    """The free slots that a search asks for, by time. Nothing held, past, given back or of a paused practitioner."""
    asked = (query.rpps, query.from_at, query.to_at)
    known, rows = _SLOTS[agenda.url], await reader.rows(_SEARCH, *asked)
    try:
        found = [known[tuple(row)] for row in rows]
    except KeyError:
        return _slots(await reader.rows(_SEARCH_WHOLE, *asked), agenda)
    return [slot for slot in found if slot]


async def free_slot(reader: Reader, slot_id: UUID, agenda: Agenda) -> SlotValue | None:
    """One slot, as long as it is free."""
    found = _slots(await reader.rows(_ONE, slot_id), agenda)
    return found[0] if found else None


async def public_slots(reader: Reader, agenda: Agenda) -> list[SlotValue]:
    """The free slots that are open to the general public, by time."""
    return _slots(await reader.rows(_PUBLIC, MOST_PUBLIC), agenda)


async def schedule_of(reader: Reader, practitioner_id: UUID, place_id: UUID) -> ScheduleValue | None:
    """The agenda of a practitioner at a place."""
    row = await reader.row(_AGENDA, practitioner_id, place_id)
    return _schedule(row) if row else None


async def practitioner_of(reader: Reader, practitioner_id: UUID) -> PractitionerValue | None:
    """A professional of the directory."""
    row = await reader.row(_PRACTITIONER, practitioner_id)
    return _practitioner(row) if row else None


def schedule_key(practitioner_id: UUID, place_id: UUID) -> str:
    """The FHIR id of an agenda: both ids in hexadecimal, the 64 characters that FHIR allows."""
    return f"{practitioner_id.hex}{place_id.hex}"


def parse_schedule_key(key: str) -> tuple[UUID, UUID] | None:
    """Whose agenda an id names, if it has the shape of ours."""
    if not re.fullmatch(r"[0-9a-f]{64}", key):
        return None
    return UUID(key[:32]), UUID(key[32:])


def _slots(rows: Iterable[Said], agenda: Agenda) -> list[SlotValue]:
    """What whole rows say, remembered. The SAS drops a whole answer in which one place lacks its town."""
    known = _room(_SLOTS[agenda.url])
    found = []
    for row in rows:
        said = tuple(row.values())[:VERSIONS]
        if said not in known:
            slot = _slot(row, agenda)
            known[said] = slot if slot.schedule.place.city and slot.schedule.place.postal_code else None
        found.append(known[said])
    return [slot for slot in found if slot]


def _room(memory: Memory) -> Memory:
    """The memory, emptied when it is full."""
    if len(memory) >= _MOST:
        memory.clear()
    return memory


def _slot(row: Said, agenda: Agenda) -> SlotValue:
    schedule = _remember(row)
    return SlotValue(
        id=str(row["id"]),
        schedule=schedule,
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        types=tuple(row["types"]),
        modes=tuple(row["modes"]),
        agenda_url=agenda.of(schedule.practitioner.rpps),
        appointment=row["appointment"],
        specialty=row["specialty"],
        cpts=tuple(_cpts(*said.split(" ", 1)) for said in row["cpts"]),
    )


def _cpts(finess: str, name: str) -> CptsValue:
    return CptsValue(id=finess, finess=finess, name=name)


def _remember(row: Said) -> ScheduleValue:
    """The agenda that says this, made once: two slots of it share it."""
    names = ("practitioner_id", "place_id", "practitioner_version", "place_version", "commune_version")
    said = tuple(row[name] for name in names)
    if said not in _SCHEDULES:
        _room(_SCHEDULES)[said] = _schedule(row)
    return _SCHEDULES[said]


def _schedule(row: Said) -> ScheduleValue:
    return ScheduleValue(schedule_key(row["practitioner_id"], row["place_id"]), _practitioner(row), _place(row))


def _practitioner(row: Said) -> PractitionerValue:
    number, insee = row["practitioner_phone"], row.get("place_insee") or ""
    return PractitionerValue(
        id=str(row["practitioner_id"]),
        rpps=row["rpps"],
        family=row["last_name"],
        given=row["first_name"],
        phone=phone(number, insee) or number,
    )


def _place(row: Said) -> PlaceValue:
    """Its address in three parts: as written, completed by its commune."""
    kind, _, number = row["place_key"].partition(":")
    line, postal_code, city = parts_of(
        row["address"], codes=row["postal_codes"] or (), town=row["city"] or "", name=row["place_name"]
    )
    return PlaceValue(
        id=str(row["place_id"]),
        line=line,
        postal_code=postal_code,
        city=city,
        phone=phone(row["place_phone"], row.get("place_insee") or "") or row["place_phone"],
        name=row["place_name"],
        finess=number if kind == "finess" else "",
        siret=number if kind == "siret" else "",
        rpps_rank=number if kind == "rang" else "",
        insee=row.get("place_insee") or "",
    )
