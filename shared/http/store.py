"""The only SQL that writes what requests with an Idempotency-Key were answered."""

from typing import Any

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import database_now, run
from shared.db.tables import IdempotencyRow


async def claim_key(session: AsyncSession, caller: str, key: str, request_hash: bytes) -> bool:
    """Whether nobody used this key. A rival waits here until the first one commits, rolls back or waits itself."""
    row = insert(IdempotencyRow).values(
        caller=caller, key=key, request_hash=request_hash, at=await database_now(session)
    )
    claimed = row.on_conflict_do_nothing().returning(col(IdempotencyRow.key))
    return (await run(session, claimed)).first() is not None


async def keep_answer(session: AsyncSession, caller: str, key: str, *, status: int, body: Any) -> None:
    """Keep what a request with this key was answered."""
    await run(session, update(IdempotencyRow).filter_by(caller=caller, key=key).values(status=status, body=body))
