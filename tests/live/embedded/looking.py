"""Looking at servers from outside."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import redis.asyncio
from sqlalchemy.engine import make_url

from shared.embedded import Servers


@asynccontextmanager
async def connected(running: Servers) -> AsyncIterator[asyncpg.Connection]:
    url = make_url(running.database_url)
    connection = await asyncpg.connect(
        host=str(url.query["host"]), user=url.username, password=url.password, database=url.database
    )
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def valkey(running: Servers) -> AsyncIterator[redis.asyncio.Redis]:
    client = redis.asyncio.from_url(running.redis_url)
    try:
        yield client
    finally:
        await client.aclose()


def postmaster(data: Path) -> int:
    return int((data / "servers/postgres/postmaster.pid").read_text().split()[0])


def processes_of(folder: Path) -> list[str]:
    """Every process whose command or working folder lies in `folder`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if str(folder) in words or str(folder) in str((process / "cwd").readlink()):
                found.append(words)
        except OSError:
            continue
    return found


async def until(seen: Callable[[], bool]) -> None:
    """Wait for what must come, 20 s at most."""
    async with asyncio.timeout(20):
        while not seen():
            await asyncio.sleep(0.02)


async def answer_again(running: Servers, query: str) -> object:
    """What PostgreSQL answers once it takes connections again, 20 s at most."""
    async with asyncio.timeout(20):
        while True:
            try:
                async with connected(running) as connection:
                    return await connection.fetchval(query)
            except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
                await asyncio.sleep(0.02)
