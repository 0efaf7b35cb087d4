"""What figures and pages read. Never writes."""

import asyncio
import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.coordination.core.year import Happened, SubjectFacts, read_happened
from shared.db import run
from shared.db.tables import CommuneRow

EVER = datetime(2000, 1, 1, tzinfo=UTC)
POSITION = text("select epoch, seq from coordination.followed where cpts_id = :cpts and service = :service")
HEARD = text("select epoch, seq from coordination.followed where cpts_id = :cpts order by service")
# One text a collection: reading it at once costs a third of reading row by row.
FACTS = text("""
select collection, cast(json_agg(json_build_array(subject, body, firsts)) as text) as told
from coordination.subject
where cpts_id = :cpts and collection <> 'cpts' and (at >= :since or collection in ('practitioners', 'places'))
group by collection
""")
NAME = text("""
select body ->> 'name' from coordination.subject where cpts_id = :cpts and collection = 'cpts' limit 1
""")
PAPERS = text("""
select distinct on (kind) kind, version, at, by, body from coordination.paper where cpts_id = :cpts
order by kind, version desc
""")
DOSSIERS = text("""
select number, at, since, until, encode(sha256, 'hex') as sha256, length(content) as size, differs
from coordination.dossier where cpts_id = :cpts order by number desc
""")
LAST_DOSSIER = text("""
select content from coordination.dossier where cpts_id = :cpts and since = :since and until = :until
order by number desc limit 1
""")
DOSSIER = text("select content, sha256 from coordination.dossier where cpts_id = :cpts and number = :number")
LEVELS = text("""
select at, level, points from coordination.level where cpts_id = :cpts order by at desc limit :most
""")


class WrittenPaper(NamedTuple):
    """The last version of something that people wrote."""

    kind: str
    version: int
    at: datetime
    by: str
    body: dict[str, Any]


async def position_of(session: AsyncSession, cpts_id: str, service: str) -> tuple[str, int] | None:
    """Up to where the stream of a service was heard: its epoch and its place; None: never."""
    row = (await run(session, POSITION, cpts=cpts_id, service=service)).one_or_none()
    return None if row is None else (str(row.epoch), row.seq)


async def read_since(session: AsyncSession, cpts_id: str, since: datetime) -> Happened:
    """What happened in a CPTS since an instant."""
    rows = await run(session, FACTS, cpts=cpts_id, since=since)
    return await asyncio.to_thread(_read, {row.collection: row.told for row in rows})


def _read(told: Mapping[str, str]) -> Happened:
    return read_happened(
        SubjectFacts(collection, subject, last, _instants(firsts))
        for collection, written in told.items()
        for subject, last, firsts in json.loads(written)
    )


def _instants(firsts: Mapping[str, str]) -> dict[str, datetime]:
    return {state: datetime.fromisoformat(at) for state, at in firsts.items()}


async def levels(session: AsyncSession, cpts_id: str, most: int) -> list[dict[str, Any]]:
    """The last changes of the level of tension, the newest first."""
    return [dict(row) for row in (await run(session, LEVELS, cpts=cpts_id, most=most)).mappings()]


async def papers(session: AsyncSession, cpts_id: str) -> dict[str, WrittenPaper]:
    """The last version of everything that people wrote, by kind."""
    rows = (await run(session, PAPERS, cpts=cpts_id)).all()
    return {row.kind: WrittenPaper(row.kind, row.version, row.at, row.by, row.body) for row in rows}


async def dossiers(session: AsyncSession, cpts_id: str) -> list[dict[str, Any]]:
    """The frozen dossiers of a CPTS without their files, the last first."""
    return [dict(row) for row in (await run(session, DOSSIERS, cpts=cpts_id)).mappings()]


async def dossier_of(session: AsyncSession, cpts_id: str, number: int) -> tuple[bytes, bytes] | None:
    """The file of a dossier and the SHA-256 it was frozen with."""
    row = (await run(session, DOSSIER, cpts=cpts_id, number=number)).one_or_none()
    return None if row is None else (row.content, row.sha256)


async def last_dossier(session: AsyncSession, cpts_id: str, period: tuple[datetime, datetime]) -> bytes | None:
    """The file of the last dossier of the same days."""
    found = await run(session, LAST_DOSSIER, cpts=cpts_id, since=period[0], until=period[1])
    content: bytes | None = found.scalar_one_or_none()
    return content


async def commune_names(session: AsyncSession, insee: Collection[str]) -> dict[str, str]:
    """The names of communes by INSEE code; one that nobody imported has none."""
    rows = await session.exec(select(CommuneRow).where(col(CommuneRow.insee).in_(insee)))
    return {row.insee: row.name for row in rows}


async def name_of(session: AsyncSession, cpts_id: str) -> str:
    """What a CPTS is called; empty while nothing was heard of it."""
    found: str | None = (await run(session, NAME, cpts=cpts_id)).scalar_one_or_none()
    return found or ""


class KeptFacts:
    """What happened by CPTS, kept in memory while nothing new was heard of it."""

    def __init__(self) -> None:
        """Nothing is read before it is asked for."""
        self._kept: dict[str, tuple[tuple[tuple[str, int], ...], Happened]] = {}

    async def read(self, session: AsyncSession, cpts_id: str) -> Happened:
        """All that happened in a CPTS, as it is known now."""
        rows = (await run(session, HEARD, cpts=cpts_id)).all()
        heard = tuple((str(row.epoch), row.seq) for row in rows)
        known = self._kept.get(cpts_id)
        if known is None or known[0] != heard:
            known = self._kept[cpts_id] = heard, await read_since(session, cpts_id, EVER)
        return known[1]
