"""Plain statements straight to the driver: they answer, fail and heal as SQLAlchemy's own do."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, IntegrityError
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


class Keeping:
    """Both ways to the driver, each with one connection: keeping a name, and whether it was kept."""

    def __init__(self, settings: Settings) -> None:
        url = settings.database_url.get_secret_value()
        self.engine, self.other = engine_for(url, name="kept", pool_size=1), engine_for(url, name="other")
        bell = Doorbell(settings.redis_url.get_secret_value(), prefix="kept")
        self.direct = Direct(url, self.engine, bell, name="kept")

    async def by_session(self, name: str) -> None:
        async with AsyncSession(self.engine) as session:
            await run(session, KEPT, name=name)
            await session.commit()

    async def by_driver(self, name: str) -> None:
        async with self.direct.open_session() as session:
            await run(session, KEPT, name=name)

    async def is_kept(self, name: str) -> bool:
        async with self.other.connect() as connection:
            return bool(await connection.scalar(text("select 1 from kept where name = :name"), {"name": name}))


@pytest.fixture
async def keeping(settings: Settings) -> AsyncIterator[Keeping]:
    keeping = Keeping(settings)
    async with keeping.other.begin() as connection:
        await connection.execute(text("create table kept (name text primary key)"))
    async with keeping.direct.open():
        yield keeping
    await keeping.engine.dispose()
    await keeping.other.dispose()


async def test_a_connection_that_is_cut_before_its_first_statement_is_told_as_lost(keeping: Keeping) -> None:
    async with AsyncSession(keeping.engine) as session:
        pid = (await run(session, text("select pg_backend_pid()"))).scalar_one()
        await session.commit()
        await session.connection()
        async with AsyncSession(keeping.other) as outside:
            await run(outside, text("select pg_terminate_backend(:pid, 5000)"), pid=pid)
        with pytest.raises(DBAPIError) as told:
            await run(session, KEPT, name="never")
        assert is_lost(told.value)
    await keeping.by_session("after")
    assert await keeping.is_kept("after")


@pytest.mark.parametrize("way", ["by_session", "by_driver"])
async def test_wherever_an_operation_is_cut_short_what_follows_on_its_connection_is_committed(
    keeping: Keeping, way: str
) -> None:
    keep = getattr(keeping, way)
    await keep("first")
    for steps in range(CUTS):
        cut = asyncio.create_task(keep(f"cut {steps}"))
        for _ in range(steps):
            await asyncio.sleep(0)
        cut.cancel()
        await asyncio.wait({cut})
        await keep(f"after {steps}")
        assert await keeping.is_kept(f"after {steps}"), steps


async def test_after_a_database_that_did_not_answer_in_time_what_follows_is_committed(keeping: Keeping) -> None:
    @event.listens_for(keeping.engine.sync_engine, "do_connect")
    def _be_impatient(_dialect: Any, _record: Any, _given: Any, options: dict[str, Any]) -> None:
        options["command_timeout"] = 0.3

    async with AsyncSession(keeping.engine) as session:
        pid = (await run(session, text("select pg_backend_pid()"))).scalar_one()
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(TimeoutError):
            await keeping.by_session("never")
    finally:
        os.kill(pid, signal.SIGCONT)
    await keeping.by_session("after")
    assert await keeping.is_kept("after")
    assert not await keeping.is_kept("never")
