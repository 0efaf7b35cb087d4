"""What the SAMU hub is told of its cases' appointments: once each time something of them changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.hub import messages
from services.matching.hub.messages import Outgoing, Regulator, ServedBy
from services.matching.hub.store.cases import HubCaseRow, note_told
from services.matching.hub.store.mail import post
from services.matching.sameday.store.tables import RequestRow
from shared.contracts import RequestState
from shared.db import database_now
from shared.typed.zones import zone_of

STATUS = {
    RequestState.CONFIRMED: "booked",
    RequestState.HONOURED: "fulfilled",
    RequestState.NO_SHOW: "noshow",
}
TOLD_WITHIN = timedelta(days=7)
"""A change that could not be told for so long is no news."""
PATIENCE = timedelta(minutes=1)
"""How long an appointment waits for the name of its practitioner, when the directory is away."""


@dataclass(frozen=True, slots=True)
class Telling:
    """An appointment as the hub should know it; `str` is what is noted of it."""

    status: str
    starts_at: datetime
    slot_id: UUID | None = None

    def __str__(self) -> str:
        return " ".join(filter(None, (self.status, self.starts_at.isoformat(), str(self.slot_id or ""))))


def telling_of(case: HubCaseRow, row: RequestRow) -> Telling | None:
    """What the hub should know of a case's request; an appointment it was told of and that is no more is cancelled."""
    status = STATUS.get(RequestState(row.state))
    if status and row.starts_at:
        return Telling(status, row.starts_at, row.slot_id)
    _, *noted = case.told.split(" ")
    return Telling("cancelled", datetime.fromisoformat(noted[0])) if noted else None


async def tell(
    session: AsyncSession,
    case: HubCaseRow,
    row: RequestRow,
    telling: Telling,
    regulator: Regulator,
    served: ServedBy | None = None,
) -> Outgoing:
    """The message that tells it (RS-SAS-RDV), noted as told."""
    body = messages.appointment(
        str(row.id),
        telling.status,
        starts_at=telling.starts_at,
        created_at=row.submitted_at,
        regulator=regulator,
        first=case.told == "",
        served=served,
        zone=zone_of(row.insee),
    )
    kind = "Update" if case.told else "Report"
    await note_told(session, case, str(telling))
    return Outgoing(case.sender, kind, {messages.APPOINTMENT: body})


async def slots_to_name(session: AsyncSession) -> dict[UUID, str]:
    """The slots of the news, with their CPTS: who gives them is to be asked for before `news`."""
    return {
        telling.slot_id: case.cpts_id
        for case, row, telling in await _untold(session)
        if telling.slot_id and row.practitioner_id
    }


async def news(session: AsyncSession, regulator: Regulator, served: Mapping[UUID, ServedBy | None]) -> int:
    """Put what the hub does not know of its cases' appointments into the post; answers how many messages.

    `served` by slot: whose slot is not in it waits a little, then is told without.
    """
    count, impatient = 0, await database_now(session) - PATIENCE
    for case, row, telling in await _untold(session, ours=True):
        nameless = telling.slot_id and row.practitioner_id and telling.slot_id not in served
        if nameless and row.changed_at > impatient:
            continue
        known = served.get(telling.slot_id) if telling.slot_id else None
        await post(session, case.cpts_id, await tell(session, case, row, telling, regulator, known))
        count += 1
    return count


async def _untold(session: AsyncSession, *, ours: bool = False) -> list[tuple[HubCaseRow, RequestRow, Telling]]:
    """Cases with what is to be told of them; `ours`: nobody else tells them before this transaction ends."""
    booked = col(RequestRow.booking_id).is_not(None) | (col(HubCaseRow.told) != "")
    query = (
        select(HubCaseRow, RequestRow)
        .join(RequestRow, col(RequestRow.id) == col(HubCaseRow.request_id))
        .where(booked, col(RequestRow.changed_at) > await database_now(session) - TOLD_WITHIN)
        .order_by(col(HubCaseRow.case_id))
    )
    if ours:
        query = query.with_for_update(of=HubCaseRow, skip_locked=True)
    found = [(case, row, telling_of(case, row)) for case, row in (await session.exec(query)).all()]
    return [(case, row, telling) for case, row, telling in found if telling and str(telling) != case.told]
