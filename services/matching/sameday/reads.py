"""What screens read: requests, their stories, a motive, communes. Never writes."""

import asyncio
import math
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID
from weakref import WeakKeyDictionary

from pydantic import BaseModel
from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.sameday.access import DirectAccess
from services.matching.sameday.store.overbooking_asks import OverbookingAskRow, view_of_ask
from services.matching.sameday.store.requests import view_of
from services.matching.sameday.store.tables import DirectAccessRow, MotiveRow, RequestChangeRow, RequestRow
from shared.contracts import ON_THE_BOARD, RequestState
from shared.contracts.events import State
from shared.db.tables import CommuneRow
from shared.refusals import NotFound

LIVE = frozenset({RequestState.HELD, RequestState.CONFIRMED})
UUID_SHAPE = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")


class StoryLine(BaseModel):
    """One line of a request's story."""

    at: datetime
    version: int
    from_state: str | None
    to_state: str
    code: str
    by: str
    detail: dict[str, Any]


class Motive(BaseModel):
    """A reason to ask for care, for the ages it is meant for. `validated`: the CPTS agreed to it.

    `access`: who may see it directly, under which conditions; `professions`: those of it, each once.
    """

    code: str
    label: str
    professions: list[str]
    modes: list[str]
    urgency: int
    window_hours: int
    min_age: int | None = None
    max_age: int | None = None
    validated: bool
    access: list[DirectAccess] = []

    @classmethod
    def of(cls, row: MotiveRow, access: Iterable[DirectAccessRow], **more: Any) -> Self:
        """A motive with its rows."""
        rows = [read_direct(each) for each in access]
        professions = list(dict.fromkeys(each.profession for each in rows))
        return cls(**row.model_dump(), access=rows, professions=professions, **more)


async def read_state(session: AsyncSession, cpts_id: str) -> State:
    """Every request of a CPTS that is not archived, and what practitioners were asked for it."""
    kept = (RequestRow.cpts_id == cpts_id, col(RequestRow.archived_at).is_(None))
    rows = await session.exec(select(RequestRow).where(*kept))
    asks = await session.exec(
        select(OverbookingAskRow).join(RequestRow, col(RequestRow.id) == col(OverbookingAskRow.request_id)).where(*kept)
    )
    return {
        "requests": {str(row.id): view_of(row).model_dump(mode="json") for row in rows},
        "overbooking_asks": {str(ask.id): view_of_ask(ask).model_dump(mode="json") for ask in asks},
    }


async def request_row(session: AsyncSession, request_id: UUID) -> RequestRow:
    """One request; raises `NotFound`."""
    row = await session.get(RequestRow, request_id)
    if row is None:
        raise NotFound(field="request_id", value=request_id)
    return row


async def requests_of(
    session: AsyncSession, cpts_id: str, states: Sequence[str], limit: int = 1000
) -> list[RequestRow]:
    """A CPTS's requests, the most urgent and oldest first; all states but archived ones when none is given."""
    query = select(RequestRow).where(RequestRow.cpts_id == cpts_id, col(RequestRow.archived_at).is_(None))
    if states:
        query = query.where(col(RequestRow.state).in_(states))
    return list(await session.exec(query.order_by(col(RequestRow.urgency), col(RequestRow.submitted_at)).limit(limit)))


async def board_rows(session: AsyncSession, cpts_id: str) -> list[RequestRow]:
    """Every request that a round may have to change."""
    query = select(RequestRow).where(RequestRow.cpts_id == cpts_id, col(RequestRow.archived_at).is_(None))
    return list(await session.exec(query.where(col(RequestRow.state).in_(ON_THE_BOARD | LIVE))))


async def requests_named(session: AsyncSession, names: Iterable[str]) -> list[RequestRow]:
    """The requests that bear these ids; names that are no id are nobody's."""
    ids = [UUID(name) for name in names if UUID_SHAPE.fullmatch(name)]
    return list(await session.exec(select(RequestRow).where(col(RequestRow.id).in_(ids)))) if ids else []


async def story_of(session: AsyncSession, request_id: UUID) -> list[StoryLine]:
    """Everything that happened to a request, oldest first."""
    rows = await session.exec(
        select(RequestChangeRow)
        .where(RequestChangeRow.request_id == request_id)
        .order_by(col(RequestChangeRow.version))
    )
    return [StoryLine.model_validate(row.model_dump()) for row in rows]


_KNOWN: WeakKeyDictionary[Any, dict[tuple[str, str], tuple[float, Any]]] = WeakKeyDictionary()
KNOWN_FOR_S = 60.0
"""What is imported once a year is read again once a minute, by each process."""


async def _remember(session: AsyncSession, kind: str, key: str, read: Callable[[], Awaitable[Any]]) -> Any:
    """A value that was read from this database lately, or now; one that is not there is looked for each time."""
    kept, now_s = _KNOWN.setdefault(session.get_bind(), {}), asyncio.get_running_loop().time()
    until_s, value = kept.get((kind, key), (0.0, None))
    if until_s <= now_s and (value := await read()) is not None:
        kept[kind, key] = (now_s + KNOWN_FOR_S, value)
    return value


async def motive_of(session: AsyncSession, code: str) -> Motive | None:
    """A motive by its code."""

    async def read() -> Motive | None:
        row = await session.get(MotiveRow, code)
        return None if row is None else Motive.of(row, await read_access(session, DirectAccessRow.motive == code))

    found: Motive | None = await _remember(session, "motive", code, read)
    return found


@dataclass(frozen=True, slots=True)
class Centre:
    """A commune and its centre, in degrees."""

    insee: str
    name: str
    lat: float
    lon: float

    @classmethod
    def of(cls, row: CommuneRow) -> "Centre":
        """The centre of a commune."""
        return cls(row.insee, row.name, row.lat, row.lon)


async def centre_of(session: AsyncSession, insee: str) -> Centre | None:
    """A commune by its code."""

    async def read() -> Centre | None:
        row = await session.get(CommuneRow, insee)
        return None if row is None else Centre.of(row)

    found: Centre | None = await _remember(session, "commune", insee, read)
    return found


def read_direct(row: DirectAccessRow) -> DirectAccess:
    """A row of the matrix as a value."""
    values: dict[str, Any] = row.model_dump(exclude={"id", "rank"})
    for name in ("flags", "structures", "departements"):
        values[name] = tuple(values[name])
    return DirectAccess(**values)


async def read_access(session: AsyncSession, *conditions: Any) -> Sequence[DirectAccessRow]:
    """The rows that meet these conditions, in the order in which they are proposed."""
    query = select(DirectAccessRow).where(*conditions).order_by(col(DirectAccessRow.rank), col(DirectAccessRow.id))
    return (await session.exec(query)).all()


async def nearest_commune(session: AsyncSession, lat: float, lon: float) -> CommuneRow | None:
    """The commune whose centre is nearest, among those within about 30 km."""
    narrow = max(0.1, math.cos(math.radians(lat)))
    away = func.power(col(CommuneRow.lat) - lat, 2) + func.power((col(CommuneRow.lon) - lon) * narrow, 2)
    near = select(CommuneRow).where(
        col(CommuneRow.lat).between(lat - 0.3, lat + 0.3),
        col(CommuneRow.lon).between(lon - 0.3 / narrow, lon + 0.3 / narrow),
    )
    return (await session.exec(near.order_by(away).limit(1))).first()
