"""Free slots and the directory, as the FHIR edge's values. Plain SQL: one statement a search, one more for CPTS.

The same slots are asked for again and again: a value is remembered by the versions (`xmin`) of the rows it is made of,
so that it is the same object as long as nothing it says has changed.
"""

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Row, text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.fhir.query import SlotQuery
from services.availability.fhir.values import CptsValue, PlaceValue, PractitionerValue, ScheduleValue, SlotValue
from shared.db import run

MOST_PUBLIC = 50_000
_ADDRESS = re.compile(r"(?P<line>.+?),?\s+(?P<postal_code>\d{5})\s+(?P<city>.+)", re.DOTALL)

_SCHEDULE = """
  p.id as practitioner_id, p.rpps, p.last_name, p.first_name, p.phone as practitioner_phone, p.specialty,
  l.id as place_id, l.key as place_key, l.name as place_name, l.address, l.phone as place_phone,
  c.name as city, c.postal_codes,
  p.xmin as practitioner_version, l.xmin as place_version, c.xmin as commune_version
"""
_FREE = f"""
select s.id, s.xmin as version, s.starts_at, s.ends_at, s.types, s.modes, s.audience, s.appointment, {_SCHEDULE}
from availability.slot s
join availability.practitioner p on p.id = s.practitioner_id
join availability.place l on l.id = s.place_id
left join common.commune c on c.insee = l.insee
left join availability.practice t on t.practitioner_id = s.practitioner_id
where s.status = 'published' and s.taken < s.capacity
  and s.starts_at > (select common.now())
  and (s.give_back_at is null or s.give_back_at > (select common.now()))
  and not coalesce(t.paused, false)
"""  # noqa: S608  constant texts, joined
_SEARCH = text(f"""{_FREE}
  and s.practitioner_id = any (array(select id from availability.practitioner where rpps = any (:rpps)))
  and s.starts_at between :from_at and :to_at
order by s.starts_at, s.id
""")  # noqa: S608  constant texts, joined
_ONE = text(f"{_FREE} and s.id = :id")
_PUBLIC = text(f"{_FREE} and 'PUBLIC' = any (s.types) order by s.starts_at, s.id limit :most")
_AGENDA = text(f"""
select {_SCHEDULE}
from availability.schedule a
join availability.practitioner p on p.id = a.practitioner_id
join availability.place l on l.id = a.place_id
left join common.commune c on c.insee = l.insee
where a.practitioner_id = :practitioner_id and a.place_id = :place_id
""")  # noqa: S608  constant texts, joined
_PRACTITIONER = text(
    "select id as practitioner_id, rpps, last_name, first_name, phone as practitioner_phone"
    " from availability.practitioner where id = :id"
)
_MEMORY: dict[Hashable, Any] = {}
_MOST = 50_000
Value = TypeVar("Value")
_CPTS = text("select finess, name from availability.cpts where finess = any (:finess)")


@dataclass(frozen=True, slots=True)
class Agenda:
    """Where a regulator books: a URL in which `{rpps}` stands for the practitioner's."""

    url: str

    def of(self, rpps: str) -> str:
        """The practitioner's page."""
        return self.url.replace("{rpps}", rpps)


async def free_slots(session: AsyncSession, query: SlotQuery, agenda: Agenda) -> list[SlotValue]:
    """The free slots that a search asks for, by time. Nothing held, past, given back or of a paused practitioner."""
    wanted = {"rpps": list(query.rpps), "from_at": query.from_at, "to_at": query.to_at}
    rows = (await run(session, _SEARCH, **wanted)).all()
    return await _slots(session, rows, agenda, by_cpts=query.by_cpts)


async def free_slot(session: AsyncSession, slot_id: UUID, agenda: Agenda) -> SlotValue | None:
    """One slot, as long as it is free."""
    found = await _slots(session, (await run(session, _ONE, id=slot_id)).all(), agenda, by_cpts=True)
    return found[0] if found else None


async def public_slots(session: AsyncSession, agenda: Agenda) -> list[SlotValue]:
    """The free slots that are open to the general public, by time."""
    rows = (await run(session, _PUBLIC, most=MOST_PUBLIC)).all()
    return await _slots(session, rows, agenda, by_cpts=False)


async def schedule_of(session: AsyncSession, practitioner_id: UUID, place_id: UUID) -> ScheduleValue | None:
    """The agenda of a practitioner at a place."""
    keys = {"practitioner_id": practitioner_id, "place_id": place_id}
    row = (await run(session, _AGENDA, **keys)).one_or_none()
    return _schedule(row) if row else None


async def practitioner_of(session: AsyncSession, practitioner_id: UUID) -> PractitionerValue | None:
    """A professional of the directory."""
    row = (await run(session, _PRACTITIONER, id=practitioner_id)).one_or_none()
    return _practitioner(row) if row else None


def schedule_key(practitioner_id: UUID, place_id: UUID) -> str:
    """The FHIR id of an agenda: both ids in hexadecimal, the 64 characters that FHIR allows."""
    return f"{practitioner_id.hex}{place_id.hex}"


def parse_schedule_key(key: str) -> tuple[UUID, UUID] | None:
    """Whose agenda an id names, if it has the shape of ours."""
    if not re.fullmatch(r"[0-9a-f]{64}", key):
        return None
    return UUID(key[:32]), UUID(key[32:])


async def _slots(session: AsyncSession, rows: Sequence[Row[Any]], agenda: Agenda, *, by_cpts: bool) -> list[SlotValue]:
    territories = await _territories(session, rows) if by_cpts else {}
    names = "|".join(f"{cpts.finess} {cpts.name}" for cpts in territories.values())
    found = []
    for row in rows:
        said = (row.id, row.version, *_versions(row), agenda.url, names)
        slot = _remembered(said, partial(_slot, row, territories, agenda))
        # The SAS drops a whole answer in which one place lacks its town.
        if slot.schedule.place.city and slot.schedule.place.postal_code:
            found.append(slot)
    return found


def _versions(row: Row[Any]) -> tuple[int, int, int | None]:
    return row.practitioner_version, row.place_version, row.commune_version


def _remembered(said: Hashable, make: Callable[[], Value]) -> Value:
    """The value that says this, made once."""
    value = _MEMORY.get(said)
    if value is None:
        if len(_MEMORY) >= _MOST:
            _MEMORY.clear()
        value = _MEMORY[said] = make()
    return value


async def _territories(session: AsyncSession, rows: Iterable[Row[Any]]) -> dict[str, CptsValue]:
    finess = {cpts for row in rows if "CPTS" in row.types for cpts in row.audience}
    if not finess:
        return {}
    found = await run(session, _CPTS, finess=sorted(finess))
    return {row.finess: CptsValue(id=row.finess, finess=row.finess, name=row.name) for row in found}


def _slot(row: Row[Any], territories: dict[str, CptsValue], agenda: Agenda) -> SlotValue:
    schedule = _schedule(row)
    return SlotValue(
        id=str(row.id),
        schedule=schedule,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        types=tuple(row.types),
        modes=tuple(row.modes),
        agenda_url=agenda.of(schedule.practitioner.rpps),
        appointment=row.appointment,
        specialty=row.specialty,
        cpts=tuple(territories[finess] for finess in row.audience if finess in territories),
    )


def _schedule(row: Row[Any]) -> ScheduleValue:
    said = (row.practitioner_id, row.place_id, *_versions(row))
    key = schedule_key(row.practitioner_id, row.place_id)
    return _remembered(said, lambda: ScheduleValue(key, _practitioner(row), _place(row)))


def _practitioner(row: Row[Any]) -> PractitionerValue:
    return PractitionerValue(str(row.practitioner_id), row.rpps, row.last_name, row.first_name, row.practitioner_phone)


def _place(row: Row[Any]) -> PlaceValue:
    """Its address in three parts: as written when it holds a postal code, else completed by its commune."""
    kind, _, number = row.place_key.partition(":")
    written = _ADDRESS.fullmatch(row.address.strip())
    address = {
        "line": row.address.strip() or row.place_name,
        "postal_code": row.postal_codes[0] if row.postal_codes else "",
        "city": row.city or "",
    }
    return PlaceValue(
        id=str(row.place_id),
        **(written.groupdict() if written else address),
        phone=row.place_phone,
        name=row.place_name,
        finess=number if kind == "finess" else "",
        siret=number if kind == "siret" else "",
        rpps_rank=number if kind == "rang" else "",
    )
