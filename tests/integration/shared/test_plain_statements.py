"""Plain statements straight to the driver: they answer, fail and heal as SQLAlchemy's own do."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import engine_for, is_lost, run
from shared.settings import Settings

TAKEN = text("insert into once (name) values (:name)")


@pytest.fixture
async def engine(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """One connection, with a table of its own."""
    engine = engine_for(settings.database_url.get_secret_value(), name="plain", pool_size=1)
    async with engine.begin() as connection:
        await connection.execute(text("create temporary table once (name text primary key, body jsonb)"))
    yield engine
    await engine.dispose()


async def test_what_was_not_committed_is_undone_and_what_the_database_refuses_is_told(engine: AsyncEngine) -> None:
    named = text("select name, body from once where name = :name or :name = 'any'")
    async with AsyncSession(engine) as session:
        empty = await run(session, named, name="any")
        assert empty.scalars().all() == []
        assert (await run(session, TAKEN, name="a")).all() == []
        await session.commit()
        await run(session, text("insert into once values (:name, cast(:body as jsonb))"), name="b", body='{"n": [1]}')
        row = (await run(session, named, name="b")).one()
        assert (row.name, row.body, dict(row._mapping)) == ("b", {"n": [1]}, {"name": "b", "body": {"n": [1]}})
        with pytest.raises(IntegrityError):
            await run(session, TAKEN, name="a")
        await session.rollback()
        assert (await run(session, named, name="any")).scalars().all() == ["a"]


async def test_a_connection_that_was_cut_is_told_as_lost_and_replaced(engine: AsyncEngine, settings: Settings) -> None:
    mine, other = text("select pg_backend_pid()"), engine_for(settings.database_url.get_secret_value(), name="other")
    cut = text("select pg_terminate_backend(:pid, 5000)")
    async with AsyncSession(other) as outside:
        async with AsyncSession(engine) as session:
            pid = (await run(session, mine)).scalar_one()
            await run(outside, cut, pid=pid)
            with pytest.raises(Exception) as told:  # noqa: PT011  whatever it is, it says that it was cut
                await run(session, mine)
            assert is_lost(told.value)
        async with AsyncSession(engine) as session:
            second = (await run(session, mine)).scalar_one()
            await session.commit()
        # Cut while nobody uses it: whoever comes next notices nothing.
        await run(outside, cut, pid=second)
        async with AsyncSession(engine) as session:
            assert (await run(session, mine)).scalar_one() not in (pid, second)
    await other.dispose()
