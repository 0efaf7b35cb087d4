"""What CPTS set for the rounds of their register, and what became of each round."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.doctors.store.register import AttachmentOutcomeRow, AttachmentParametersRow, AttachmentRoundRow
from shared.db import run_each


async def put_settings(session: AsyncSession, cpts_id: str, values: Mapping[str, Any]) -> None:
    """Write what a CPTS set, in the place of what it had."""
    row = insert_or(AttachmentParametersRow).values(cpts_id=cpts_id, **values)
    await session.exec(row.on_conflict_do_update(index_elements=["cpts_id"], set_=dict(values)))


async def keep_round(session: AsyncSession, row: AttachmentRoundRow) -> AttachmentRoundRow:
    """Write a round."""
    session.add(row)
    await session.flush()
    return row


async def keep_outcomes(session: AsyncSession, row: AttachmentRoundRow, lines: Sequence[Mapping[str, Any]]) -> None:
    """Write what a round kept, and what became of each entry in it."""
    row.kept = sum(bool(line["kept"]) for line in lines)
    await session.flush()
    await run_each(session, insert(AttachmentOutcomeRow), lines)
