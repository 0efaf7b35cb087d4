"""Statements of our own machines, straight to the driver: each commits as it ends.

For the few operations that are asked so often that what stands around a statement costs more than the statement. The
connections see every CPTS: what a caller may do is decided before, by who they are.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy import Engine, Result, TextClause, make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.db.doorbell import Doorbell
from shared.db.straight import answer, is_open, number_values, tell_listeners

AT_A_TIME = 10
EVERY_CPTS = {"aiguillage.cpts": "*", "aiguillage.practitioners": "*"}
PLANNED_ONCE = {"plan_cache_mode": "force_generic_plan"}
"""These statements find their rows by keys: no value makes a better plan, and planning costs more than running."""


class DirectSession:
    """What one operation does; `info` is as that of a session of SQLAlchemy."""

    def __init__(self, pool: asyncpg.Pool, engine: Engine) -> None:
        """Nothing is asked of the pool before a statement is."""
        self.info: dict[str, Any] = {}
        self._pool, self._engine = pool, engine

    def get_bind(self) -> Engine:
        """Whose database this is."""
        return self._engine

    async def run(self, statement: TextClause, values: Mapping[str, Any]) -> Result[Any]:
        """What a plain statement answers; raises what the driver does."""
        sql, names = number_values(statement.text)
        given = [values[name] for name in names]
        tell_listeners(self._engine, sql, given)
        async with self._pool.acquire() as driver:
            return await answer(driver, sql, given)


class Direct:
    """The connections of one service for this."""

    def __init__(self, url: str, engine: AsyncEngine, bell: Doorbell, *, name: str) -> None:
        """The same `url` as the engine's; nothing is opened before it is used."""
        parts = make_url(url)
        self._options: dict[str, Any] = {**parts.translate_connect_args(username="user"), **parts.query}
        self._options["server_settings"] = {"application_name": f"{name} direct", **EVERY_CPTS, **PLANNED_ONCE}
        self._engine, self._bell = engine.sync_engine, bell
        self._pool: asyncpg.Pool | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Use it while the context is open."""
        times = {"command_timeout": 10, "timeout": 5}
        async with asyncpg.create_pool(
            min_size=0, max_size=AT_A_TIME, reset=_refuse_open, **times, **self._options
        ) as self._pool:
            yield

    @asynccontextmanager
    async def open_session(self) -> AsyncIterator[DirectSession]:
        """One operation; what it asked to ring rings at its end, unless it failed."""
        assert self._pool is not None, "open() first"  # noqa: S101  a fault of ours
        session = DirectSession(self._pool, self._engine)
        yield session
        for stream in sorted(session.info.get("rings", ())):
            await self._bell.ring(stream)


async def _refuse_open(driver: Any) -> None:
    """Close a connection that comes back with a transaction open."""
    if is_open(driver):
        driver.terminate()
