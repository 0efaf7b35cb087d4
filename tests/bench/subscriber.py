"""One subscriber that can be thrown out and must come back without losing anything."""

import asyncio
import time
from typing import Any, Self

import httpx

from shared.live.follow import Replica, follow


class Subscriber:
    """Follows one CPTS's requests with the product's own follower; remembers when each request was first seen."""

    def __init__(self, client: httpx.AsyncClient, replica: Replica) -> None:
        """Not connected yet."""
        self.replica, self._client = replica, client
        self.first_seen: dict[str, float] = {}
        self.snapshots = 0
        self.gaps = 0
        self._last_seq = -1
        self._waiting: dict[str, asyncio.Future[float]] = {}
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Follow, and be ready."""
        self._task = asyncio.create_task(follow(self._client, self.replica, self._changed))
        await self.replica.ready.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop following."""
        assert self._task
        self._task.cancel()
        await asyncio.wait({self._task})

    async def throw_out(self) -> None:
        """Cut the connection, as a lost network would; following starts again with the same copy."""
        await self.__aexit__()
        self._task = asyncio.create_task(follow(self._client, self.replica, self._changed))

    async def _changed(self, replica: Replica, events: list[dict[str, Any]]) -> None:
        now = time.perf_counter()
        if not events:
            self.snapshots += 1
            for identifier in replica.state.get("requests", {}):
                self._see(identifier, now)
        for event in events:
            if self._last_seq >= 0 and event["seq"] != self._last_seq + 1:
                self.gaps += 1
            self._last_seq = event["seq"]
            self._see(event["id"], now)
        self._last_seq = replica.seq

    def _see(self, identifier: str, now: float) -> None:
        self.first_seen.setdefault(identifier, now)
        waiting = self._waiting.pop(identifier, None)
        if waiting and not waiting.done():
            waiting.set_result(now)

    async def seen(self, identifier: str) -> float:
        """When a request was first seen (seconds of the performance counter); waits for it, 10 s at most."""
        if identifier in self.first_seen:
            return self.first_seen[identifier]
        waiting: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting[identifier] = waiting
        async with asyncio.timeout(10):
            return await waiting
