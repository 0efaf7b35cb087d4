"""Hears both services for each CPTS, from where it last stopped, and keeps what figures need as facts."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

import httpx
import structlog

from services.coordination.core.facts import KeptFact, keep_event, keep_state
from services.coordination.reads import position_of
from services.coordination.store.facts import add_facts
from shared.db import Scope, set_scope
from shared.live.follow import Replica, follow
from shared.outside.trust import open_client
from shared.running.background import Start
from shared.settings import Settings
from shared.wiring import Wiring

log = structlog.get_logger()
LOOK_AGAIN_S, FIRST_LOOK_S, TOGETHER_S = 10.0, 0.2, 1.0
OPENED_AT_ONCE = 2
"""Streams of one service: whoever waits for a slot comes first when everything starts."""


@dataclass(slots=True)
class Heard:
    """What one stream told since it was last written, and up to where."""

    epoch: str = ""
    seq: int = -1
    facts: list[KeptFact] = field(default_factory=list)


def clients_for(settings: Settings) -> dict[str, httpx.AsyncClient]:
    """By service, a client with our machine token."""
    addresses = {"availability": settings.availability_url, "matching": settings.matching_url}
    token = settings.machine_token("coordination")
    return {service: open_client(url, token) for service, url in addresses.items()}


class Following:
    """The streams of every CPTS that the availability service knows."""

    def __init__(self, wiring: Wiring, clients: Mapping[str, httpx.AsyncClient]) -> None:
        """`clients`: by service, its client with our token."""
        self._wiring, self._clients = wiring, clients
        self._known: dict[tuple[str, str], Replica] = {}
        self._heard: dict[tuple[str, str], Heard] = {}
        self._news = asyncio.Event()
        self._turns = {service: asyncio.Semaphore(OPENED_AT_ONCE) for service in clients}
        self._written: set[str] = set()

    def cpts(self) -> set[str]:
        """The CPTS that are followed."""
        return {cpts_id for _, cpts_id in self._known}

    def take_news(self) -> set[str]:
        """The CPTS of which something was written since this was last asked."""
        found, self._written = self._written, set()
        return found

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Following"]:
        """Follow while the context is open."""
        async with self._wiring.background.running() as begin:
            begin("coordination", partial(self._look, begin))
            begin("facts", self._write)
            yield self

    async def _look(self, begin: Start) -> None:
        while True:
            for cpts_id in await self._list():
                for service in self._clients:
                    if (service, cpts_id) not in self._known:
                        self._known[service, cpts_id] = Replica(cpts_id)
                        begin(f"facts of {service} {cpts_id}", partial(self._hear, service, cpts_id))
            await asyncio.sleep(LOOK_AGAIN_S if self._known else FIRST_LOOK_S)

    async def _list(self) -> list[str]:
        try:
            answer = (await self._clients["availability"].get("/cpts")).raise_for_status().json()
        except (httpx.HTTPError, OSError) as error:
            log.info("coordination_waits", error=type(error).__name__)
            return []
        return [cpts["id"] for cpts in answer]

    async def _hear(self, service: str, cpts_id: str) -> None:
        """One stream, from where it was last heard, or from its beginning; from now when it does not go back so far."""
        replica = self._known[service, cpts_id] = Replica(cpts_id)
        async with self._wiring.open_session() as session:
            await set_scope(session, Scope(frozenset({cpts_id})))
            known = await position_of(session, cpts_id, service)
        replica.epoch, replica.seq = known or (await self._ask_epoch(service, cpts_id), 0)
        replica.ready.set()
        await follow(
            self._clients[service], replica, partial(self._note, service), turns=self._turns[service], resume=True
        )

    async def _ask_epoch(self, service: str, cpts_id: str) -> str:
        """The history that a stream tells now."""
        async with self._turns[service]:
            answer = await self._clients[service].get("/live/snapshot", params={"cpts": cpts_id})
        epoch: str = answer.raise_for_status().json()["epoch"]
        return epoch

    async def _note(self, service: str, replica: Replica, events: list[dict[str, Any]]) -> None:
        if events:
            facts = [fact for event in events if (fact := keep_event(event))]
        else:
            facts = keep_state(replica.state, replica.seq, self._wiring.clock.now())
        # What was noted is not needed here again.
        replica.state.clear()
        heard = self._heard.setdefault((service, replica.cpts_id), Heard())
        heard.epoch, heard.seq = replica.epoch, replica.seq
        heard.facts += facts
        self._news.set()

    async def _write(self) -> None:
        """Write what was heard, that of one second together: nobody waits for a figure, and bookings come first."""
        while True:
            await self._news.wait()
            await asyncio.sleep(TOGETHER_S)
            self._news.clear()
            for key in list(self._heard):
                await self._write_one(*key)

    async def _write_one(self, service: str, cpts_id: str) -> None:
        heard = self._heard.pop((service, cpts_id))
        try:
            async with self._wiring.open_session() as session:
                await set_scope(session, Scope(frozenset({cpts_id})))
                await add_facts(session, cpts_id, service, epoch=UUID(heard.epoch), seq=heard.seq, facts=heard.facts)
            self._written.add(cpts_id)
        except BaseException:
            # Whatever it was, what was heard is written with what comes next: the stream will not tell it again.
            since = self._heard.setdefault((service, cpts_id), Heard(heard.epoch, heard.seq))
            since.facts[:0] = heard.facts
            self._news.set()
            raise
