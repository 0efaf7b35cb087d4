"""Through which door the booking benchmark comes in, and whose processor it takes."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import psutil
from sqlalchemy.engine import make_url

from tests.bench.plain_client import PlainClient, plain_client
from tests.bench.racing import Outcome, everybody
from tests.bench.stage import Stage
from tests.processes import free_port

Through = Callable[[PlainClient, Any], Awaitable[bool]]
"""What a client does with one thing, through its connection; true when it won."""


class Processor:
    """Seconds of processor that some processes have used."""

    def __init__(self, pid: int) -> None:
        """A process and its children."""
        self._root = psutil.Process(pid)

    @classmethod
    def of_postgres(cls, played: Stage) -> "Processor":
        """The stage's database server."""
        [file] = played.folder.rglob("postmaster.pid")
        return cls(int(file.read_text().splitlines()[0]))

    def used_s(self) -> float:
        """Since they began."""
        times = [each.cpu_times() for each in (self._root, *self._root.children(recursive=True))]
        return sum(each.user + each.system for each in times)


@dataclass(frozen=True)
class Door:
    """Where a service answers, who knocks there, and whose processor it takes: the service's and PostgreSQL's."""

    url: str
    base: str
    headers: Mapping[str, str]
    processors: tuple[Processor, Processor]

    @asynccontextmanager
    async def opened(self, clients: int) -> AsyncIterator[list[PlainClient]]:
        """So many connections, fresh: a server hangs up on who says nothing for a while."""
        async with AsyncExitStack() as stack:
            yield [await stack.enter_async_context(plain_client(self.url, self.headers)) for _ in range(clients)]

    async def timed(self, clients: int, things: Sequence[Any], act: Through, *, all_of_them: bool = False) -> Outcome:
        """`everybody`, with the processors it used."""
        async with self.opened(clients) as ours:
            before = [each.used_s() for each in self.processors]
            outcome = await everybody(
                clients, things, lambda client, thing: act(ours[client], thing), all_of_them=all_of_them
            )
            used = [each.used_s() - was for each, was in zip(self.processors, before, strict=True)]
        outcome.processor_s = (used[0], used[1])
        return outcome


async def serve_bare(stack: AsyncExitStack, server: dict[str, str]) -> tuple[asyncio.subprocess.Process, str]:
    """The bare peer in a process of its own."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.bare", str(port), stdin=asyncio.subprocess.PIPE
    )

    async def stop() -> None:
        process.terminate()
        await process.wait()

    stack.push_async_callback(stop)
    assert process.stdin
    process.stdin.write(json.dumps(server).encode() + b"\n")
    await process.stdin.drain()
    url = f"http://127.0.0.1:{port}"
    async with asyncio.timeout(30), httpx.AsyncClient(base_url=url) as client:
        while True:
            try:
                (await client.get("/health")).raise_for_status()
            except httpx.HTTPError:
                await asyncio.sleep(0.05)
            else:
                return process, url


def dsn(played: Stage) -> dict[str, str]:
    """Where the peers' own connections go."""
    url = make_url(played.settings.database_url.get_secret_value())
    return {
        "user": str(url.username),
        "password": str(url.password),
        "database": str(url.database),
        "host": str(url.query["host"]),
    }
