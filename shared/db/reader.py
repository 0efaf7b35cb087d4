"""Single statements that only read and see every CPTS, for searches open to other systems."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy import make_url

AT_A_TIME = 4
"""How many statements run at once. More of them would only share the same processor, and all end late together."""
LONGEST_S = 7
"""When the SAS gives up waiting, so do we."""
SCOPE = {"aiguillage.cpts": "*", "aiguillage.practitioners": "*", "default_transaction_read_only": "on"}


class Reader:
    """Straight to the driver, first come first served: no transaction around a statement, and no test before it.

    A connection that was cut is replaced when it is next used, so that a restart of the database heals by itself.
    """

    def __init__(self, url: str, *, name: str) -> None:
        """The same `url` as an engine's; nothing is opened before it is used."""
        parts = make_url(url)
        self._options: dict[str, Any] = {**parts.translate_connect_args(username="user"), **parts.query}
        self._options["server_settings"] = {"application_name": f"{name} reads", **SCOPE}
        self._places = asyncio.Semaphore(AT_A_TIME)
        self._pool: asyncpg.Pool | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Read while the context is open."""
        async with asyncpg.create_pool(min_size=0, max_size=AT_A_TIME, reset=_nothing, **self._options) as self._pool:
            yield

    async def rows(self, statement: str, *values: Any) -> Sequence[Any]:
        """The rows of a statement with `$1`… in it, each to be read by position or by name.

        Raises TimeoutError beyond LONGEST_S, and what the driver raises when the database is away.
        """
        assert self._pool is not None, "opened() first"  # noqa: S101  a fault of ours
        # The semaphore is fair; a pool alone lets a newcomer pass before those who wait.
        async with asyncio.timeout(LONGEST_S), self._places, self._pool.acquire() as connection:
            found: Sequence[Any] = await connection.fetch(statement, *values)
            return found

    async def row(self, statement: str, *values: Any) -> Any | None:
        """The first row, if there is one."""
        return next(iter(await self.rows(statement, *values)), None)


async def _nothing(_connection: Any) -> None:
    """What is left to do after a statement that changes nothing."""
