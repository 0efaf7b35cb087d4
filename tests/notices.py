"""What was written to be told to somebody, as the owner of the database reads it."""

from uuid import UUID

from sqlalchemy import text

from shared.db import run
from shared.settings import Settings
from tests.builders import owner


async def told(settings: Settings, account: str) -> list[str]:
    """The kinds of notice written for somebody, oldest first; `own …` for what they did themselves."""
    async with owner(settings) as session:
        query = text("select kind, reason from common.notice where account_id = :account order by id")
        rows = await run(session, query, account=UUID(account))
        return [f"own {row.kind}" if row.reason == "own_act" else row.kind for row in rows]
