"""Looks again and again for what time changes in the registers. Several processes may: every change is guarded."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from services.matching.app.attachment_calendar import let_time_pass, registers
from shared.db import AWAY, OpenSession, Scope, set_scope

log = structlog.get_logger()
LOOK_AGAIN_S = 30.0


class AttachmentCalendar:
    """What is due in every register."""

    def __init__(self, open_session: OpenSession) -> None:
        """Nothing happens before `running`."""
        self._open_session = open_session

    async def once(self) -> int:
        """Make every change that is due now, a transaction a batch; answers how many were due."""
        async with self._open_session() as session:
            await set_scope(session, Scope(frozenset({"*"})))
            cpts_ids = await registers(session)
        total = 0
        for cpts_id in cpts_ids:
            while due := await self._batch(cpts_id):
                total += due
        return total

    async def _batch(self, cpts_id: str) -> int:
        async with self._open_session() as session:
            await set_scope(session, Scope(frozenset({cpts_id})))
            return await let_time_pass(session, cpts_id)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look while the context is open."""
        looking = asyncio.create_task(self._look())
        try:
            yield
        finally:
            looking.cancel()
            await asyncio.wait({looking})

    async def _look(self) -> None:
        while True:
            try:
                await self.once()
            except AWAY as error:
                log.warning("attachment_calendar_waits", error=type(error).__name__)
            await asyncio.sleep(LOOK_AGAIN_S)
