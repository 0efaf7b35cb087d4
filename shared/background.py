"""Tasks that run behind a service, none of which dies unseen."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import structlog

from shared.db import AWAY
from shared.doorbell import Doorbell

log = structlog.get_logger()


def _seen(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        # The type alone: the text of an exception may quote what was read.
        log.error("background_died", step=task.get_name(), error=type(error).__name__)


@asynccontextmanager
async def in_background(work: Coroutine[Any, Any, None], *, name: str) -> AsyncIterator[None]:
    """Run `work` while the context is open; should it die, its error is logged under `name`."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_seen)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def at_each_ring(bell: Doorbell, stream: str, work: Callable[[], Awaitable[bool]], *, waits: str) -> None:
    """Work now and after each ring (or each second) until `work` answers false.

    While the database is away it says so in the log, under `waits`, and tries again.
    """
    async with bell.watch(stream) as watch:
        while True:
            try:
                if not await work():
                    return
            except AWAY as error:
                log.warning(waits, error=type(error).__name__)
            await watch.wait()
