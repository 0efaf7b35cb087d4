"""Bookings: hold, confirm, release, cancel, and what became of them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from services.availability import orders
from services.availability.api.slots import visible
from services.availability.app import bookings as app
from shared.auth import Role
from shared.contracts import BookingState, BookingView
from shared.http import CallerDep, OnceDep, SessionDep, WiringDep
from shared.patients.patient import Patient

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
        slot = await visible(session, caller, slot_id)
        plain = order.model_dump(exclude={"minutes"})
        return await app.hold_slot(session, caller, slot, hold=timedelta(minutes=order.minutes), **plain)

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
    patient = order.patient if order else None
    if patient:
        patient.refuse_national_numbers()
    told = patient.model_dump(mode="json") if patient else None
    return await app.confirm_hold(session, caller, wiring.vault, booking_id, patient=told)


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
async def honoured(caller: CallerDep, session: SessionDep, booking_id: UUID) -> BookingView:
    """The patient came."""
    caller.require(*WITNESSES)
    return await app.settle_booking(session, caller, booking_id, BookingState.HONOURED)


@routes.post("/bookings/{booking_id}/no-show")
async def no_show(caller: CallerDep, session: SessionDep, booking_id: UUID) -> BookingView:
    """The patient did not come."""
    caller.require(*WITNESSES)
    return await app.settle_booking(session, caller, booking_id, BookingState.NO_SHOW)


@routes.get("/bookings/{booking_id}/patient")
async def patient(caller: CallerDep, session: SessionDep, wiring: WiringDep, booking_id: UUID) -> dict[str, Any]:
    """Who is coming; reading it leaves a trace."""
    return await app.patient_of(session, caller, wiring.vault, booking_id)
