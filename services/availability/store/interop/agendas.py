"""Guarded writes of the agendas that are followed, and of the absences they make."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.tables import AbsenceRow
from services.availability.tables.agendas import AgendaBusyRow, AgendaFeedRow, AgendaKeyRow
from shared.db import run
from shared.db.ids import new_id
from shared.db.store.work import WorkTable

_FEEDS = WorkTable("availability.agenda_feed", ("practitioner_id",), "next_read_at")
_CLAIM = _FEEDS.claiming(
    answers="""w.practitioner_id, w.address_sealed, w.etag, w.content_hash, w.kept_sealed, common.now() as now,
  w.kept_sealed is not null and w.unrolled_at <= common.now() - cast(:roll as interval) as rolls,
  (select l.insee from availability.schedule s join availability.place l on l.id = s.place_id
   where s.practitioner_id = w.practitioner_id and s.closed_at is null order by l.id limit 1) as insee"""
)
_READ = text("""
update availability.agenda_feed
set etag = :etag, content_hash = :content_hash, read_at = common.now(), error = '', failures = 0,
    next_read_at = common.now() + cast(:every as interval)
where practitioner_id = :id and address_sealed = :address
returning practitioner_id
""")
_UNROLLED = text("""
update availability.agenda_feed set unrolled_at = :now, kept_sealed = :kept, left_out = :left_out
where practitioner_id = :id and address_sealed = :address
returning practitioner_id
""")
_FAILED = text("""
with before as (select error from availability.agenda_feed where practitioner_id = :id for update)
update availability.agenda_feed
set error = :error, failures = failures + 1,
    next_read_at = common.now() + least(
      cast(:longest as interval), cast(:pause as interval) * power(2, greatest(0, least(failures, 12) - 1))
    )
where practitioner_id = :id and address_sealed = :address
returning (select error from before) = '' as broke
""")


@dataclass(frozen=True, slots=True)
class Due:
    """An agenda to read now. `rolls`: what is kept of it must be unrolled again, whether or not it changed."""

    practitioner_id: UUID
    address_sealed: bytes
    etag: str
    content_hash: bytes | None
    kept_sealed: bytes | None
    now: datetime
    rolls: bool
    insee: str | None
    """Where they work: by these clocks an agenda that names none is read."""


async def claim(session: AsyncSession, *, lease: timedelta, roll: timedelta) -> Due | None:
    """The agenda that waits longest, for as long as the lease."""
    due = await _FEEDS.claim(session, _CLAIM, lease=lease, roll=roll)
    return Due(**due[0]._asdict()) if due else None


async def mark_read(session: AsyncSession, due: Due, *, etag: str, content_hash: bytes, every: timedelta) -> bool:
    """Note that it was read; false when its owner follows another one meanwhile, or none."""
    done = await run(
        session, _READ, id=due.practitioner_id, address=due.address_sealed, etag=etag, content_hash=content_hash,
        every=every,
    )  # fmt: skip
    return done.first() is not None


async def mark_unrolled(session: AsyncSession, due: Due, *, kept: bytes, left_out: int) -> bool:
    """Note until when its busy times are known; false when its owner follows another one meanwhile, or none."""
    done = await run(
        session, _UNROLLED, id=due.practitioner_id, address=due.address_sealed, kept=kept, left_out=left_out,
        now=due.now,
    )  # fmt: skip
    return done.first() is not None


async def mark_failed(session: AsyncSession, due: Due, error: str, *, pause: timedelta, longest: timedelta) -> bool:
    """Note why it could not be read and set it aside, longer each time; true when it was readable before."""
    done = await run(
        session, _FAILED, id=due.practitioner_id, address=due.address_sealed, error=error, pause=pause,
        longest=longest,
    )  # fmt: skip
    return bool(done.scalar_one_or_none())


async def follow(session: AsyncSession, practitioner_id: UUID, values: dict[str, Any]) -> None:
    """Follow this agenda, in the place of any other."""
    row = insert(AgendaFeedRow).values(practitioner_id=practitioner_id, **values)
    await run(session, row.on_conflict_do_update(index_elements=["practitioner_id"], set_=values))


async def forget(session: AsyncSession, practitioner_id: UUID) -> None:
    """Follow none."""
    await run(session, delete(AgendaFeedRow).where(col(AgendaFeedRow.practitioner_id) == practitioner_id))


async def keep_key(session: AsyncSession, practitioner_id: UUID, key_hash: bytes) -> None:
    """Let this secret open the practitioner's slots; the former one ends."""
    row = insert(AgendaKeyRow).values(practitioner_id=practitioner_id, key_hash=key_hash)
    await run(session, row.on_conflict_do_update(index_elements=["practitioner_id"], set_={"key_hash": key_hash}))


async def busy_absences(session: AsyncSession, practitioner_id: UUID) -> Sequence[AbsenceRow]:
    """The absences that come from the agenda of a practitioner."""
    rows = select(AbsenceRow).join(AgendaBusyRow, col(AgendaBusyRow.absence_id) == col(AbsenceRow.id))
    return (await session.exec(rows.where(AgendaBusyRow.practitioner_id == practitioner_id))).all()


async def end_absences(session: AsyncSession, ids: Collection[UUID]) -> None:
    """Take these absences away."""
    if ids:
        await run(session, delete(AbsenceRow).where(col(AbsenceRow.id).in_(ids)))


async def begin_absences(
    session: AsyncSession, practitioner_id: UUID, periods: Sequence[tuple[datetime, datetime]], now: datetime
) -> list[tuple[UUID, datetime, datetime]]:
    """Write these periods as absences that come from the agenda; answers each with its id."""
    made = [(new_id(now), *period) for period in periods]
    if made:
        rows = [
            {"id": key, "practitioner_id": practitioner_id, "starts_at": starts_at, "ends_at": ends_at}
            for key, starts_at, ends_at in made
        ]
        links = [{"absence_id": key, "practitioner_id": practitioner_id} for key, _, _ in made]
        await run(session, insert(AbsenceRow).values(rows))
        await run(session, insert(AgendaBusyRow).values(links))
    return made
