"""What is done with a request beside choosing its slot: put on the board, taken care of, told, made easier to serve."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.sameday.app.asking import acting_on
from services.matching.sameday.app.bookings import BOOKED, Bookings
from services.matching.sameday.app.intake import RelaxationForm
from services.matching.sameday.app.parameters import CptsParameters, parameters_of
from services.matching.sameday.store.requests import Move, RequestMoved, move, tell
from services.matching.sameday.store.tables import RequestRow
from shared.auth import Caller
from shared.contracts import ON_THE_BOARD, SEEKING, RequestState
from shared.db import database_now
from shared.patients.vault import Vault
from shared.refusals import Invalid


@dataclass(frozen=True, slots=True)
class Desk:
    """What a use case works with: the transaction, who asks, where bookings are made, what seals patients' data."""

    session: AsyncSession
    caller: Caller
    bookings: Bookings
    vault: Vault


def expect(row: RequestRow, states: Collection[RequestState]) -> None:
    """Refuse early what cannot succeed; the guarded change decides in the end."""
    if row.state not in states:
        raise RequestMoved(state=row.state, version=row.version)


async def board(desk: Desk, request_id: UUID) -> RequestRow:
    """Put a request that waits on the board: from now on rounds serve it by themselves."""
    before = await acting_on(desk.session, desk.caller, request_id)
    now = await database_now(desk.session)
    parameters = await parameters_of(desk.session, before.cpts_id)
    row = await move(
        desk.session,
        Move(
            request_id,
            code="boarded",
            by=desk.caller.id,
            at=now,
            from_states=SEEKING,
            values=on_the_board(before, now, parameters),
        ),
    )
    await tell(desk.session, row, "boarded")
    return row


def on_the_board(row: RequestRow, now: datetime, parameters: CptsParameters) -> dict[str, Any]:
    """The columns of a request that nobody has in hand any more; it is answered after the delay of its class."""
    wait = timedelta(seconds=parameters.confirm_after_s[row.urgency - 1])
    return {
        "automatic": True,
        "in_hand_by": "",
        "in_hand_until": None,
        "answer_by": min(max(row.answer_by, now + wait), row.deadline_at),
    }


async def own(desk: Desk, request_id: UUID) -> RequestRow:
    """Take care of a request: the board shows who does."""
    row = await move(
        desk.session,
        Move(
            request_id,
            code="owned",
            by=desk.caller.id,
            at=await database_now(desk.session),
            from_states=ON_THE_BOARD | BOOKED,
            values={"owner": desk.caller.id},
        ),
    )
    await tell(desk.session, row, "owned")
    return row


async def mark_told(desk: Desk, request_id: UUID) -> RequestRow:
    """The patient was called back and knows where their request stands."""
    before = await acting_on(desk.session, desk.caller, request_id)
    now = await database_now(desk.session)
    row = await move(
        desk.session,
        Move(
            request_id,
            code="told",
            by=desk.caller.id,
            at=now,
            from_states={RequestState(before.state)},
            version=before.version,
            values={"told_at": now},
        ),
    )
    await tell(desk.session, row, "told", wake=False)
    return row


async def relax(desk: Desk, request_id: UUID, form: RelaxationForm) -> RequestRow:
    """The patient accepts more: farther, otherwise, later. An unserved request is open again."""
    before = await acting_on(desk.session, desk.caller, request_id)
    now = await database_now(desk.session)
    given = form.model_dump(exclude_none=True, mode="json")
    if form.deadline_at is not None and form.deadline_at <= now:
        raise Invalid("L'échéance est passée.", field="deadline_at", value=form.deadline_at, rule="in the future")
    if not given:
        raise Invalid("Dites ce qui change.", field="max_travel_minutes", rule="at least one of three")
    values: dict[str, Any] = {"modes": given["modes"]} if form.modes else {}
    if form.max_travel_minutes:
        values["max_travel_s"] = 60 * form.max_travel_minutes
    if form.deadline_at:
        values["deadline_at"] = form.deadline_at
    reopen = before.state == RequestState.UNSERVED and form.deadline_at is not None
    row = await move(
        desk.session,
        Move(
            request_id,
            code="relaxed",
            by=desk.caller.id,
            at=now,
            from_states={RequestState(before.state)} & ON_THE_BOARD,
            to=RequestState.OPEN if reopen else None,
            detail=given,
            values={**values, **({"reason": ""} if reopen else {})},
        ),
    )
    await tell(desk.session, row, "relaxed")
    return row
