"""What people set is kept with what stood there before; what is old is forgotten."""

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import run
from shared.db.tables import SettingChangeRow


def keep_change(session: AsyncSession, change: SettingChangeRow) -> None:
    """Keep what a person set, in this transaction."""
    session.add(change)


async def forget_older(session: AsyncSession, table: str, age: str) -> None:
    """Erase the rows of a table that meet a condition; both are constants of ours."""
    await run(session, text(f"delete from {table} where {age}"))  # noqa: S608


async def forget_by_function(session: AsyncSession, function: str) -> None:
    """Let the database erase what is old of a table that services may only add to; the name is a constant of ours."""
    await run(session, text(f"select {function}()"))
