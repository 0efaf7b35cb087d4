"""A slot opened on top of what a practitioner offers, for one request that found no other: `surnuméraire`."""

from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability import orders
from services.availability.app.facts import Fact, tell
from services.availability.app.slots import home_of, new_slot, shared_fields
from services.availability.core.slots import row_of
from services.availability.refusals import InThePast
from services.availability.store import bookings
from services.availability.store import slots as store
from shared.auth import Caller, Role
from shared.contracts import BookingState, SlotView
from shared.db import database_now

ORIGIN = "overbooking"
"""What tells such a slot from those a practitioner published."""


async def open_on_top(session: AsyncSession, caller: Caller, order: orders.OnTop) -> SlotView:
    """Open the slot, a place held for each name; raises `SlotOverlaps`, `InThePast`, `NotScheduledThere`."""
    caller.require_practitioner(order.practitioner_id)
    now = await database_now(session)
    if order.starts_at <= now:
        raise InThePast(field="starts_at", value=order.starts_at.isoformat(), rule=f"after {now.isoformat()}")
    names = order.request_ids
    home = await home_of(session, order)
    await store.one_at_a_time(session, order.practitioner_id)
    fields = shared_fields(order.model_copy(update={"capacity": len(names)}), home)
    interval = row_of(int(order.starts_at.timestamp()), order.minutes * 60, 1)[0]
    slot = new_slot(interval, fields, notice_s=0, now=now, origin=ORIGIN)
    await store.publish(session, [slot])
    holder = order.held_for if order.held_for and caller.role == Role.MACHINE else caller.id
    hold = timedelta(minutes=order.hold_minutes)
    taken = [
        await bookings.book(
            session,
            slot_id=slot.id,
            request_id=name,
            by=holder,
            state=BookingState.HELD,
            hold=hold,
            reason=order.reason,
            urgency=order.urgency,
            own_patient=order.own_patient,
        )
        for name in names
    ]
    await store.count_places(session, slot.id)
    held = [booking_id for booking_id in taken if booking_id is not None]
    await bookings.remember(session, held, state=BookingState.HELD, by=caller.id, role=caller.role)
    facts = [Fact("slot_published.v1", slot.id), *(Fact("slot_held.v1", slot.id) for _ in held)]
    return (await tell(session, facts, introduce=True))[slot.id]
