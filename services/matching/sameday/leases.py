"""Which CPTS this process runs the rounds of: one heartbeat for all of them, and the clock read by the way.

A lease stays with its process until that one leaves or dies. Whoever starts later takes what nobody holds, and waits.
"""

import asyncio
from collections.abc import Callable
from uuid import uuid4

import structlog

from services.matching.sameday.store.lease import leave_leases, renew_leases, take_leases
from shared.db import AWAY, Scope, is_lost, set_scope
from shared.db.clock import read_clock
from shared.wiring import Wiring

log = structlog.get_logger()
KEEP_S = 2.0
SOON_S = 0.2


class Leases:
    """The leases of one process, by CPTS."""

    def __init__(self, wiring: Wiring, wake: Callable[[str], None]) -> None:
        """`wake` is told the CPTS that was just taken, and each one that is held when the clock was set anew."""
        self._wiring, self._wake = wiring, wake
        self.holder = uuid4().hex
        self._wanted: set[str] = set()
        self._tokens: dict[str, int] = {}
        self._asked = asyncio.Event()

    def want(self, cpts_id: str) -> None:
        """Take this CPTS as soon as nobody else has it."""
        self._wanted.add(cpts_id)
        self._asked.set()

    def token(self, cpts_id: str) -> int | None:
        """Under which token rounds of this CPTS write; None while another process runs them."""
        return self._tokens.get(cpts_id)

    def note_lost(self, cpts_id: str) -> None:
        """Another process took it over."""
        self._tokens.pop(cpts_id, None)

    async def keep(self) -> None:
        """Renew and take, for ever."""
        while True:
            try:
                await self.beat()
            except AWAY as error:
                if not is_lost(error):
                    raise
                log.warning("leases_wait", error=type(error).__name__)
            try:
                async with asyncio.timeout(KEEP_S):
                    await self._asked.wait()
                await asyncio.sleep(SOON_S)  # those that are wanted together are taken together
            except TimeoutError:
                pass
            self._asked.clear()

    async def beat(self) -> None:
        """Renew what is held, take what nobody holds, read the clock: a few statements, however many they are."""
        async with self._wiring.open_session() as session:
            await set_scope(session, Scope(frozenset({"*"})))
            if self._tokens:
                await renew_leases(session, self.holder)
            clock = await read_clock(session)
            taken = await take_leases(session, sorted(self._wanted - self._tokens.keys()), self.holder)
        anew = clock != self._wiring.clock
        self._wiring.clock = clock
        self._tokens |= taken
        for cpts_id in self._tokens if anew else taken:
            self._wake(cpts_id)

    async def leave(self) -> None:
        """Let other processes take over at once."""
        try:
            async with self._wiring.open_session() as session:
                await set_scope(session, Scope(frozenset({"*"})))
                await leave_leases(session, self.holder)
        except AWAY as error:
            log.warning("leases_not_left", error=type(error).__name__)
        self._tokens.clear()
