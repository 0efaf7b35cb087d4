"""The figures of rounds, kept a week."""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.sameday.store.tables import RoundRow

ROUNDS_KEPT = timedelta(days=7)


def record_round(session: AsyncSession, row: RoundRow) -> None:
    """Write the figures of a round, in this transaction."""
    session.add(row)


async def forget_rounds(session: AsyncSession, cpts_id: str, now: datetime) -> None:
    """Forget the figures of old rounds."""
    await session.exec(delete(RoundRow).where(col(RoundRow.cpts_id) == cpts_id, col(RoundRow.at) < now - ROUNDS_KEPT))
