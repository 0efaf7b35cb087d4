"""Whoever waits for another system holds no connection meanwhile: one that hangs must not empty the pool."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from services.matching.hub.directory import HubDirectory
from services.matching.lab.history import SlotHistory
from services.matching.sameday.edges.foreign import ForeignSlots
from services.matching.sameday.edges.geocoder import Geocoder
from services.matching.sameday.edges.travel import Router
from shared.auth import Role
from shared.db import in_transaction, run
from shared.http.parts import give_parts
from shared.settings import Settings
from tests.builders import CPTS, MORNING, owner
from tests.towns import Town, a_request

ASKING = """
select count(*) from pg_stat_activity
where datname = current_database() and application_name = 'matching' and state like 'idle in transaction%'
"""


@asynccontextmanager
async def hanging() -> AsyncIterator[tuple[str, asyncio.Event]]:
    """A system that takes every call and never answers; the event says that somebody called."""
    called = asyncio.Event()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        called.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", called
    finally:
        server.close()


async def in_a_transaction(settings: Settings) -> int:
    """How many of the service's connections sit in a transaction that does nothing."""
    async with owner(settings) as session:
        return int((await run(session, text(ASKING))).scalar_one())


Ask = Callable[[httpx.AsyncClient], Coroutine[object, object, httpx.Response]]
ROUTES: dict[str, Ask] = {
    "router": lambda client: client.post("/options", json=a_request()),
    "foreign": lambda client: client.post("/options", json=a_request()),
    "geocoder": lambda client: client.post("/places", json={"cpts_id": CPTS, "q": "12 rue des Essais"}),
    "history": lambda client: client.post("/whatif", json={"cpts_id": CPTS}),
    "directory": lambda client: client.get("/exports/free.csv", params={"cpts": CPTS}),
}


@pytest.mark.parametrize("waited_for", ROUTES)
async def test_nothing_is_held_while_another_system_is_waited_for(town: Town, waited_for: str) -> None:
    coordinator = (await town.person(Role.COORDINATOR)).client
    await town.slot()
    answer = await coordinator.post("/requests", json=a_request())
    assert answer.status_code == 201, answer.text
    async with hanging() as (url, called), httpx.AsyncClient(base_url=url, timeout=60) as theirs:
        stuck = {
            "router": Router(url, at_most_s=60),
            "foreign": ForeignSlots(theirs),
            "geocoder": Geocoder(f"{url}/search"),
            "history": SlotHistory(theirs),
            "directory": HubDirectory(theirs),
        }
        give_parts(town.matching, stuck[waited_for])
        asking = asyncio.create_task(ROUTES[waited_for](coordinator))
        async with asyncio.timeout(20):
            await called.wait()
            while await in_a_transaction(town.settings):
                assert not asking.done(), "the answer came before the connection was free"
                await asyncio.sleep(0.02)
        assert not asking.done()
        asking.cancel()
        await asyncio.wait({asking})


async def test_no_call_leaves_with_a_transaction_open(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    asker, coordinator = await town.person(Role.PHARMACIST), await town.person(Role.COORDINATOR)
    doctor = await town.person(Role.PRACTITIONER, town.territory.practitioners[0])
    one, other = await town.slot(0, capacity=3), await town.slot(1)
    called: list[tuple[str, bool]] = []
    send = httpx.AsyncClient.send

    async def watched(client: httpx.AsyncClient, request: httpx.Request, **more: Any) -> httpx.Response:
        called.append((request.url.path, in_transaction()))
        return await send(client, request, **more)

    monkeypatch.setattr(httpx.AsyncClient, "send", watched)
    paths = [await _held(asker.client, one) for _ in range(3)]
    await _done(asker.client.post(f"{paths[0]}/hold", json={"slot_id": other["id"]}))
    await _done(asker.client.post(f"{paths[0]}/confirmation", json={"patient": {"name": "Essai Fictif"}}))
    await _done(asker.client.post(f"{paths[0]}/cancellation", json={"reason": "patient"}))
    await _done(asker.client.post(f"{paths[1]}/release", json={"then": "other_slot"}))
    await _done(coordinator.client.post(f"{paths[2]}/closure", json={"reason": "other"}))
    chosen = {"practitioner_ids": [str(town.territory.practitioners[0])]}
    asked = await _done(asker.client.post(f"{paths[1]}/overbooking-asks", json=chosen))
    at = {"starts_at": (MORNING + timedelta(hours=1)).isoformat(), "place_id": str(town.territory.places[0])}
    await _done(doctor.client.post(f"/overbooking-asks/{asked['asks'][0]['id']}/acceptance", json=at))
    await _done(coordinator.client.post("/attachment-rounds", json={"cpts_id": CPTS}))
    assert {path for path, held in called if held} == set()
    assert {path.rsplit("/", 1)[-1] for path, _ in called} >= {"bookings", "confirmation", "release", "on-top"}


async def _done(answering: Coroutine[object, object, httpx.Response]) -> dict[str, Any]:
    answer = await answering
    assert answer.is_success, answer.text
    value: dict[str, Any] = answer.json()
    return value


async def _held(client: httpx.AsyncClient, slot: dict[str, Any]) -> str:
    made = await _done(client.post("/requests", json=a_request(hold={"slot_id": slot["id"]})))
    return f"/requests/{made['id']}"
