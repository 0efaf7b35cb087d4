"""Tasks that run behind a service for as long as it does: one that dies is seen, and begun again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

import structlog

from shared.db import AWAY, is_full, is_lost
from shared.db.doorbell import POLL_S, Doorbell

log = structlog.get_logger()
T = TypeVar("T")
FULL = "DatabaseFull"
SAID_AGAIN_S = 1.0
"""After how long a task that did not end is told again."""
Work = Callable[[], Coroutine[Any, Any, None]]
Start = Callable[[str, Work], None]
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 30.0
SELDOM_S = 5.0
TOGETHER_S = 0.1
"""After a ring, those that come together are one turn."""


class Background:
    """The tasks of one service. One that dies is begun again after a pause that doubles each time it dies anew.

    From its death until it has held for as long as that pause, `down` shows it: its name, the type of its error.
    """

    def __init__(self, first_pause_s: float = FIRST_PAUSE_S) -> None:
        """Nothing runs before `running` or `keeping`."""
        self._first_pause_s = first_pause_s
        self.down: dict[str, str] = {}
        self.ran: dict[str, datetime] = {}
        """When each kind of step last ended well (real time)."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Start]:
        """What begins a task under a name; all that were begun end with the context."""
        tasks: set[asyncio.Task[None]] = set()

        def start(name: str, work: Work) -> None:
            tasks.add(asyncio.create_task(self._keep(name, work), name=f"keep {name}"))

        try:
            yield start
        finally:
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks)

    @asynccontextmanager
    async def keeping(self, name: str, work: Work) -> AsyncIterator[None]:
        """Run one task while the context is open."""
        async with self.running() as start:
            start(name, work)
            yield

    async def _keep(self, name: str, work: Work) -> None:
        pause_s = 0.0
        while True:
            task = asyncio.create_task(work(), name=name)
            try:
                held = not (await asyncio.wait({task}, timeout=pause_s))[0]
                if held:
                    self.down.pop(name, None)
                    await asyncio.wait({task})
            finally:
                await _end(task)
            error = asyncio.CancelledError() if task.cancelled() else task.exception()
            if error is None:
                self.down.pop(name, None)
                return
            # The type alone: the text of an exception may quote what was read.
            self.down[name] = _name(error)
            log.error("background_died", step=name, error=type(error).__name__)
            pause_s = self._first_pause_s if held else min(LONGEST_PAUSE_S, max(self._first_pause_s, 2 * pause_s))
            await asyncio.sleep(pause_s)

    def note_end(self, step: str) -> None:
        """Note that a step ended well."""
        self.ran[step] = datetime.now(UTC)  # noqa: TID251  about processes, not about appointments

    async def step(self, name: str, work: Awaitable[T], *, of: str, ends: tuple[type[Exception], ...] = ()) -> T | None:
        """Do one step of several, whatever becomes of the others: one that fails is shown until it goes well again.

        Answers None for one that failed. A database that is away and what `ends` it all are raised.
        """
        (done,) = await asyncio.gather(work, return_exceptions=True)
        key = f"{name} {of}"
        if not isinstance(done, BaseException):
            self.down.pop(key, None)
            self.note_end(name)
            return done
        if not isinstance(done, Exception) or isinstance(done, ends) or (isinstance(done, AWAY) and is_lost(done)):
            raise done
        self.down[key] = _name(done)
        log.error("step_failed", step=name, of=of, error=type(done).__name__)
        return None


def _name(error: BaseException) -> str:
    """What an error is called where it is shown; the text of an exception may quote what was read."""
    return FULL if is_full(error) else type(error).__name__


async def _end(task: asyncio.Task[Any]) -> None:
    """Cancel until it ends: a library that was connecting just then may lose what it was told."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=SAID_AGAIN_S)


async def for_each(names: Iterable[str], work: Callable[[str], Awaitable[None]]) -> None:
    """Work for each in turn, whatever becomes of the others: one bad row must not stop every other CPTS.

    Raises the first error at the end; at once when the database is away.
    """
    failed: list[BaseException] = []
    for name in names:
        (ended,) = await asyncio.gather(work(name), return_exceptions=True)
        if isinstance(ended, AWAY) and is_lost(ended):
            raise ended
        if ended is not None:
            failed.append(ended)
    if failed:
        raise failed[0]


def ring_work(
    bell: Doorbell, stream: str, work: Callable[[], Awaitable[bool]], *, waits: str, every_s: float | None = None
) -> Work:
    """A task that works now, after each ring and every so often, until `work` answers false.

    Unless `every_s` says how often: seldom while rings are heard, every second while they cannot be.

    While the database is away it says so in the log, under `waits`, and tries again; of what the database refuses it
    dies, for waiting does not mend it.
    """

    async def at_each_ring() -> None:
        async with bell.watch(stream) as watch:
            while True:
                try:
                    if not await work():
                        return
                except AWAY as error:
                    if not is_lost(error):
                        raise
                    log.warning(waits, error=type(error).__name__)
                if await watch.wait(every_s or (SELDOM_S if bell.hears else POLL_S)):
                    await asyncio.sleep(TOGETHER_S)
                    watch.forget()

    return at_each_ring
