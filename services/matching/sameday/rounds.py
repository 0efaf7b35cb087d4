"""The rounds: one loop per CPTS, in one process at a time, that keeps giving slots to those who wait.

A round is woken by a ring (a request changed, a slot changed) or by the clock (someone must know, a step is due), and
by nothing else: a CPTS where nothing changes asks nothing of the database. Whatever stops a round half-way, the next
one finds everything it needs in the database and in the replica.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

import structlog

from services.matching.sameday.edges.availability import AvailabilityAway
from services.matching.sameday.edges.following import SlotsUnknown
from services.matching.sameday.leases import Leases
from services.matching.sameday.round import OneRound, Watchman
from services.matching.sameday.settling import SOON_S
from services.matching.sameday.store.lease import LeaseLost
from services.matching.sameday.store.requests import door
from shared.db import AWAY, is_lost
from shared.live.store import Position
from shared.running.background import Start
from shared.wiring import Wiring

log = structlog.get_logger()
TOGETHER_S = 0.03
"""After a ring, those who come together are served together, and whoever was just answered is told first."""
PAUSES, LONGEST_PAUSE_S = 3, 0.4
"""While one ring follows another, rounds take a part of the time and leave the rest to who is answered by hand."""
LATEST = timedelta(hours=1)
"""However quiet a CPTS is, its rounds tidy up so often."""


class Rounds:
    """The loops of one process."""

    def __init__(self, wiring: Wiring, one: OneRound) -> None:
        """Nothing runs before `running`."""
        self._wiring, self._one = wiring, one
        self._leases = Leases(wiring, lambda cpts_id: wiring.bell.ring_here(door(cpts_id)))
        self._watchmen: dict[str, Watchman] = {}
        self._start: Start | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Rounds"]:
        """Loops may start while the context is open; their leases are left at its end."""
        try:
            async with self._wiring.background.running() as self._start:
                self._start("leases", self._leases.keep)
                yield self
        finally:
            await asyncio.shield(self._leases.leave())

    def start(self, cpts_id: str) -> None:
        """Begin the loop of a CPTS."""
        assert self._start is not None  # noqa: S101  only used while running
        self._leases.want(cpts_id)
        self._start(f"rounds {cpts_id}", partial(self._loop, cpts_id))

    def catch_up(self, positions: Mapping[str, Position]) -> None:
        """Run a round where the stream of requests stands elsewhere than the last one left it: a ring was lost."""
        for cpts_id, watchman in self._watchmen.items():
            where = positions.get(cpts_id)
            if where is not None and where.seq != watchman.seq and self._leases.token(cpts_id) is not None:
                self._wiring.bell.ring_here(door(cpts_id))

    async def _loop(self, cpts_id: str) -> None:
        watchman = self._watchmen[cpts_id] = Watchman(cpts_id)
        async with self._wiring.bell.watch(door(cpts_id)) as watch:
            while True:
                begun_s = asyncio.get_running_loop().time()
                wait_s = await self._try(watchman)
                took_s = asyncio.get_running_loop().time() - begun_s
                if await watch.wait(wait_s):
                    await asyncio.sleep(min(max(TOGETHER_S, PAUSES * took_s), LONGEST_PAUSE_S))
                    watch.forget()

    async def _try(self, watchman: Watchman) -> float | None:
        """Run a round, if they are ours to run; answers how many real seconds to wait for a ring afterwards."""
        token = self._leases.token(watchman.cpts_id)
        if token is None:
            watchman.solved = None  # who takes over starts from nothing
            return None
        try:
            await self._one(watchman, token)
        except LeaseLost:
            log.info("lease_lost", cpts=watchman.cpts_id)
            self._leases.note_lost(watchman.cpts_id)
            return None
        except (*AWAY, AvailabilityAway, SlotsUnknown) as error:
            if isinstance(error, AWAY) and not is_lost(error):
                raise
            log.info("round_waits", cpts=watchman.cpts_id, error=type(error).__name__)
            watchman.seq = -1
            return SOON_S
        return self._until(watchman)

    def _until(self, watchman: Watchman) -> float:
        clock = self._wiring.clock
        now = clock.now()
        pause_s = clock.real_s(min(LATEST, max(timedelta(0), (watchman.due or now + LATEST) - now)))
        return max(0.01, pause_s if watchman.again_s is None else min(pause_s, watchman.again_s))
