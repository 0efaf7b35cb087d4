"""Plain statements straight to the driver: they answer, fail and heal as SQLAlchemy's own do."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import engine_for, is_lost, run
from shared.db.direct import Direct
from shared.db.doorbell import Doorbell
from shared.settings import Settings

KEPT = text("insert into kept (name) values (:name)")
CUTS = 100
"""How many turns of the loop an operation takes, at the most: it is cut after each."""
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


async def test_wherever_an_operation_is_cut_short_what_follows_on_its_connection_is_committed(
    settings: Settings,
) -> None:
    url = settings.database_url.get_secret_value()
    engine, other = engine_for(url, name="cut", pool_size=1), engine_for(url, name="other")
    direct = Direct(url, engine, Doorbell(settings.redis_url.get_secret_value(), prefix="cut"), name="cut")
    async with other.begin() as connection:
        await connection.execute(text("create table kept (name text primary key)"))

    async def by_session(name: str) -> None:
        async with AsyncSession(engine) as session:
            await run(session, KEPT, name=name)
            await session.commit()

    async def by_driver(name: str) -> None:
        async with direct.open_session() as session, session.together():
            await run(session, KEPT, name=name)

    async with direct.open():
        for keep in (by_session, by_driver):
            await keep(f"first {keep.__name__}")
            for steps in range(CUTS):
                name = f"{keep.__name__} {steps}"
                cut = asyncio.create_task(keep(f"cut {name}"))
                for _ in range(steps):
                    await asyncio.sleep(0)
                cut.cancel()
                await asyncio.wait({cut})
                await keep(name)
                async with other.connect() as connection:
                    assert await connection.scalar(text("select 1 from kept where name = :name"), {"name": name}), name
    await engine.dispose()
    await other.dispose()
