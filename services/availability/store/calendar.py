"""Recurring openings, and which of their days are already cut into slots."""

from datetime import date
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.tables import OpeningRow
from shared.db import run


async def add_opening(session: AsyncSession, opening: OpeningRow) -> None:
    """Write an opening."""
    session.add(opening)
    await session.flush()


async def remove_opening(session: AsyncSession, opening: OpeningRow) -> None:
    """Take an opening away; its slots stay."""
    await session.delete(opening)
    await session.flush()


async def shorten_opening(session: AsyncSession, opening: OpeningRow, last_day: date) -> None:
    """Let an opening end on a day, included; its slots stay."""
    opening.last_day = last_day
    await session.flush()


async def cut_again(session: AsyncSession, practitioner_id: UUID) -> None:
    """Ask that a practitioner's openings are cut again from today; slots that stand already stay as they are."""
    await run(
        session,
        update(OpeningRow).where(col(OpeningRow.practitioner_id) == practitioner_id).values(cut_until=None),
    )


async def mark_cut(session: AsyncSession, opening_id: UUID, until: date) -> None:
    """Remember that an opening is cut up to a day, included."""
    await run(session, update(OpeningRow).where(col(OpeningRow.id) == opening_id).values(cut_until=until))
