"""Regulators that the SAS knows, by their identifiers."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.tables.regulators import RegulatorRow
from shared.db import run


async def add_regulator(session: AsyncSession, account_id: UUID, values: Mapping[str, Any]) -> None:
    """Write a regulator."""
    await run(session, insert(RegulatorRow).values(id=account_id, **values))


async def change_regulator(session: AsyncSession, account_id: UUID, values: Mapping[str, Any]) -> None:
    """Write what is said of a regulator anew."""
    await run(session, update(RegulatorRow).where(col(RegulatorRow.id) == account_id).values(**values))
