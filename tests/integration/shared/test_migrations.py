"""Tables and migrations say the same."""

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from services.installation.histories import HISTORIES
from shared.db.migrate import SchemaHistory, check, newest, upgrade
from shared.settings import Settings


@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history.schema)
async def test_tables_and_migrations_say_the_same(history: SchemaHistory, settings: Settings) -> None:
    engine = create_async_engine(settings.database_url.get_secret_value())
    async with engine.connect() as connection:
        await connection.run_sync(check, history)
    await engine.dispose()


async def test_migrating_twice_changes_nothing(settings: Settings) -> None:
    await upgrade(settings, HISTORIES)
    engine = create_async_engine(settings.database_url.get_secret_value())
    async with engine.connect() as connection:
        for history in HISTORIES:
            version = await connection.execute(text(f"select version_num from {history.schema}.alembic_version"))
            assert version.scalar_one() == newest(history)
    await engine.dispose()
