"""What other editors publish, as it may be proposed here: never beside a practitioner's own slot, nor while away."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import run

# One time of one practitioner is proposed once: ours before theirs, and of two editors the first by name.
_SLOTS = text("""
select distinct on (f.practitioner_id, f.starts_at)
       f.editor, f.their_id, f.practitioner_id, f.starts_at, f.ends_at, f.types, f.modes, f.appointment, f.agenda_url,
       f.line, f.postal_code, f.city, f.phone, s.read_at,
       s.error <> '' or coalesce(s.read_at < common.now() - interval '10 minutes', false) as stale,
       coalesce(c.insee, w.insee) as insee, coalesce(c.lat, w.lat) as lat, coalesce(c.lon, w.lon) as lon
from availability.foreign_slot f
join availability.foreign_source s on s.cpts_id = f.cpts_id and s.editor = f.editor
left join lateral (
  select k.insee, k.lat, k.lon from common.commune k
  where k.postal_codes @> array[f.postal_code] and f.postal_code <> ''
  order by upper(k.name) = upper(f.city) desc, k.parent is not null desc, k.population desc, k.insee limit 1
) c on true
left join lateral (
  select l.insee, l.lat, l.lon from availability.schedule a join availability.place l on l.id = a.place_id
  where a.practitioner_id = f.practitioner_id and a.closed_at is null order by l.id limit 1
) w on true
where f.cpts_id = :cpts and f.starts_at > common.now() and s.followed_until > common.now()
  and not exists (
    select from availability.slot o
    where o.practitioner_id = f.practitioner_id and (o.status = 'published' or o.taken > 0)
      and tstzrange(o.starts_at, o.ends_at) && tstzrange(f.starts_at, f.ends_at)
  )
  and not exists (
    select from availability.absence b
    where b.practitioner_id = f.practitioner_id
      and tstzrange(b.starts_at, b.ends_at) && tstzrange(f.starts_at, f.ends_at)
  )
  and not exists (select from availability.practice t where t.practitioner_id = f.practitioner_id and t.paused)
order by f.practitioner_id, f.starts_at, f.editor, f.their_id
""")
_SOURCES = text("""
select editor, read_at, error,
       error <> '' or coalesce(read_at < common.now() - interval '10 minutes', false) as stale
from availability.foreign_source
where cpts_id = :cpts and followed_until > common.now() order by editor
""")


class ForeignSlot(BaseModel):
    """A time free on another editor's agenda; one books at `agenda_url`, nobody holds it here.

    `stale`: the editor has not answered since `read_at`, or that is 10 minutes ago.
    The point is the commune's, or the practitioner's place's.
    """

    editor: str
    their_id: str
    practitioner_id: UUID
    starts_at: datetime
    ends_at: datetime
    types: list[str]
    modes: list[str]
    appointment: str
    agenda_url: str
    line: str
    postal_code: str
    city: str
    phone: str
    insee: str | None
    lat: float | None
    lon: float | None
    read_at: datetime
    stale: bool


class ForeignSource(BaseModel):
    """One editor: when it was last read, and why not since."""

    editor: str
    read_at: datetime | None
    stale: bool
    error: str


async def foreign_slots(session: AsyncSession, cpts_id: str) -> list[ForeignSlot]:
    """The slots of other editors that a CPTS may propose, by time."""
    rows = (await run(session, _SLOTS, cpts=cpts_id)).mappings()
    return sorted((ForeignSlot.model_validate(dict(row)) for row in rows), key=lambda slot: slot.starts_at)


async def foreign_sources(session: AsyncSession, cpts_id: str) -> list[ForeignSource]:
    """The editors that a CPTS reads."""
    rows = (await run(session, _SOURCES, cpts=cpts_id)).mappings()
    return [ForeignSource.model_validate(dict(row)) for row in rows]
