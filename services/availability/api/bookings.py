"""Bookings: hold, confirm, release, cancel, and what became of them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from services.availability import orders, reads
from services.availability.api.slots import seeing
from services.availability.app import batch as batches
from services.availability.app import bookings as app
from services.availability.app.places import WantedPlace
from shared.auth import Role
from shared.contracts import BookingAnswer, BookingState, BookingView
from shared.db import database_now
from shared.http import CallerDep, OnceDep, SessionDep, WiringDep, problem_of
from shared.patients.patient import Patient, show_patient
from shared.refusals import Refusal

HOLDERS = tuple(role for role in Role if role != Role.COMMITTEE)
WITNESSES = (Role.PRACTITIONER, Role.DELEGATE, Role.COORDINATOR, Role.MACHINE)
routes = APIRouter(tags=["bookings"])


class Confirmation(orders.Order):
    """Who is coming, if the practitioner needs to know; encrypted at once, told to nobody else."""

    patient: Patient | None = None


@routes.post("/slots/{slot_id}/bookings", status_code=201, response_model=BookingView)
async def hold(
    caller: CallerDep, session: SessionDep, once: OnceDep, slot_id: UUID, order: orders.Hold
) -> JSONResponse:
    """Hold one place for a request; the same request and slot twice is the same hold."""
    caller.require(*HOLDERS)

    async def use_case() -> BookingView:
        plain = order.model_dump(exclude={"minutes"})
        wanted = WantedPlace(slot_id=slot_id, length=timedelta(minutes=order.minutes), **plain)
        return await app.hold_slot(session, caller, wanted, sees=seeing(caller))

    return await once(use_case)


@routes.post("/slots/{slot_id}/overbookings", status_code=201, response_model=BookingView)
async def overbook(
    caller: CallerDep, session: SessionDep, once: OnceDep, slot_id: UUID, order: orders.Overbooking
) -> JSONResponse:
    """Take a patient on top of the slot, with a reason."""
    caller.require(Role.PRACTITIONER, Role.DELEGATE)

    async def use_case() -> BookingView:
        return await app.overbook(session, caller, slot_id, reason=order.reason, request_id=order.request_id)

    return await once(use_case)


@routes.post("/bookings/{booking_id}/confirmation")
async def confirm(
    caller: CallerDep, session: SessionDep, wiring: WiringDep, booking_id: UUID, order: Confirmation | None = None
) -> BookingView:
    """Confirm a hold before it lapses."""
    caller.require(*HOLDERS)
    if order and order.patient:
        order.patient.refuse_unborn(await database_now(session))
    patient = batches.seal_patient(order.patient if order else None)
    return await app.confirm_hold(session, caller, wiring.vault, booking_id, patient=patient)


@routes.post("/bookings/{booking_id}/release")
async def release(caller: CallerDep, session: SessionDep, booking_id: UUID) -> BookingView:
    """Give a held place back."""
    caller.require(*HOLDERS)
    return await app.settle_booking(session, caller, booking_id, BookingState.RELEASED)


@routes.post("/bookings/{booking_id}/cancellation")
async def cancel(caller: CallerDep, session: SessionDep, booking_id: UUID, order: orders.Cancellation) -> BookingView:
    """Cancel a held or confirmed place, with a reason."""
    caller.require(*HOLDERS)
    return await app.settle_booking(session, caller, booking_id, BookingState.CANCELLED, reason=order.reason)


@routes.post("/bookings/{booking_id}/honoured")
async def mark_honoured(caller: CallerDep, session: SessionDep, booking_id: UUID) -> BookingView:
    """The patient came."""
    caller.require(*WITNESSES)
    return await app.settle_booking(session, caller, booking_id, BookingState.HONOURED)


@routes.post("/bookings/{booking_id}/no-show")
async def no_show(caller: CallerDep, session: SessionDep, booking_id: UUID) -> BookingView:
    """The patient did not come."""
    caller.require(*WITNESSES)
    return await app.settle_booking(session, caller, booking_id, BookingState.NO_SHOW)


class Carried(BaseModel):
    """What came of one order: the booking as it now stands, or the problem that a call of its own would answer."""

    status: int
    booking: BookingView | None = None
    problem: dict[str, Any] | None = None


class BatchAnswer(BaseModel):
    """One answer for each order, in the order they were given."""

    hold: list[Carried]
    confirm: list[Carried]
    release: list[Carried]


@routes.post("/bookings/batch")
async def batch(
    request: Request, caller: CallerDep, session: SessionDep, wiring: WiringDep, order: orders.Batch
) -> BatchAnswer:
    """Carry out many orders in one transaction, each with its own answer; those of one group all, or none."""
    caller.require(Role.MACHINE)
    hands = batches.Hands(caller, wiring.vault, seeing(caller))
    done = await batches.carry_out(session, hands, order)
    return BatchAnswer(**{kind: [carry_out(each, kind, request) for each in answers] for kind, answers in done.items()})


def carry_out(answer: batches.Answer, kind: str, request: Request) -> Carried:
    if isinstance(answer, Refusal):
        return Carried(status=answer.status, problem=problem_of(answer, request))
    return Carried(status=201 if kind == "hold" else 200, booking=answer)


@routes.post("/bookings/answers")
async def answers(caller: CallerDep, session: SessionDep, order: orders.BookingsAsked) -> list[BookingAnswer]:
    """Where these bookings stand now, for who may be late to hear of it; ids that are not known are left out."""
    caller.require(Role.MACHINE)
    return await reads.booking_answers(session, order.ids)


@routes.get("/bookings/{booking_id}/patient")
async def patient(
    caller: CallerDep, session: SessionDep, wiring: WiringDep, booking_id: UUID, call: bool = False
) -> dict[str, Any]:
    """Who is coming; reading it leaves a trace. `call` adds where a press on the number leads."""
    known = await app.patient_of(session, caller, wiring.vault, booking_id)
    return show_patient(known) if call else known
