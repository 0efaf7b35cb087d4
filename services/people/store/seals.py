"""Adds seals over what was logged; two processes that seal at once add one."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row
from sqlalchemy.dialects.postgresql import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import run
from shared.db.tables import SealRow


async def add_seal(session: AsyncSession, log: str, number: int, rows: Sequence[Row[Any]], sealed: bytes) -> None:
    """Add the seal of these rows."""
    values = {
        "log": log,
        "number": number,
        "since": min(row.at for row in rows),
        "until": max(row.at for row in rows),
        "last_id": rows[-1].id,
        "rows": len(rows),
        "hash": sealed,
    }
    await run(session, insert(SealRow).values(**values).on_conflict_do_nothing())
