"""Holding a place, confirming it, and what becomes of it. The database decides who wins."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability import reads
from services.availability.app.places import Sees, Turn, WantedPlace
from services.availability.tables import BookingRow, SlotRow
from shared.auth import Caller, Role
from shared.contracts import BookingState, BookingView
from shared.patients.kept import KeptPatient
from shared.patients.vault import Vault
from shared.refusals import NotFound

SERVICE = Caller("service", Role.MACHINE, frozenset({"*"}))
"""Who lets time pass."""


async def hold_slot(session: AsyncSession, caller: Caller, order: WantedPlace, *, sees: Sees) -> BookingView:
    """Keep one place for a request. Asking twice for the same pair answers the same hold.

    A machine may say for whom it holds; that account then owns the booking. Raises `SlotUnavailable` when no place is
    left.
    """
    turn = await Turn.at(session, holds=[order])
    place = turn.hold(caller, order, sees=sees)
    await turn.write(session, caller)
    return reads.booking_view(place)


async def expire_holds(session: AsyncSession, slot_ids: Collection[UUID]) -> None:
    """Free the places of the lapsed holds of these slots."""
    turn = await Turn.at(session, slots=slot_ids)
    for slot_id in turn.slots:
        turn.expire(slot_id)
    await turn.write(session, SERVICE)


async def confirm_hold(
    session: AsyncSession, caller: Caller, vault: Vault, booking_id: UUID, *, patient: Mapping[str, Any] | None
) -> BookingView:
    """Turn a hold into a booking, in time by the database's clock; confirming twice is confirming once.

    Raises `HoldExpired`, `BookingSettled`.
    """
    turn = await Turn.at(session, bookings=[booking_id])
    place = turn.confirm(caller, vault, booking_id, patient)
    await turn.write(session, caller)
    return reads.booking_view(place)


async def settle_booking(
    session: AsyncSession, caller: Caller, booking_id: UUID, after: BookingState, *, reason: str | None = None
) -> BookingView:
    """Release, cancel, or say whether the patient came; saying it twice is saying it once. Raises `BookingSettled`."""
    turn = await Turn.at(session, bookings=[booking_id])
    place = turn.settle(caller, booking_id, after, reason=reason)
    await turn.write(session, caller)
    return reads.booking_view(place)


async def overbook(
    session: AsyncSession, caller: Caller, slot_id: UUID, *, reason: str, request_id: str | None
) -> BookingView:
    """Take a patient on top of the slot, by its practitioner's own choice; counted apart."""
    turn = await Turn.at(session, slots=[slot_id])
    place = turn.on_top(caller, slot_id, reason=reason, request_id=request_id)
    await turn.write(session, caller)
    return reads.booking_view(place)


async def patient_of(session: AsyncSession, caller: Caller, vault: Vault, booking_id: UUID) -> dict[str, Any]:
    """Who is coming, for who gives the care and the coordinator; each reading leaves a trace."""
    caller.require(Role.PRACTITIONER, Role.DELEGATE, Role.COORDINATOR)
    booking = await session.get(BookingRow, booking_id)
    if booking is None:
        raise NotFound
    slot = await session.get_one(SlotRow, booking.slot_id)
    caller.require_practitioner(slot.practitioner_id)
    caller.require_cpts(slot.cpts_id)
    return await KeptPatient("booking", booking.id, slot.cpts_id, booking.patient_sealed).read(session, caller, vault)
