"""What is computed once for as long as what it is made of stands, however many ask for it."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from datetime import datetime
from typing import Generic, TypeVar

T = TypeVar("T")
PAST_FRESH_S = 300
"""How old figures of days before may be: they move with the hour, not with what happens."""


def minute_of(now: datetime) -> int:
    """The stamp of figures that move with the clock: another one each minute."""
    return int(now.timestamp()) // 60


def age_of_past(now: datetime) -> int:
    """The stamp of figures of days before: another one every five minutes."""
    return int(now.timestamp()) // PAST_FRESH_S


class Kept(Generic[T]):
    """The last answer of each key, for as long as its stamp stands; who asks meanwhile waits for the same one."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._tasks: dict[Hashable, tuple[Hashable, asyncio.Task[T]]] = {}

    async def __call__(self, key: Hashable, stamp: Hashable, compute: Callable[[], Awaitable[T]]) -> T:
        """The answer for this stamp: kept, being computed, or computed now. One that failed is not kept."""
        known = self._tasks.get(key)
        if known is None or known[0] != stamp or _failed(known[1]):
            known = stamp, asyncio.ensure_future(_run(compute))
            self._tasks[key] = known
        return await asyncio.shield(known[1])


async def _run(compute: Callable[[], Awaitable[T]]) -> T:
    return await compute()


def _failed(task: asyncio.Task[T]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
