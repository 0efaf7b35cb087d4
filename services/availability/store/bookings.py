"""Where lapsed holds still take places."""

from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.store.slots import NOW
from services.availability.tables import BookingRow, SlotRow
from shared.contracts import BookingState

LAPSED = (col(BookingRow.state) == BookingState.HELD, col(BookingRow.held_until) <= NOW)


async def slots_with_lapsed_holds(session: AsyncSession, *conditions: Any) -> list[UUID]:
    """The slots that a lapsed hold still takes a place of."""
    found = select(BookingRow.slot_id).join(SlotRow, col(SlotRow.id) == col(BookingRow.slot_id)).distinct()
    return list((await session.exec(found.where(*LAPSED, *conditions))).all())
