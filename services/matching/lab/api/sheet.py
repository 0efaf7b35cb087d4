"""One practitioner's last weeks, in counts: what they offered, whom they saw, what they were asked on top."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.lab.history import SlotHistory, morning_of
from services.matching.sameday.store.overbooking_asks import OverbookingAskRow
from services.matching.sameday.store.tables import RequestRow
from shared.auth import Role
from shared.contracts import RequestState
from shared.db import database_now
from shared.db.clock import day_at, monday_of, zone_at
from shared.http import CallerDep, SessionDep
from shared.http.parts import find_part

routes = APIRouter(tags=["planning"])
READERS = (Role.COORDINATOR, Role.ADMIN)
SEEN = (RequestState.CONFIRMED, RequestState.HONOURED, RequestState.NO_SHOW)


class SheetWeek(BaseModel):
    """A week that begins on this Monday: places offered, patients sent."""

    monday: date
    offered: int
    sent: int


class Sheet(BaseModel):
    """A practitioner's last weeks. `offered`: places of slots, withdrawn ones left out; `given_back` of them unused.

    `sent`: patients with an appointment, by class in `by_class`; `asks`: by answer, patients asked on top.
    """

    practitioner_id: UUID
    since: datetime
    until: datetime
    offered: int
    given_back: int
    sent: int
    no_show: int
    by_class: tuple[int, int, int, int]
    asks: dict[str, int]
    weeks: list[SheetWeek]


@routes.get("/practitioners/{practitioner_id}/sheet")
async def sheet(
    request: Request,
    practitioner_id: UUID,
    caller: CallerDep,
    session: SessionDep,
    cpts: Annotated[str, Query(max_length=20)],
    days: Annotated[int, Query(ge=1, le=92)] = 28,
) -> Sheet:
    """What a practitioner offered and received, to answer who asks about their share."""
    caller.require(*READERS)
    caller.require_cpts(cpts)
    now = await database_now(session)
    zone = await zone_at(session, cpts)
    since = morning_of(now, -days, zone)
    sent = await _read_sent(session, cpts, practitioner_id, since, now)
    asks = await _asks(session, cpts, practitioner_id, since)
    # Another service is not waited for with a connection in hand.
    await session.commit()
    history = find_part(request, SlotHistory)
    own = [
        slot
        for slot in await history.slots(cpts, since, now)
        if slot["practitioner_id"] == str(practitioner_id) and slot["status"] != "withdrawn"
    ]
    return Sheet(
        practitioner_id=practitioner_id,
        since=since,
        until=now,
        offered=sum(slot["capacity"] for slot in own),
        given_back=sum(slot["capacity"] - slot["taken"] for slot in own if slot["status"] == "given_back"),
        sent=len(sent),
        no_show=sum(row.state == RequestState.NO_SHOW for row in sent),
        by_class=_by_class(sent),
        asks=asks,
        weeks=_weeks(own, sent, zone),
    )


async def _read_sent(
    session: AsyncSession, cpts_id: str, practitioner_id: UUID, since: datetime, until: datetime
) -> list[RequestRow]:
    query = select(RequestRow).where(
        RequestRow.cpts_id == cpts_id,
        RequestRow.practitioner_id == practitioner_id,
        col(RequestRow.state).in_(SEEN),
        col(RequestRow.starts_at).between(since, until),
    )
    return list(await session.exec(query))


async def _asks(session: AsyncSession, cpts_id: str, practitioner_id: UUID, since: datetime) -> dict[str, int]:
    query = (
        select(OverbookingAskRow.state, func.count())
        .where(
            OverbookingAskRow.cpts_id == cpts_id,
            OverbookingAskRow.practitioner_id == practitioner_id,
            OverbookingAskRow.asked_at >= since,
        )
        .group_by(OverbookingAskRow.state)
    )
    return dict((await session.exec(query)).all())


def _by_class(sent: Iterable[RequestRow]) -> tuple[int, int, int, int]:
    counted = Counter(row.urgency for row in sent)
    return counted[1], counted[2], counted[3], counted[4]


def _weeks(slots: Iterable[Mapping[str, Any]], sent: Iterable[RequestRow], zone: ZoneInfo) -> list[SheetWeek]:
    offered, received = Counter[date](), Counter[date]()
    for slot in slots:
        offered[_monday(datetime.fromisoformat(slot["starts_at"]), zone)] += slot["capacity"]
    for row in sent:
        if row.starts_at is not None:
            received[_monday(row.starts_at, zone)] += 1
    return [
        SheetWeek(monday=monday, offered=offered[monday], sent=received[monday])
        for monday in sorted(offered.keys() | received.keys())
    ]


def _monday(at: datetime, zone: ZoneInfo) -> date:
    return monday_of(day_at(at, zone))
