"""One after another, for each of many things: who wants the same waits in line, in this process."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

Thing = TypeVar("Thing", bound=Hashable)


@dataclass(slots=True)
class Line:
    """Those who wait for one thing, or have it; `seen` is what one of them saw and others may use."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    came: int = 0
    gone: int = 0
    seen: tuple[int, Any] | None = None

    def show(self, came: int, what: Any) -> None:
        """Let those of the first `came` comers use what was looked up after they had come."""
        self.seen = came, what


@dataclass(slots=True)
class QueuePlace:
    """One's place in a line."""

    line: Line
    number: int

    @property
    def shown(self) -> Any:
        """What somebody before us looked up after we had come; nothing when nobody did."""
        seen = self.line.seen
        return seen[1] if seen is not None and self.number <= seen[0] else None


class Queues(Generic[Thing]):
    """A line for each thing that somebody waits for; nothing is kept of the others."""

    def __init__(self) -> None:
        """Nobody waits."""
        self._lines: dict[Thing, Line] = {}

    @property
    def waited_for(self) -> int:
        """How many things somebody has or waits for."""
        return len(self._lines)

    @asynccontextmanager
    async def take_turn(self, thing: Thing) -> AsyncIterator[QueuePlace]:
        """Wait for one's turn, in order of arrival, and have it while the context is open."""
        line = self._lines.setdefault(thing, Line())
        line.came += 1
        try:
            async with (place := QueuePlace(line, line.came)).line.lock:
                yield place
        finally:
            line.gone += 1
            if line.gone == line.came:
                del self._lines[thing]
