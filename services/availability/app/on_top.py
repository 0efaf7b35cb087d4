"""A slot opened on top of what a practitioner offers, for one request that found no other: `surnuméraire`."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability import orders
from services.availability.app.facts import Fact
from services.availability.app.places import Turn, WantedPlace
from services.availability.app.slots import home_of, new_slot, offer_fields
from services.availability.core.slots import row_of
from services.availability.refusals import InThePast, PractitionerAway
from services.availability.store import slots as store
from services.availability.store.absences import away
from services.availability.store.ledger import ON_TOP
from shared.auth import Caller
from shared.contracts import SlotView
from shared.db import database_now

CARRIED = {"held_for", "urgency", "own_patient", "regulated_at", "reason"}
"""What each place keeps of the order."""


async def open_on_top(session: AsyncSession, caller: Caller, order: orders.OnTop) -> SlotView:
    """Open the slot, a place held for each name; raises `SlotOverlaps`, `InThePast`, `NotScheduledThere`."""
    caller.require_practitioner(order.practitioner_id)
    now = await database_now(session)
    if order.starts_at <= now:
        raise InThePast(field="starts_at", value=order.starts_at.isoformat(), rule=f"after {now.isoformat()}")
    home = await home_of(session, order)
    await store.one_at_a_time(session, order.practitioner_id)
    await require_there(session, order.practitioner_id, order.starts_at, order.minutes)
    fields = offer_fields(order.model_copy(update={"capacity": len(order.request_ids)}), home)
    interval = row_of(int(order.starts_at.timestamp()), order.minutes * 60, 1)[0]
    slot = new_slot(interval, fields, notice_s=0, now=now, origin=ON_TOP, despite_absence=True)
    await store.publish(session, [slot])
    turn = await Turn.at(session, slots=[slot.id])
    length = timedelta(minutes=order.hold_minutes)
    for name in order.request_ids:
        wanted = WantedPlace(slot.id, name, length, **order.model_dump(include=CARRIED))
        turn.hold(caller, wanted, sees=lambda _: True)
    await turn.write(session, caller, first=[Fact("slot_published.v1", slot.id)], introduce=True)
    return turn.view_of(slot.id)


async def require_there(session: AsyncSession, practitioner_id: UUID, starts_at: datetime, minutes: int) -> None:
    """One more patient fits between those of an agenda that is busy all day, not into an absence that was declared.

    Raises `PractitionerAway`. The caller holds the queue of this practitioner's slots.
    """
    ends_at = starts_at + timedelta(minutes=minutes)
    if await away(session, practitioner_id, starts_at, ends_at, declared=True):
        raise PractitionerAway(field="starts_at", value=starts_at.isoformat())
