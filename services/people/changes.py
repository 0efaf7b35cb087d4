"""What people set: every change is a row that says who made it, when, and what stood there before."""

from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.people.store.keeping import keep_change
from shared.auth import Caller
from shared.db import database_now
from shared.db.tables import SettingChangeRow


async def record_change(
    session: AsyncSession,
    caller: Caller,
    *,
    cpts_id: str,
    what: str,
    object_id: str,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    """Leave a trace of what a person set, in the same transaction: only the fields that differ; nothing when none does.

    A field missing on one side is null there.
    """
    differ = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
    if not differ:
        return
    change = SettingChangeRow(
        cpts_id=cpts_id,
        at=await database_now(session),
        account=caller.id,
        role=caller.role,
        what=what,
        object_id=object_id,
        before={key: before.get(key) for key in differ},
        after={key: after.get(key) for key in differ},
    )
    keep_change(session, change)


async def changes_of(session: AsyncSession, cpts_id: str, limit: int = 200) -> list[SettingChangeRow]:
    """What was set in a CPTS, the newest first."""
    query = select(SettingChangeRow).where(SettingChangeRow.cpts_id == cpts_id)
    newest = query.order_by(col(SettingChangeRow.at).desc(), col(SettingChangeRow.id).desc())
    return list(await session.exec(newest.limit(limit)))
