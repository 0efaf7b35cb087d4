"""Asks for one more patient: their tables, and guarded writes. The request's row is locked before its asks."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Text, text, update
from sqlmodel import Field, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.sameday.store.tables import OUTBOX, Matching, RequestRow, texts
from services.people.notices.kinds import NoticeKind
from services.people.notices.store.telling import News, tell_practitioners
from shared.contracts import RequestState
from shared.contracts.events import Event
from shared.contracts.overbooking import OverbookingAskState, OverbookingAskView
from shared.db import instant
from shared.refusals import Refusal

SETTLED = frozenset(
    {
        RequestState.CONFIRMED,
        RequestState.HONOURED,
        RequestState.NO_SHOW,
        RequestState.CANCELLED,
        RequestState.UNSERVED,
    }
)
"""States of a request that leave nothing to ask for."""
PENDING = "state = 'asked'"


class OverbookingAskRow(Matching, table=True):
    """One practitioner asked to take one more patient for a request; once at a time."""

    __tablename__ = "overbooking_ask"
    __table_args__ = (
        Index(
            "uq_overbooking_ask_request_id_practitioner_id",
            "request_id",
            "practitioner_id",
            unique=True,
            postgresql_where=text(PENDING),
        ),
        Index(None, "request_id"),
    )

    id: UUID = Field(primary_key=True)
    cpts_id: str = Field(sa_type=Text, index=True)
    request_id: UUID = Field(foreign_key="matching.request.id", ondelete="CASCADE")
    request_by: str = Field(sa_type=Text)
    practitioner_id: UUID
    state: str = Field(sa_type=Text)
    version: int = 1
    urgency: int
    insee: str = Field(sa_type=Text)
    act: str = Field(sa_type=Text)
    modes: list[str] = texts()
    party: int
    asked_by: str = Field(sa_type=Text)
    asked_at: datetime = instant()
    answer_by: datetime = instant()
    reason: str = Field(default="", sa_type=Text)
    slot_id: UUID | None = None
    starts_at: datetime | None = instant(default=None)
    changed_at: datetime = instant()


class OverbookingAskChangeRow(Matching, table=True):
    """What happened to an ask, when and by whom: one row a change."""

    __tablename__ = "overbooking_ask_change"

    ask_id: UUID = Field(primary_key=True, foreign_key="matching.overbooking_ask.id", ondelete="CASCADE")
    version: int = Field(primary_key=True)
    cpts_id: str = Field(sa_type=Text)
    at: datetime = instant()
    state: str = Field(sa_type=Text)
    by: str = Field(sa_type=Text)
    reason: str = Field(default="", sa_type=Text)


class AskAnswered(Refusal):
    """Cette demande de surnuméraire n'attend plus de réponse : un autre a dit oui, ou elle est réglée."""

    code = "ask_answered"


async def add_asks(session: AsyncSession, rows: Sequence[OverbookingAskRow]) -> None:
    """New asks, each with the first row of its history."""
    session.add_all(rows)
    await session.flush()
    for row in rows:
        await _remember(session, row, row.asked_by)


async def change_asks(
    session: AsyncSession, *conditions: Any, to: OverbookingAskState, by: str, at: datetime, **values: Any
) -> list[OverbookingAskRow]:
    """Bring the asks that meet these conditions and still wait to another state; answers which."""
    taken = (
        update(OverbookingAskRow)
        .where(*conditions, col(OverbookingAskRow.state) == OverbookingAskState.ASKED)
        .values(state=to, version=col(OverbookingAskRow.version) + 1, changed_at=at, **values)
        .returning(OverbookingAskRow)
        .execution_options(populate_existing=True)
    )
    rows = sorted((await session.exec(taken)).scalars().all(), key=lambda row: row.id)
    for row in rows:
        await _remember(session, row, by)
    return rows


async def _remember(session: AsyncSession, row: OverbookingAskRow, by: str) -> None:
    """One row of history, and a notice for the practitioner."""
    session.add(
        OverbookingAskChangeRow(
            ask_id=row.id,
            version=row.version,
            cpts_id=row.cpts_id,
            at=row.changed_at,
            state=row.state,
            by=by,
            reason=row.reason,
        )
    )
    news = News(
        kind=NoticeKind.OVERBOOKING_ASKED if row.state == OverbookingAskState.ASKED else NoticeKind.SETTLED,
        cpts_id=row.cpts_id,
        thread=f"ask:{row.id}",
        subject=str(row.request_id),
        by=by,
        urgency=row.urgency,
        until=row.answer_by,
    )
    await tell_practitioners(session, [row.practitioner_id], news)


async def asks_of(session: AsyncSession, request_id: UUID) -> list[OverbookingAskRow]:
    """The asks made for a request, oldest first."""
    query = select(OverbookingAskRow).where(OverbookingAskRow.request_id == request_id)
    return list(await session.exec(query.order_by(col(OverbookingAskRow.id))))


async def tell_asks(session: AsyncSession, asks: Collection[OverbookingAskRow], code: str) -> None:
    """Append the new state of these asks to the stream, among the last statements of a use case."""
    await session.flush()
    for ask in asks:
        value = view_of_ask(ask).model_dump(mode="json")
        await _append(session, ask, code, ask.changed_at, value)


async def follow_request(session: AsyncSession, row: RequestRow) -> None:
    """What becomes of a request's asks when it changes: settled, they wait no more; archived, they leave the stream."""
    if row.archived_at is not None:
        for ask in await asks_of(session, row.id):
            await _append(session, ask, "archived", row.archived_at, None)
    elif row.state in SETTLED:
        passed = row.state == RequestState.UNSERVED
        to = OverbookingAskState.EXPIRED if passed else OverbookingAskState.WITHDRAWN
        mine = col(OverbookingAskRow.request_id) == row.id
        ended = await change_asks(session, mine, to=to, by="request", at=row.changed_at)
        await tell_asks(session, ended, to)


async def _append(
    session: AsyncSession, ask: OverbookingAskRow, code: str, at: datetime, value: dict[str, Any] | None
) -> None:
    event = Event(type=f"overbooking_ask_{code}.v1", at=at, collection="overbooking_asks", id=str(ask.id), value=value)
    await OUTBOX.append(session, [ask.cpts_id], event)


def view_of_ask(row: OverbookingAskRow) -> OverbookingAskView:
    """An ask as the streams tell it."""
    plain = row.model_dump(include=set(OverbookingAskView.model_fields))
    ids = {name: str(plain[name]) for name in ("id", "request_id", "practitioner_id")}
    return OverbookingAskView.model_validate(
        {**plain, **ids, "slot_id": None if row.slot_id is None else str(row.slot_id)}
    )
