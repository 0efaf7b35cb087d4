"""Cancelling a booking without offering its place to somebody else."""

from uuid import UUID

from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability import reads
from services.availability.app.facts import Fact, tell
from services.availability.app.places import Turn
from services.availability.app.slots import WAITING, lock_own_slot
from services.availability.store import slots as store
from services.availability.tables import BookingRow, SlotRow
from shared.auth import Caller
from shared.contracts import BookingState, BookingView
from shared.refusals import NotFound


async def cancel_and_close(session: AsyncSession, caller: Caller, booking_id: UUID, reason: str) -> BookingView:
    """Cancel a booking and close its place in the same instant; twice is once.

    A slot that nobody else is in is withdrawn, another has a place less. Raises `BookingSettled`.
    """
    booking = await session.get(BookingRow, booking_id)
    if booking is None:
        raise NotFound
    slot = await lock_own_slot(session, caller, booking.slot_id)
    turn = await Turn.at(session, slots=[slot.id], bookings=[booking_id])
    known = turn.place(booking_id)
    others = sum(not place.overbooked for place in turn.places_of(slot.id) if place.id != booking_id)
    closes = known.state in WAITING and not known.overbooked and slot.status == "published"
    first = []
    if closes and not others:
        await store.change(session, col(SlotRow.id) == slot.id, status="withdrawn", reason=reason)
        turn = await Turn.at(session, slots=[slot.id], bookings=[booking_id])
        first = [Fact("slot_withdrawn.v1", slot.id)]
    place = turn.settle(caller, booking_id, BookingState.CANCELLED, reason=reason)
    await turn.write(session, caller, first=first)
    if closes and others:
        await store.change(session, col(SlotRow.id) == slot.id, capacity=slot.capacity - 1)
        await tell(session, [Fact("slot_changed.v1", slot.id)])
    return reads.booking_view(place)
