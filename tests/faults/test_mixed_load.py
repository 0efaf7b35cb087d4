"""People at once while sockets fall silent, calls drag and processes die: no promise is broken."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack

import httpx
import numpy as np
import pytest

from shared.auth import Role
from shared.http import COOKIE
from shared.settings import Settings
from tests.builders import MORNING, Territory, a_person, a_territory
from tests.faults.acting import PEOPLE, SEEDS, Act
from tests.faults.conftest import Wired
from tests.faults.history import Told, broken_promises, disagreements, truth
from tests.processes import Program, running
from tests.towns import PATIENCE_S


async def settled(settings: Settings) -> None:
    """Wait until every request agrees with its bookings; shows what does not when that never comes."""
    faults = [""]
    try:
        async with asyncio.timeout(60):
            while faults:
                await asyncio.sleep(0.3)
                faults = disagreements(await truth(settings))
    except TimeoutError:
        raise AssertionError("\n".join(faults)) from None


async def played(act: Act, slots: Sequence[str], draw: np.random.Generator) -> None:
    """Everybody acts, a few at a time."""
    turn = asyncio.Semaphore(6)

    async def one(pause_s: float) -> None:
        async with turn:
            await asyncio.sleep(pause_s)
            await act.live(slots)

    await asyncio.gather(*(one(float(draw.random())) for _ in range(PEOPLE)))


async def asked(told: Told, count: int, acting: asyncio.Task[None]) -> None:
    """Wait until so many have asked, or nobody acts any more."""
    while len(told.submitted) < count and not acting.done():
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("seed", SEEDS)
async def test_silence_and_slow_calls_break_no_promise(wired: Wired, seed: int) -> None:
    town, told, draw = wired.town, Told(), np.random.default_rng(seed)
    slots = await published(await town.machine(), town.territory)
    coordinator = await town.person(Role.COORDINATOR)
    act = Act([coordinator.client], told, draw)

    async def break_things() -> None:
        while True:
            wired.wire.silent, wired.wire.delay_s = True, 0.3
            await asyncio.sleep(7)
            wired.wire.speak()
            wired.wire.delay_s = 0.0
            await asyncio.sleep(2)

    faults = asyncio.create_task(break_things())
    try:
        await played(act, slots, draw)
    finally:
        faults.cancel()
        await asyncio.wait({faults})
        wired.wire.speak()
        wired.wire.delay_s = 0.0
    await settled(town.settings)
    assert broken_promises(told, await truth(town.settings)) == []


@pytest.mark.long
@pytest.mark.parametrize("seed", SEEDS)
async def test_two_matching_processes_one_of_them_killed_break_no_promise(settings: Settings, seed: int) -> None:
    told, draw = Told(), np.random.default_rng(seed)
    territory = await a_territory(settings)
    token = await a_person(settings, Role.COORDINATOR)
    environment = {
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "REDIS_URL": settings.redis_url.get_secret_value(),
        "AIGUILLAGE_DEMO": "1",
    }
    async with AsyncExitStack() as stack:
        there = await stack.enter_async_context(running("serve", "availability", environment=environment))
        environment["AIGUILLAGE_AVAILABILITY_URL"] = there.url
        programs: list[Program] = [
            await stack.enter_async_context(running("serve", "matching", environment=environment)) for _ in range(2)
        ]
        clients = [
            await stack.enter_async_context(
                httpx.AsyncClient(
                    base_url=each.url, cookies={COOKIE: token}, headers={"Origin": each.url}, timeout=PATIENCE_S
                )
            )
            for each in programs
        ]
        headers = {"Authorization": f"Bearer {settings.machine_token('matching')}"}
        machine = httpx.AsyncClient(base_url=there.url, headers=headers, timeout=PATIENCE_S)
        slots = await published(await stack.enter_async_context(machine), territory)
        act = Act(clients, told, draw)
        acting = asyncio.create_task(played(act, slots, draw))
        await asked(told, PEOPLE // 3, acting)
        await programs[0].kill()
        await asked(told, PEOPLE // 2, acting)
        await programs[0].start()
        await acting
        await settled(settings)
    assert broken_promises(told, await truth(settings)) == []


async def published(machine: httpx.AsyncClient, territory: Territory) -> list[str]:
    """Slots of every practitioner, of two places each."""
    found: list[str] = []
    for practitioner, place in zip(territory.practitioners, territory.places, strict=True):
        order = {
            "practitioner_id": str(practitioner),
            "place_id": str(place),
            "starts_at": MORNING.replace(minute=30).isoformat(),
            "count": 12,
            "capacity": 2,
            "types": ["CPTS", "SNP"],
        }
        answer = await machine.post("/slots", json=order)
        assert answer.status_code == 201, answer.text
        found += [slot["id"] for slot in answer.json()["slots"]]
    return found
