"""Bookings: hold, confirm, release, cancel, and what became of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability import orders, reads
from services.availability.api.slots import WRITERS, seeing
from services.availability.app import batch as batches
from services.availability.app import bookings as app
from services.availability.app.at_once import MachineHands
from services.availability.app.calendar import closing
from services.availability.app.places import WantedPlace
from shared.auth import Caller, Role
from shared.contracts import BookingAnswer, BookingState, BookingView
from shared.db import database_now
from shared.http import CallerDep, Once, OnceDep, SessionDep, WiringDep, problem_of, read_machine_token, who
from shared.http.parts import find_part
from shared.patients.patient import Patient, show_patient
from shared.refusals import Refusal
from shared.wiring import Wiring

HOLDERS = tuple(role for role in Role if role != Role.COMMITTEE)
WITNESSES = (Role.PRACTITIONER, Role.DELEGATE, Role.COORDINATOR, Role.MACHINE)
routes = APIRouter(tags=["bookings"])


class Confirmation(orders.Order):
    """Who is coming, if the practitioner needs to know; encrypted at once, told to nobody else."""

    patient: Patient | None = None


@asynccontextmanager
async def act(request: Request, wiring: Wiring) -> AsyncIterator[tuple[AsyncSession, Caller]]:
    """Who acts on a place, in the request's transaction: for who is not one of our machines."""
    async with wiring.open_session() as session:
        caller = await who(request, session, wiring)
        caller.require(*HOLDERS)
        yield session, caller


def find_at_once(request: Request) -> MachineHands | None:
    """How one of our machines acts on a place without a transaction of its own; a key's answer is kept in one."""
    return None if "idempotency-key" in request.headers else find_part(request, MachineHands)


def answer_with(booking: BookingView, status: int = 200) -> Response:
    """A booking, as the answer."""
    return Response(booking.model_dump_json(), status, media_type="application/json")


@routes.post("/slots/{slot_id}/bookings", status_code=201, response_model=BookingView)
async def hold(request: Request, wiring: WiringDep, slot_id: UUID, order: orders.Hold) -> Response:
    """Hold one place for a request; the same request and slot twice is the same hold."""
    plain = order.model_dump(exclude={"minutes"})
    wanted = WantedPlace(slot_id=slot_id, length=timedelta(minutes=order.minutes), **plain)
    if (machine := find_at_once(request)) and (booking := await machine.hold(read_machine_token(request), wanted)):
        return answer_with(booking, 201)
    async with act(request, wiring) as (session, caller):
        return await Once(request, session, caller)(lambda: app.hold_slot(session, caller, wanted, sees=seeing(caller)))


@routes.post("/slots/{slot_id}/overbookings", status_code=201, response_model=BookingView)
async def overbook(
    caller: CallerDep, session: SessionDep, once: OnceDep, slot_id: UUID, order: orders.Overbooking
) -> JSONResponse:
    """Take a patient on top of the slot, with a reason."""
    caller.require(Role.PRACTITIONER, Role.DELEGATE)

    async def use_case() -> BookingView:
        return await app.overbook(session, caller, slot_id, reason=order.reason, request_id=order.request_id)

    return await once(use_case)


@routes.post("/bookings/{booking_id}/confirmation", response_model=BookingView)
async def confirm(request: Request, wiring: WiringDep, booking_id: UUID, order: Confirmation | None = None) -> Response:
    """Confirm a hold before it lapses."""
    patient = order.patient if order else None
    if (machine := find_at_once(request)) and (
        booking := await machine.confirm(read_machine_token(request), booking_id, patient)
    ):
        return answer_with(booking)
    async with act(request, wiring) as (session, caller):
        if patient:
            patient.refuse_unborn(await database_now(session))
        return answer_with(
            await app.confirm_hold(session, caller, wiring.vault, booking_id, patient=batches.seal_patient(patient))
        )


async def settle(
    request: Request, wiring: Wiring, booking_id: UUID, after: BookingState, reason: str | None = None
) -> Response:
    """Release or cancel."""
    if (machine := find_at_once(request)) and (
        booking := await machine.settle(read_machine_token(request), booking_id, after, reason)
    ):
        return answer_with(booking)
    async with act(request, wiring) as (session, caller):
        return answer_with(await app.settle_booking(session, caller, booking_id, after, reason=reason))


@routes.post("/bookings/{booking_id}/release", response_model=BookingView)
async def release(request: Request, wiring: WiringDep, booking_id: UUID) -> Response:
    """Give a held place back."""
    return await settle(request, wiring, booking_id, BookingState.RELEASED)


@routes.post("/bookings/{booking_id}/cancellation", response_model=BookingView)
async def cancel(request: Request, wiring: WiringDep, booking_id: UUID, order: orders.Cancellation) -> Response:
    """Cancel a held or confirmed place, with a reason; with `close_slot`, nobody is given it instead."""
    if order.close_slot:
        async with act(request, wiring) as (session, caller):
            caller.require(*WRITERS)
            return answer_with(await closing.cancel_and_close(session, caller, booking_id, order.reason))
    return await settle(request, wiring, booking_id, BookingState.CANCELLED, order.reason)


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
