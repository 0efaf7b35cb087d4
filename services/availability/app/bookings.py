"""Holding a place, confirming it, and what becomes of it. The database decides who wins."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability import reads
from services.availability.app.places import Sees, Turn, WantedPlace
from services.availability.tables import BookingRow, SlotRow
from shared.auth import Caller, Role, record_access
from shared.contracts import BookingState, BookingView
from shared.db import database_now
from shared.db.ids import new_id
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


OWN = "own:"
"""How the name begins that a patient entered by their practitioner has: the board knows no such request."""


async def take_own_patient(
    session: AsyncSession, caller: Caller, vault: Vault, slot_id: UUID, patient: Mapping[str, Any]
) -> BookingView:
    """Put a practitioner's own patient in one of their slots, at once. Raises `SlotUnavailable` when it is full."""
    name = f"{OWN}{new_id(await database_now(session))}"
    order = WantedPlace(slot_id=slot_id, request_id=name, length=timedelta(minutes=1), own_patient=True)
    turn = await Turn.at(session, holds=[order])
    held = turn.hold(caller, order, sees=lambda _slot: True)
    place = turn.confirm(caller, vault, held.id, patient)
    await turn.write(session, caller)
    return reads.booking_view(place)


async def find_own_patients(
    session: AsyncSession, caller: Caller, vault: Vault, ids: Collection[UUID]
) -> dict[UUID, Mapping[str, Any]]:
    """The patients that practitioners entered themselves, by booking, for who receives them; leaves a trace."""
    query = select(BookingRow).join(SlotRow, col(SlotRow.id) == col(BookingRow.slot_id))
    query = query.where(col(BookingRow.id).in_(ids), col(BookingRow.request_id).startswith(OWN))
    if caller.practitioners is not None:
        query = query.where(col(SlotRow.practitioner_id).in_([UUID(each) for each in caller.practitioners]))
    rows = (await session.exec(query)).all()
    kept = {row.id: KeptPatient("booking", row.id, row.cpts_id, row.patient_sealed).find(vault) for row in rows}
    for cpts_id in sorted({row.cpts_id for row in rows}):
        await record_access(session, caller, cpts_id=cpts_id, action="list", object_kind="booking", object_id=cpts_id)
    return {key: opened for key, opened in kept.items() if opened}


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
