"""The only SQL that writes the clock that the database follows."""

from datetime import datetime

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import run


async def set_clock(session: AsyncSession, *, shows: datetime, speed: float) -> None:
    """Make the database's clock show `shows` now and run at `speed`."""
    anchor = text("update common.clock set anchor_real = clock_timestamp(), anchor_at = :shows, speed = :speed")
    await run(session, anchor, shows=shows, speed=speed)
