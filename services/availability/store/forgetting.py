"""What is forgotten once it is old: who came, and what was read of editors that nobody follows any more."""

from datetime import timedelta

from sqlalchemy import delete, or_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.tables import BookingRow, SlotRow
from services.availability.tables.foreign import ForeignSourceRow
from shared.db import database_now, run

PATIENTS_KEPT = timedelta(days=30)
EDITORS_KEPT = timedelta(days=1)


async def forget_patients(session: AsyncSession, cpts_id: str) -> None:
    """Erase who came, and what was said of why, 30 days after the appointment."""
    old = select(SlotRow.id).where(
        SlotRow.cpts_id == cpts_id, col(SlotRow.ends_at) < await database_now(session) - PATIENTS_KEPT
    )
    told = or_(col(BookingRow.patient_sealed).is_not(None), col(BookingRow.reason).is_not(None))
    erase = update(BookingRow).where(col(BookingRow.slot_id).in_(old), told)
    await run(session, erase.values(patient_sealed=None, reason=None))


async def forget_editors(session: AsyncSession, cpts_id: str) -> None:
    """Forget what was read of editors that nobody has followed for a day."""
    long_ago = await database_now(session) - EDITORS_KEPT
    unfollowed = (col(ForeignSourceRow.cpts_id) == cpts_id, col(ForeignSourceRow.followed_until) < long_ago)
    await session.exec(delete(ForeignSourceRow).where(*unfollowed))
