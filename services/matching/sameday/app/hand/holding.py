"""Holding a slot for a request by hand: hold, swap, confirm, let go; cancel or close a request.

No transaction is open while the availability service is asked. A place is taken there first, and the guarded change of
the request decides who wins; whoever loses gives it back. A place is given back once that is written down here.
Whatever dies in between, a round finds the booking, which names its request, and makes the two agree.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import structlog

from services.matching.sameday.app.allowing import refuse_undecided
from services.matching.sameday.app.asking import acting_on, new_request, patient_on
from services.matching.sameday.app.bookings import (
    BOOKED,
    NO_SLOT,
    Booking,
    give_back,
    hold_columns,
    places_of,
    record_confirmation,
    record_hold,
    reopen,
)
from services.matching.sameday.app.hand.tending import Desk, expect, on_the_board
from services.matching.sameday.app.intake import EVENING_HOUR, HoldForm, RequestForm, midnight_after
from services.matching.sameday.app.parameters import CptsParameters, parameters_of
from services.matching.sameday.store.requests import Move, RequestMoved, add_request, fresh, know_patient, move, tell
from services.matching.sameday.store.tables import RequestRow
from shared.contracts import ON_THE_BOARD, RequestState
from shared.db import after_commit, database_now, waiting_elsewhere
from shared.db.ids import id_of_key
from shared.patients.patient import Patient
from shared.refusals import Refusal
from shared.typed.zones import zone_of

log = structlog.get_logger()


class AfterRelease(StrEnum):
    """What becomes of a request whose slot is let go."""

    LEAVE = "leave"
    OTHER_SLOT = "other_slot"
    OTHER_PRACTITIONER = "other_practitioner"
    OTHER_DAY = "other_day"
    BOARD = "board"


async def submit_held(desk: Desk, form: RequestForm, chosen: HoldForm, key: str | None) -> RequestRow:
    """Ask for a slot that a person chose: the request is born with it, or not at all.

    With a `key`, saying it again after a lost answer names the same request, which keeps the same places.
    """
    row = await new_request(desk.session, desk.caller, form)
    refuse_undecided(row)
    if key is not None:
        row.id = id_of_key(desk.caller.id, key)
    minutes = (await parameters_of(desk.session, row.cpts_id)).hold_minutes
    async with waiting_elsewhere(desk.session):
        booking = await desk.bookings.hold(row, chosen.slot_id, minutes=minutes, **chosen.how)
    for name, value in hold_columns(booking, by=desk.caller.id, picked=True).items():
        setattr(row, name, value)
    row.state, row.changed_at = RequestState.HELD, await database_now(desk.session)
    if form.patient is not None:
        row.patient_sealed = await patient_on(row).seal(desk.session, desk.caller, desk.vault, form.patient)
    await add_request(desk.session, row, detail={"slot_id": str(booking.slot_id)})
    await tell(desk.session, row, "held")
    return row


async def hold(desk: Desk, request_id: UUID, chosen: HoldForm) -> RequestRow:
    """Keep a slot that a person chose for a request, until it is confirmed, let go or expires.

    Who holds another slot for it changes: the new one is taken first, then the old one is given back.
    """
    before = await acting_on(desk.session, desk.caller, request_id)
    instead_of = before.booking_id if before.state == RequestState.HELD and before.picked else None
    if instead_of is None:
        expect(before, ON_THE_BOARD)
    elif before.slot_id == chosen.slot_id:
        return before
    minutes, old = (await parameters_of(desk.session, before.cpts_id)).hold_minutes, places_of(before)
    async with waiting_elsewhere(desk.session):
        booking = await desk.bookings.hold(before, chosen.slot_id, minutes=minutes, **chosen.how)
    now = await database_now(desk.session)
    try:
        row = await move(
            desk.session,
            record_hold(request_id, booking, by=desk.caller.id, at=now, picked=True, instead_of=instead_of),
        )
    except RequestMoved:
        return await _already(desk, request_id, booking)
    await tell(desk.session, row, "held")
    if instead_of is not None:
        _give_back_later(desk, old, RequestState.HELD, "swapped")
    return row


async def _already(desk: Desk, request_id: UUID, booking: Booking) -> RequestRow:
    """The request, if what it holds is this very booking, which a round recorded; else give it back and refuse."""
    row = await fresh(desk.session, request_id)
    if row.state == RequestState.HELD and row.booking_id == booking.id:
        return row
    moved = RequestMoved(state=row.state, version=row.version)
    async with waiting_elsewhere(desk.session):
        await desk.bookings.release(set(booking.ids) - set(places_of(row)))
    raise moved


async def confirm(desk: Desk, request_id: UUID, patient: Patient | None) -> RequestRow:
    """Make the held slot firm; the practitioner gets what is known of the patient."""
    before = await acting_on(desk.session, desk.caller, request_id)
    expect(before, {RequestState.HELD})
    if patient is not None:
        # Written before the call: if we die after it, a round records the rest, and who comes is known on both sides.
        sealed = await patient_on(before).seal(desk.session, desk.caller, desk.vault, patient)
        await know_patient(desk.session, before, sealed)
    booking_id, places, told = before.booking_id, places_of(before), patient_on(before).open(desk.vault)
    async with waiting_elsewhere(desk.session):
        await desk.bookings.confirm(places, told)
    now = await database_now(desk.session)
    try:
        row = await move(
            desk.session, record_confirmation(request_id, by=desk.caller.id, at=now, booking_id=booking_id)
        )
    except RequestMoved:
        row = await fresh(desk.session, request_id)
        if row.state != RequestState.CONFIRMED or row.booking_id != booking_id:
            raise
        return row
    await tell(desk.session, row, "confirmed")
    return row


async def let_go(desk: Desk, request_id: UUID, then: AfterRelease) -> RequestRow:
    """Give the held slot back. Nothing is booked afterwards by itself, unless the request goes to the board.

    The patient leaves: the request ends. Else that slot is not proposed for it again, nor, as they say, its
    practitioner or today.
    """
    before = await acting_on(desk.session, desk.caller, request_id)
    expect(before, {RequestState.HELD})
    if then is AfterRelease.LEAVE:
        return await end(desk, request_id, code="released", reason="released")
    parameters, places = await parameters_of(desk.session, before.cpts_id), places_of(before)
    now = await database_now(desk.session)
    row = await move(
        desk.session,
        reopen(
            request_id,
            "released",
            by=desk.caller.id,
            at=now,
            states={RequestState.HELD},
            **_after(before, then, desk.caller.id, now, parameters),
        ),
    )
    _give_back_later(desk, places, RequestState.HELD, "released")
    await tell(desk.session, row, "released")
    return row


def _after(
    before: RequestRow, then: AfterRelease, caller_id: str, now: datetime, parameters: CptsParameters
) -> dict[str, Any]:
    """What a request becomes whose slot was let go."""
    refused = [str(before.practitioner_id)] if then is AfterRelease.OTHER_PRACTITIONER else []
    in_hand_until = now + timedelta(minutes=parameters.hold_minutes)
    values: dict[str, Any] = {
        "forbidden": list(dict.fromkeys([*before.forbidden, str(before.slot_id), *refused])),
        "in_hand_by": caller_id,
        "in_hand_until": in_hand_until,
        "answer_by": min(max(before.answer_by, in_hand_until), before.deadline_at),
    }
    if then is AfterRelease.BOARD:
        values |= on_the_board(before, now, parameters)
    if then is AfterRelease.OTHER_DAY:
        tomorrow = midnight_after(now, zone_of(before.insee))
        deadline_at = max(before.deadline_at, tomorrow + timedelta(hours=EVENING_HOUR))
        values |= {"earliest_at": max(before.earliest_at, tomorrow), "deadline_at": deadline_at}
    return values


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
            values={
                "reason": reason,
                "next_step_at": None,
                "held_until": None,
                "in_hand_until": None,
                **({} if places else NO_SLOT),
            },
        ),
    )
    if places:
        _give_back_later(desk, places, state, reason)
    await tell(desk.session, row, code)
    return row


def _give_back_later(desk: Desk, places: Collection[UUID], state: str, reason: str) -> None:
    """Give places back once it is written down that we do not want them; a round does it if we cannot."""

    async def follow_up() -> None:
        try:
            await give_back(desk.bookings, places, state=state, reason=reason)
        except Refusal as refusal:
            log.info("give_back_waits", reason=refusal.code)

    after_commit(desk.session, follow_up)
