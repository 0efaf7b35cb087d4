"""Holding, booking, moving and cancelling: the pages' own use cases, said in IHE's words."""

from datetime import timedelta
from uuid import UUID

from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.api.slots import seeing
from services.availability.app import bookings as app
from services.availability.app.places import Turn, WantedPlace
from services.availability.interop.ihe.parameters import OWN, AppointmentOrder
from services.availability.refusals import BookingSettled, SlotUnavailable
from services.availability.store.bookings import carry
from services.availability.store.slots import lock_slots
from services.availability.tables import BookingRow, SlotRow
from shared.auth import Caller, Role
from shared.contracts import BookingState
from shared.db import database_now
from shared.db.ids import new_id
from shared.patients.patient import Patient
from shared.patients.vault import Vault
from shared.refusals import NotFound

HOLD = timedelta(minutes=5)


async def hold(session: AsyncSession, caller: Caller, order: AppointmentOrder) -> UUID:
    """Keep a place of the slot that a proposed appointment names; raises `SlotUnavailable`, `NotFound`."""
    return await _hold(session, caller, order.slot_id or order.appointment_id, order.name)


async def _hold(session: AsyncSession, caller: Caller, slot_id: UUID, name: str) -> UUID:
    # Who does not name their request asks for another place each time, unless they send an Idempotency-Key.
    request_id = f"{OWN}{name or new_id(await database_now(session))}"
    return UUID((await app.hold_slot(session, caller, WantedPlace(slot_id, request_id, HOLD), sees=seeing(caller))).id)


async def book(session: AsyncSession, caller: Caller, vault: Vault, order: AppointmentOrder) -> UUID:
    """Do what is asked of an appointment: cancel it, move it, confirm it, or take what is proposed at once."""
    booking = await session.get(BookingRow, order.appointment_id)
    if order.cancelled:
        reason = order.reason or "cancelled by the booking software"
        await app.settle_booking(session, caller, order.appointment_id, BookingState.CANCELLED, reason=reason)
        return order.appointment_id
    if booking is None:
        booking_id = await hold(session, caller, order)
        return await _confirm(session, caller, vault, booking_id, order.patient)
    if order.slot_id is not None and order.slot_id != booking.slot_id:
        return await _move(session, caller, vault, booking, order)
    return await _confirm(session, caller, vault, booking.id, order.patient)


async def _confirm(
    session: AsyncSession, caller: Caller, vault: Vault, booking_id: UUID, patient: Patient | None
) -> UUID:
    if patient:
        patient.refuse_unborn(await database_now(session))
    told = patient.model_dump(mode="json") if patient else None
    await app.confirm_hold(session, caller, vault, booking_id, patient=told)
    return booking_id


async def _move(
    session: AsyncSession, caller: Caller, vault: Vault, booking: BookingRow, order: AppointmentOrder
) -> UUID:
    """Take the other slot, then give this one back: both or neither. The new booking has an id of its own."""
    assert order.slot_id is not None  # noqa: S101  asked by the one caller
    # Both slots in one order: two people who swap would wait for each other for ever.
    await lock_slots(session, col(SlotRow.id).in_([booking.slot_id, order.slot_id]))
    await session.refresh(booking)
    old = (await Turn.at(session, bookings=[booking.id])).mine(caller, booking.id)
    if old.state not in (BookingState.HELD, BookingState.CONFIRMED):
        raise BookingSettled(field="state", value=old.state, rule="held or confirmed")
    # A request of the board finds its booking by its own name: only the board moves it.
    if old.request_id is not None and not old.request_id.startswith(OWN):
        raise BookingSettled(field="request_id", rule="moved from the board")
    taken = await _hold(session, caller, order.slot_id, order.name or (old.request_id or "").removeprefix(OWN))
    carried = {name: getattr(old, name) for name in ("urgency", "own_patient", "regulated_at", "held_by")}
    await carry(session, taken, **carried)
    patient = order.patient
    if patient is None and booking.patient_sealed is not None:
        sealed = vault.open(booking.patient_sealed, cpts_id=old.cpts_id, row_id=str(old.id))
        patient = Patient.model_construct(**sealed)
    await _confirm(session, caller, vault, taken, patient)
    await app.settle_booking(session, caller, old.id, BookingState.CANCELLED, reason="moved")
    return taken


GONE = (SlotUnavailable, NotFound)
"""What IHE calls not found: an appointment that can no longer be had."""
HOLDERS = tuple(role for role in Role if role != Role.COMMITTEE)
