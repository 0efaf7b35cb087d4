"""CPTS that ask a practitioner of another one to belong to them as well."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.store.directory import rows_of_others_refused
from services.availability.tables.memberships import MembershipAskRow
from shared.db import database_now, run


async def ask_membership(
    session: AsyncSession, practitioner_id: UUID, cpts_id: str, *, by: str, joined_at: datetime | None
) -> None:
    """Ask that a practitioner belongs to a CPTS; asking twice is asking once."""
    asked = insert(MembershipAskRow).values(
        practitioner_id=practitioner_id,
        cpts_id=cpts_id,
        asked_by=by,
        asked_at=await database_now(session),
        joined_at=joined_at,
    )
    with rows_of_others_refused():
        await run(session, asked.on_conflict_do_nothing())


async def take_ask(session: AsyncSession, practitioner_id: UUID, cpts_id: str) -> Row[Any] | None:
    """Take what was asked away, to be answered once; answers since when they belong, or None if nothing is asked."""
    here = (col(MembershipAskRow.practitioner_id) == practitioner_id) & (col(MembershipAskRow.cpts_id) == cpts_id)
    return (await run(session, delete(MembershipAskRow).where(here).returning(col(MembershipAskRow.joined_at)))).first()
