"""A slot that was withdrawn or given back, on offer again as it was: the same one, nothing of it lost."""

from uuid import UUID

from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability import reads
from services.availability.app.facts import Fact, tell
from services.availability.app.slots import lock_own_slot
from services.availability.orders import Reopening
from services.availability.refusals import InThePast, SlotUnavailable
from services.availability.store import slots as store
from services.availability.tables import SlotRow
from shared.auth import Caller
from shared.contracts import SlotView
from shared.db import database_now

CLOSED_BY_HAND_OR_TIME = ("withdrawn", "given_back")


async def reopen_slot(session: AsyncSession, caller: Caller, slot_id: UUID, order: Reopening) -> SlotView:
    """Offer a slot again; doing it twice is doing it once. Who was cancelled does not come back.

    One that was given back is kept until it begins: its practitioner said that they want it filled. Raises
    `InThePast`, `SlotOverlaps`, `PractitionerAway`, `SlotUnavailable` for a day that is over.
    """
    slot = await lock_own_slot(session, caller, slot_id)
    if slot.status == "published":
        return await reads.slot(session, slot_id)
    if slot.status not in CLOSED_BY_HAND_OR_TIME or not slot.live:
        raise SlotUnavailable(slot_id=slot_id)
    now = await database_now(session)
    if slot.starts_at <= now:
        raise InThePast(field="starts_at", value=slot.starts_at.isoformat(), rule=f"after {now.isoformat()}")
    kept = slot.status == "given_back" or slot.give_back_at is None or slot.give_back_at <= now
    await store.change(
        session,
        col(SlotRow.id) == slot_id,
        col(SlotRow.status).in_(CLOSED_BY_HAND_OR_TIME),
        status="published",
        reason=None,
        absence_id=None,
        give_back_at=None if kept else slot.give_back_at,
        despite_absence=slot.despite_absence or order.despite_absence,
        fresh_at=now,
    )
    return (await tell(session, [Fact("slot_reopened.v1", slot_id)]))[slot_id]
