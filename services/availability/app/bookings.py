"""Holding a place, confirming it, and what becomes of it. The database decides who wins."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability import reads
from services.availability.app.facts import Fact, tell
from services.availability.refusals import BookingSettled, HoldExpired, SlotUnavailable
from services.availability.store import bookings as store
from services.availability.store import slots as slot_store
from services.availability.tables import BookingRow, SlotRow
from shared.auth import Caller, Role, record_access
from shared.contracts import BookingState, BookingView, SlotView
from shared.patients.vault import Vault
from shared.refusals import NotAllowed, NotFound

FREED = frozenset({BookingState.RELEASED, BookingState.CANCELLED, BookingState.EXPIRED})
BEFORE: Mapping[BookingState, Collection[BookingState]] = {
    BookingState.RELEASED: (BookingState.HELD,),
    BookingState.CANCELLED: (BookingState.HELD, BookingState.CONFIRMED),
    # The two outcomes may be corrected into each other.
    BookingState.HONOURED: (BookingState.CONFIRMED, BookingState.NO_SHOW),
    BookingState.NO_SHOW: (BookingState.CONFIRMED, BookingState.HONOURED),
}
"""From which states a booking may come to each state."""


async def hold_slot(
    session: AsyncSession,
    caller: Caller,
    slot: SlotView,
    *,
    request_id: str,
    hold: timedelta,
    held_for: str | None = None,
    urgency: int | None = None,
    own_patient: bool = False,
) -> BookingView:
    """Keep one place for a request. Asking twice for the same pair answers the same hold.

    A machine may say for whom it holds; that account then owns the booking. Raises `SlotUnavailable` when no place is
    left.
    """
    caller.require_practitioner(slot.practitioner_id)
    slot_id = UUID(slot.id)
    # What follows decides; this spares its cost to the many who come too late.
    if slot.taken >= slot.capacity and await store.of_request(session, slot_id, request_id) is None:
        raise SlotUnavailable(slot_id=slot_id)
    holder = held_for if held_for and caller.role == Role.MACHINE else caller.id
    order = partial(
        store.book,
        session,
        slot_id=slot_id,
        request_id=request_id,
        by=holder,
        state=BookingState.HELD,
        hold=hold,
        urgency=urgency,
        own_patient=own_patient,
    )
    booking_id = await order()
    if booking_id is None and await store.slots_with_lapsed_holds(session, col(BookingRow.request_id) == request_id):
        await expire_holds(session, [slot_id])
        booking_id = await order()
    if booking_id is None:
        return await already_booked(session, slot_id, request_id)
    if not await slot_store.take_place(session, slot_id):
        raise SlotUnavailable(slot_id=slot_id)
    await store.remember(session, [booking_id], state=BookingState.HELD, by=caller.id, role=caller.role)
    views = await tell(session, [Fact("slot_held.v1", slot_id)])
    return next(booking for booking in views[slot_id].bookings if booking.id == str(booking_id))


async def already_booked(session: AsyncSession, slot_id: UUID, request_id: str | None) -> BookingView:
    """The live booking of a slot by a request; raises `SlotUnavailable` when it ended this very moment."""
    booking = await store.of_request(session, slot_id, request_id)
    if booking is None:
        raise SlotUnavailable(slot_id=slot_id)
    return reads.booking_view(booking)


async def expire_holds(session: AsyncSession, slot_ids: Collection[UUID]) -> None:
    """Free the places of the lapsed holds of these slots."""
    slots = await slot_store.locked(session, col(SlotRow.id).in_(slot_ids))
    facts = []
    for slot in slots:
        expired = await store.settle(
            session,
            col(BookingRow.slot_id) == slot.id,
            *store.LAPSED,
            before=(BookingState.HELD,),
            after=BookingState.EXPIRED,
        )
        await store.remember(session, expired, state=BookingState.EXPIRED, by="service", role=Role.MACHINE)
        await slot_store.count_places(session, slot.id)
        facts += [Fact("booking_expired.v1", slot.id) for _ in expired]
    await tell(session, facts)


async def mine(session: AsyncSession, caller: Caller, booking_id: UUID) -> tuple[BookingRow, SlotRow]:
    """A booking that the caller may change, locked with its slot; raises `NotFound`, `NotAllowed`."""
    caller.require_practitioner(await reads.practitioner_of(session, booking_id))
    booking, slot = await store.locked_with_slot(session, booking_id)
    theirs = booking.held_by == caller.id or booking.held_by.startswith("machine:")
    if caller.role in {Role.PHARMACIST, Role.REGULATOR} and not theirs:
        raise NotAllowed("Cette place a été prise par quelqu'un d'autre.", rule="own bookings only")
    return booking, slot


async def confirm_hold(
    session: AsyncSession, caller: Caller, vault: Vault, booking_id: UUID, *, patient: Mapping[str, Any] | None
) -> BookingView:
    """Turn a hold into a booking, in time by the database's clock; confirming twice is confirming once.

    Raises `HoldExpired`, `BookingSettled`.
    """
    booking, slot = await mine(session, caller, booking_id)
    values: dict[str, Any] = {}
    if patient is not None:
        values["patient_sealed"] = vault.seal(patient, cpts_id=slot.cpts_id, row_id=str(booking_id))
    done = await store.settle(
        session,
        col(BookingRow.id) == booking_id,
        col(BookingRow.held_until) > slot_store.NOW,
        before=(BookingState.HELD,),
        after=BookingState.CONFIRMED,
        **values,
    )
    if not done:
        if booking.state == BookingState.CONFIRMED:
            return reads.booking_view(booking)
        if booking.state in {BookingState.HELD, BookingState.EXPIRED}:
            raise HoldExpired(booking_id=booking_id)
        raise BookingSettled(field="state", value=booking.state)
    if patient is not None:
        await accessed(session, caller, slot, booking_id, "write")
    return await changed(session, caller, booking, BookingState.CONFIRMED, "booking_confirmed.v1")


async def settle_booking(
    session: AsyncSession, caller: Caller, booking_id: UUID, after: BookingState, *, reason: str | None = None
) -> BookingView:
    """Release, cancel, or say whether the patient came; saying it twice is saying it once. Raises `BookingSettled`."""
    booking, _slot = await mine(session, caller, booking_id)
    if booking.state == after:
        return reads.booking_view(booking)
    values = {"reason": reason} if reason else {}
    done = await store.settle(session, col(BookingRow.id) == booking_id, before=BEFORE[after], after=after, **values)
    if not done:
        raise BookingSettled(field="state", value=booking.state, rule=f"one of {', '.join(BEFORE[after])}")
    return await changed(session, caller, booking, after, f"booking_{after}.v1")


async def overbook(
    session: AsyncSession, caller: Caller, slot_id: UUID, *, reason: str, request_id: str | None
) -> BookingView:
    """Take a patient on top of the slot, by its practitioner's own choice; counted apart."""
    slot = await reads.slot(session, slot_id)
    caller.require_practitioner(slot.practitioner_id)
    booking_id = await store.book(
        session, slot_id=slot_id, request_id=request_id, by=caller.id, state=BookingState.CONFIRMED, reason=reason
    )
    if booking_id is None:
        return await already_booked(session, slot_id, request_id)
    await slot_store.locked_one(session, slot_id)
    booking = await session.get_one(BookingRow, booking_id)
    return await changed(session, caller, booking, BookingState.CONFIRMED, "slot_overbooked.v1")


async def changed(
    session: AsyncSession, caller: Caller, booking: BookingRow, state: BookingState, fact: str
) -> BookingView:
    """What follows every change of a booking: its history, the slot's count, the fact. Answers the booking."""
    await store.remember(session, [booking.id], state=state, by=caller.id, role=caller.role)
    await slot_store.count_places(session, booking.slot_id)
    row = await session.get_one(BookingRow, booking.id, populate_existing=True)
    view = reads.booking_view(row)
    await tell(session, [Fact(fact, booking.slot_id)], served=True)
    return view


async def accessed(session: AsyncSession, caller: Caller, slot: SlotRow, booking_id: UUID, action: str) -> None:
    """Leave a trace of an access to a patient's data."""
    await record_access(
        session, caller, cpts_id=slot.cpts_id, action=action, object_kind="booking", object_id=str(booking_id)
    )


async def patient_of(session: AsyncSession, caller: Caller, vault: Vault, booking_id: UUID) -> dict[str, Any]:
    """Who is coming, for who gives the care and the coordinator; each reading leaves a trace."""
    caller.require(Role.PRACTITIONER, Role.DELEGATE, Role.COORDINATOR)
    booking = await session.get(BookingRow, booking_id)
    if booking is None:
        raise NotFound
    slot = await session.get_one(SlotRow, booking.slot_id)
    caller.require_practitioner(slot.practitioner_id)
    if booking.patient_sealed is None:
        raise NotFound("Aucune donnée de patient n'est gardée pour cette réservation.")
    await accessed(session, caller, slot, booking_id, "read")
    return vault.open(booking.patient_sealed, cpts_id=slot.cpts_id, row_id=str(booking_id))
