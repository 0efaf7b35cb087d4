"""Which editors are followed for which CPTS, when each is read, and the slots that were read of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, delete
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.tables.foreign import ForeignSlotRow
from shared.db import run
from shared.db.store.work import WorkTable

MOST_ROWS = 500
"""A statement takes 32,767 values at most."""

_FOLLOWED = text("""
insert into availability.foreign_source as s (cpts_id, editor, next_read_at, error, followed_until)
select c.finess, l.editor, common.now(), '', common.now() + :followed
from unnest(cast(:cpts as text[]), cast(:editors as text[])) as l (finess, editor)
join availability.cpts c on c.finess = l.finess
order by c.finess, l.editor
on conflict (cpts_id, editor) do update set followed_until = excluded.followed_until
where s.followed_until < common.now() + :renewed
""")
_SOURCES = WorkTable("availability.foreign_source", ("cpts_id", "editor"), "next_read_at")
_CLAIM = _SOURCES.claiming(
    answers="w.cpts_id, w.editor",
    source="""join unnest(cast(:cpts as text[]), cast(:editors as text[])) as l (finess, name)
    on l.finess = t.cpts_id and l.name = t.editor""",
)
_READ = text("""
update availability.foreign_source set read_at = :at, next_read_at = common.now() + :every, error = ''
where cpts_id = :cpts and editor = :editor
""")


class Source(NamedTuple):
    """An editor, read for one CPTS."""

    cpts_id: str
    editor: str


def _columns_by_name(sources: Sequence[Source]) -> dict[str, list[str]]:
    return {"cpts": [each.cpts_id for each in sources], "editors": [each.editor for each in sources]}


async def follow(session: AsyncSession, sources: Sequence[Source], *, kept: timedelta) -> None:
    """Say that these are followed, for so long; written again once half of it has passed."""
    await run(session, _FOLLOWED, **_columns_by_name(sources), followed=kept, renewed=kept / 2)


async def claim(session: AsyncSession, sources: Sequence[Source], *, lease: timedelta) -> Source | None:
    """The one of these that waits longest and is due, for as long as the lease."""
    due = await _SOURCES.claim(session, _CLAIM, lease=lease, most=1, **_columns_by_name(sources))
    return Source(due[0].cpts_id, due[0].editor) if due else None


async def replace(session: AsyncSession, source: Source, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put what was read in the place of what was known: a slot that is gone is gone here too."""
    mine = source._asdict()
    conditions = (col(ForeignSlotRow.cpts_id) == source.cpts_id, col(ForeignSlotRow.editor) == source.editor)
    await run(session, delete(ForeignSlotRow).where(*conditions))
    values = [{**mine, **row} for row in rows]
    for first in range(0, len(values), MOST_ROWS):
        await run(session, insert(ForeignSlotRow).values(values[first : first + MOST_ROWS]))


async def mark_read(session: AsyncSession, source: Source, *, at: datetime, every: timedelta) -> None:
    """Note of when is what is known of it; it is due again after a while."""
    await run(session, _READ, cpts=source.cpts_id, editor=source.editor, at=at, every=every)


async def mark_failed(session: AsyncSession, source: Source, error: str, *, every: timedelta) -> None:
    """Note why it could not be read; it is due again after a while."""
    await _SOURCES.put_off(session, error, every, **source._asdict())
