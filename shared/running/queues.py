"""One after another, for each of many things: who wants the same waits in line, in this process."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

Thing = TypeVar("Thing", bound=Hashable)


class Queues(Generic[Thing]):
    """A line for each thing that somebody waits for; nothing is kept of the others."""

    def __init__(self) -> None:
        """Nobody waits."""
        self._lines: dict[Thing, tuple[asyncio.Lock, int]] = {}

    @property
    def waited_for(self) -> int:
        """How many things somebody has or waits for."""
        return len(self._lines)

    @asynccontextmanager
    async def take_turn(self, thing: Thing) -> AsyncIterator[None]:
        """Wait for one's turn, in order of arrival, and have it while the context is open."""
        lock, many = self._lines.get(thing, (asyncio.Lock(), 0))
        self._lines[thing] = (lock, many + 1)
        try:
            async with lock:
                yield
        finally:
            many = self._lines[thing][1] - 1
            if many:
                self._lines[thing] = (lock, many)
            else:
                del self._lines[thing]
