"""Where lapsed holds still take places, and what a booking that moved brings along."""

from typing import Any
from uuid import UUID

from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.store.slots import NOW
from services.availability.tables import BookingRow, SlotRow
from shared.contracts import BookingState

LAPSED = (col(BookingRow.state) == BookingState.HELD, col(BookingRow.held_until) <= NOW)


async def slots_with_lapsed_holds(session: AsyncSession, *conditions: Any) -> list[UUID]:
    """The slots that a lapsed hold still takes a place of."""
    found = select(BookingRow.slot_id).join(SlotRow, col(SlotRow.id) == col(BookingRow.slot_id)).distinct()
    return list((await session.exec(found.where(*LAPSED, *conditions))).all())


async def carry(session: AsyncSession, booking_id: UUID, **values: Any) -> None:
    """Give a booking what was said of the one in whose place it comes."""
    await session.exec(update(BookingRow).where(col(BookingRow.id) == booking_id).values(**values))
