"""Every role of another CPTS asks every operation of every service about ours: no row is shown, none is written."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from services.availability.main import build as build_availability
from services.coordination.main import build as build_coordination
from services.matching.main import build as build_matching
from shared.auth import Role, admit_machine
from shared.db import run
from shared.http import COOKIE
from shared.settings import Settings
from tests.builders import CPTS, MORNING, NEIGHBOUR, Territory, a_hold, a_person, a_slot, a_territory, owner, show
from tests.contract.hostile import Hostile
from tests.towns import a_request, with_communes

ROLES = tuple(role for role in Role if role is not Role.MACHINE)
ROUNDS = 3
"""How often each operation is asked by each role: other identifiers each time."""
SECRET = "Camille EXEMPLE-MATRICE"
BUILDERS: dict[str, Callable[[Settings], FastAPI]] = {
    "availability": lambda settings: build_availability(settings, sweeps=False),
    "matching": build_matching,
    "coordination": build_coordination,
}


@pytest.fixture
async def ours(settings: Settings) -> tuple[Settings, Territory]:
    """Two territories."""
    await show(await with_communes(settings), MORNING)
    territory = await a_territory(settings)
    await a_territory(settings, NEIGHBOUR)
    async with owner(settings) as session:
        await admit_machine(session, "essai", settings.machine_token("essai"), ["*"])
    return settings, territory


class Clients:
    """Who talks to one service."""

    def __init__(self, app: FastAPI, settings: Settings, stack: AsyncExitStack) -> None:
        """Nobody yet."""
        self.app, self.settings, self.stack = app, settings, stack

    async def person(self, role: Role, cpts: str, *own: Any) -> httpx.AsyncClient:
        token = await a_person(self.settings, role, cpts=(cpts,), practitioners=own or (None,))
        return await self._client(cookies={COOKIE: token}, headers={"origin": self.settings.public_url})

    async def machine(self) -> httpx.AsyncClient:
        return await self._client(headers={"authorization": f"Bearer {self.settings.machine_token('essai')}"})

    async def _client(self, **options: Any) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url=self.settings.public_url, **options)
        return await self.stack.enter_async_context(client)


@pytest.fixture(params=BUILDERS)
async def service(request: pytest.FixtureRequest, ours: tuple[Settings, Territory]) -> AsyncIterator[Clients]:
    """One of the services, alone."""
    app = BUILDERS[request.param](ours[0])
    async with app.router.lifespan_context(app), AsyncExitStack() as stack:
        yield Clients(app, ours[0], stack)


async def filled(clients: Clients, territory: Territory) -> list[str]:
    """Something of each kind in our CPTS; the identifiers that nobody else may see."""
    if clients.app.title == "Aiguillage: availability":
        slot = await a_slot(await clients.machine(), territory, types=["CPTS", "SNP"])
        pharmacist = await clients.person(Role.PHARMACIST, CPTS)
        booking = await a_hold(pharmacist, slot)
        told = {"patient": {"name": SECRET}}
        assert (await pharmacist.post(f"/bookings/{booking['id']}/confirmation", json=told)).status_code == 200
        return [str(slot["id"]), str(booking["id"])]
    if "coordination" in clients.app.title:
        return await a_contract(clients)
    pharmacist = await clients.person(Role.PHARMACIST, CPTS)
    coordinator = await clients.person(Role.COORDINATOR, CPTS)
    asked = await pharmacist.post("/requests", json=a_request(patient={"name": SECRET}))
    entered = await coordinator.post("/attachments", json={"insee": "48095", "patient": {"name": SECRET}})
    assert (asked.status_code, entered.status_code) == (201, 201), (asked.text, entered.text)
    return [asked.json()["id"], entered.json()["id"]]


async def a_contract(clients: Clients) -> list[str]:
    """A contract with something of ours in it, a frozen dossier of it, and rules of our own."""
    client = await clients.person(Role.COORDINATOR, CPTS)
    begun = {"cpts": CPTS, "starts_on": "2026-04-15", "population": "100000"}
    contract = (await client.get("/contract/draft", params=begun)).json()
    contract["missions"][0]["indicators"][0]["label"] = SECRET
    rules = (await client.get("/level/rules", params={"cpts": CPTS})).json()
    rules["rules"]["levels"][0]["actions"] = [SECRET]
    answers = [
        await client.put("/contract", json={"cpts_id": CPTS, "after": 0, "contract": contract}),
        await client.put("/level/rules", json=rules),
        await client.post("/dossiers", json={"cpts_id": CPTS, "since": "2026-04-15", "until": "2027-04-14"}),
    ]
    assert all(each.is_success for each in answers), [each.text for each in answers]
    assert SECRET in (await client.get("/contract", params={"cpts": CPTS})).text
    return []


async def digest(settings: Settings) -> dict[str, str]:
    """Every row of our CPTS, as one figure for each table."""
    tables = text(
        "select table_schema || '.' || table_name from information_schema.columns where column_name = 'cpts_id'"
        " and table_schema in ('availability', 'matching', 'coordination')"
    )
    async with owner(settings) as session:
        found: dict[str, str] = {}
        for table in (await run(session, tables)).scalars():
            rows = text(f"select md5(string_agg(t::text, ',' order by t::text)) from {table} t where cpts_id = :cpts")
            found[table] = str((await run(session, rows, cpts=CPTS)).scalar_one())
        return found


async def test_nobody_of_another_cpts_sees_or_writes_a_row_of_ours(
    service: Clients, ours: tuple[Settings, Territory]
) -> None:
    settings, territory = ours
    secrets = await filled(service, territory)
    ids = [*secrets, *(str(each) for each in (*territory.practitioners, *territory.places))]
    before, asked, shown = await digest(settings), 0, list[str]()
    for role in ROLES:
        theirs = (await a_territory(settings, NEIGHBOUR)).practitioners[:1] if role in (
            Role.PRACTITIONER, Role.DELEGATE
        ) else ()  # fmt: skip
        client = await service.person(role, NEIGHBOUR, *theirs)
        calm = Hostile(service.app.openapi(), ids, CPTS, np.random.default_rng(20261126), wild=0)
        for each in calm.requests(ROUNDS * len(calm.operations)):
            answer = await client.request(each.method, each.path, content=each.body, headers=dict(each.headers))
            asked += 1
            # A path that was asked may be said again in a refusal: only what is answered shows a row.
            leaked = SECRET in answer.text or (answer.is_success and any(one in answer.text for one in secrets))
            if leaked:
                shown.append(f"{role} {each.sent}: {answer.status_code} {answer.text[:200]}")
    assert asked > 300
    assert not shown, "\n".join(shown)
    after = await digest(settings)
    assert {table for table in before if before[table] != after[table]} == set()
