"""Rounds of a territory run in one process, until it leaves or dies; a process may leave them all to others."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from sqlalchemy import text

from services.availability.main import build as build_availability
from services.matching.main import build as build_matching
from services.matching.sameday.edges.following import Territories
from services.matching.sameday.leases import Leases
from shared.auth import Role
from shared.db import run
from shared.http.parts import read_parts
from shared.settings import Settings
from shared.wiring import Wiring, running, wire
from tests.builders import CPTS, MORNING, NEIGHBOUR, a_slot, a_territory, owner
from tests.processes import free_port
from tests.serving import serving
from tests.towns import a_request, signed_in, until

BOTH = (CPTS, NEIGHBOUR)


@dataclass
class Process:
    """The leases of one process, and what it was woken for."""

    wiring: Wiring
    woken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.leases = Leases(self.wiring, self.woken.append)
        for cpts_id in BOTH:
            self.leases.want(cpts_id)

    @property
    def tokens(self) -> list[int | None]:
        return [self.leases.token(cpts_id) for cpts_id in BOTH]


async def test_leases_stay_with_their_process_until_it_leaves(settings: Settings) -> None:
    async with running(wire("matching", settings)) as here, running(wire("matching", settings)) as there:
        first, second = Process(here), Process(there)
        await first.leases.beat()
        for _ in range(3):
            await second.leases.beat()
            await first.leases.beat()
        assert (first.tokens, second.tokens) == ([1, 1], [None, None])
        assert (first.woken, second.woken) == (list(BOTH), [])
        await first.leases.leave()
        await second.leases.beat()
        assert (first.tokens, second.tokens) == ([None, None], [2, 2])
        await first.leases.beat()
        assert first.tokens == [None, None]


async def test_leases_of_a_process_that_died_are_taken_over_and_no_sooner(settings: Settings) -> None:
    async with running(wire("matching", settings)) as here, running(wire("matching", settings)) as there:
        first, second = Process(here), Process(there)
        await first.leases.beat()
        await second.leases.beat()
        assert second.tokens == [None, None]
        async with owner(settings) as session:  # as time does
            await run(session, text("update matching.round_lease set until = clock_timestamp() - interval '1 second'"))
        await second.leases.beat()
        assert second.tokens == [2, 2]


async def test_a_clock_that_is_set_wakes_every_round(settings: Settings) -> None:
    async with running(wire("matching", settings)) as here:
        process = Process(here)
        await process.leases.beat()
        process.woken.clear()
        await process.leases.beat()
        assert process.woken == []
        async with owner(settings) as session:
            await run(session, text("update common.clock set anchor_at = anchor_at + interval '1 hour'"))
        await process.leases.beat()
        assert sorted(process.woken) == sorted(BOTH)


async def test_a_process_without_rounds_answers_and_leaves_them_to_another(settings: Settings) -> None:
    port, there = free_port(), free_port()
    urls = {"public_url": f"http://127.0.0.1:{there}", "availability_url": f"http://127.0.0.1:{port}"}
    here = settings.model_copy(update=urls)
    territory = await a_territory(here)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(serving(build_availability(here), port))
        quiet = build_matching(here, runs_rounds=False)
        await stack.enter_async_context(serving(quiet, there))
        async with asyncio.timeout(20):
            while not read_parts(quiet)[Territories].known(CPTS):
                await asyncio.sleep(0.02)
        doctor = await signed_in(here, Role.PRACTITIONER, territory.practitioners[0], base_url=urls["availability_url"])
        asker = await signed_in(here, Role.REGULATOR, base_url=urls["public_url"])
        await stack.enter_async_context(doctor.client)
        await stack.enter_async_context(asker.client)
        await a_slot(doctor.client, territory)
        made = await asker.client.post("/requests", json=a_request(answer_by=MORNING.isoformat()))
        assert made.status_code == 201, made.text
        async with owner(here) as session:
            leases = await run(session, text("select count(*) from matching.round_lease"))
            assert leases.scalar_one() == 0
        await stack.enter_async_context(serving(build_matching(here), free_port()))
        await until(asker.client, made.json()["id"], "confirmed")
