"""Holding a slot for a request by hand: hold, confirm, release; cancel or close a request; tell; accept more.

The booking is made first and the guarded change of the request decides who wins; whoever loses gives the booking back.
A crash in between leaves a booking that names its request: the next round records it, or it expires.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.sameday.app.asking import acting_on, seal_patient, unsealed
from services.matching.sameday.app.bookings import (
    BOOKED,
    NO_SLOT,
    Bookings,
    confirmed,
    give_back,
    held,
    places_of,
    reopened,
)
from services.matching.sameday.app.intake import RelaxationForm
from services.matching.sameday.app.parameters import parameters_of
from services.matching.sameday.store.requests import Move, RequestMoved, move, tell
from services.matching.sameday.store.tables import RequestRow
from shared.auth import Caller
from shared.contracts import ON_THE_BOARD, RequestState
from shared.db import database_now
from shared.patients.patient import Patient
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


async def hold(desk: Desk, request_id: UUID, slot_id: UUID) -> RequestRow:
    """Keep a slot that a person chose for a request, until it is confirmed, released or expires."""
    row = await acting_on(desk.session, desk.caller, request_id)
    expect(row, ON_THE_BOARD)
    minutes = (await parameters_of(desk.session, row.cpts_id)).hold_minutes
    booking = await desk.bookings.hold(row, slot_id, minutes=minutes)
    now = await database_now(desk.session)
    try:
        row = await move(desk.session, held(row.id, booking, by=desk.caller.id, at=now, picked=True))
    except RequestMoved:
        # Whoever was quicker may hold the very same booking: only what is not theirs goes back.
        await desk.session.refresh(row)
        await desk.bookings.release(set(booking.ids) - set(places_of(row)))
        raise
    await tell(desk.session, row, "held")
    return row


async def confirm(desk: Desk, request_id: UUID, patient: Patient | None) -> RequestRow:
    """Make the held slot firm; the practitioner gets what is known of the patient."""
    row = await acting_on(desk.session, desk.caller, request_id)
    expect(row, {RequestState.HELD})
    told = {}
    if patient is not None:
        told["patient_sealed"] = await seal_patient(desk.session, desk.caller, desk.vault, row, patient)
    now = await database_now(desk.session)
    row = await move(desk.session, confirmed(row.id, by=desk.caller.id, at=now, **told))
    await desk.bookings.confirm(places_of(row), unsealed(desk.vault, row))
    await tell(desk.session, row, "confirmed")
    return row


async def release(desk: Desk, request_id: UUID) -> RequestRow:
    """Give the held slot back; the request is open again."""
    before = await acting_on(desk.session, desk.caller, request_id)
    expect(before, {RequestState.HELD})
    now = await database_now(desk.session)
    places = places_of(before)
    row = await move(
        desk.session,
        reopened(request_id, "released", by=desk.caller.id, at=now, states={RequestState.HELD}),
    )
    await desk.bookings.release(places)
    await tell(desk.session, row, "released")
    return row


async def end(desk: Desk, request_id: UUID, *, code: str, reason: str) -> RequestRow:
    """Cancel (who asked) or close (who runs the board) a request, with a reason; its slot is given back."""
    before = await acting_on(desk.session, desk.caller, request_id)
    expect(before, ON_THE_BOARD | BOOKED)
    state, places = before.state, places_of(before)
    now = await database_now(desk.session)
    row = await move(
        desk.session,
        Move(
            request_id,
            code=code,
            by=desk.caller.id,
            at=now,
            # A round may propose meanwhile to who has nothing yet: that is no reason to keep them.
            from_states={RequestState(state)} if places else ON_THE_BOARD,
            to=RequestState.CANCELLED,
            detail={"reason": reason},
            values={"reason": reason, "next_step_at": None, "held_until": None, **({} if places else NO_SLOT)},
        ),
    )
    if places:
        await give_back(desk.bookings, places, state=state, reason=reason)
    await tell(desk.session, row, code)
    return row


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


async def told(desk: Desk, request_id: UUID) -> RequestRow:
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
