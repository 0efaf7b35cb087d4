"""Both services on a real database and a real socket, with communes, practitioners and people signed in."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI
from starlette.routing import Mount

from services.installation import together
from services.matching.sameday.edges.following import SlotsUnknown, Territories
from shared.auth import Role, caller_of_session
from shared.db.tables import CommuneRow
from shared.http import COOKIE
from shared.http.parts import read_parts
from shared.outside.trust import authorities
from shared.settings import Settings
from shared.web.site import API
from tests.builders import CPTS, MORNING, Territory, a_person, a_slot, a_territory, owner, show
from tests.processes import free_port
from tests.serving import serving

COMMUNES: tuple[tuple[str, str, float, float, list[str], list[str]], ...] = (
    ("13214", "Marseille 14e Arrondissement", 43.348, 5.394, ["13014"], ["Sainte-Marthe"]),
    ("13215", "Marseille 15e Arrondissement", 43.358, 5.362, ["13015"], []),
    ("13216", "Marseille 16e Arrondissement", 43.362, 5.310, ["13016"], ["L'Estaque"]),
    ("2A004", "Ajaccio", 41.926, 8.737, ["20000"], []),
    ("48095", "Mende", 44.5, 3.5, ["48000"], []),
)
PATIENCE_S = 30.0
"""How long an answer may take on a busy machine: nothing is said of how fast it is."""


@dataclass(frozen=True)
class Person:
    """Someone signed in."""

    account: str
    client: httpx.AsyncClient


SignIn = Callable[..., Awaitable[Person]]


def a_request(**more: Any) -> dict[str, Any]:
    """A request for a child with fever in Mende."""
    return {"insee": "48095", "urgency": 1, "motive": "fever_child", "source": "pharmacy", **more}


async def with_communes(settings: Settings) -> Settings:
    """Settings on a database that knows a few communes, on a Tuesday morning."""
    await show(settings, MORNING)
    async with owner(settings) as session:
        for insee, name, lat, lon, codes, former in COMMUNES:
            session.add(
                CommuneRow(
                    insee=insee,
                    name=name,
                    departement=insee[:2],
                    postal_codes=codes,
                    former_names=former,
                    lat=lat,
                    lon=lon,
                    population=50_000,
                )
            )
    return settings


async def signed_in(settings: Settings, role: Role, *own: UUID, cpts: str = CPTS, **options: Any) -> Person:
    """A new account with this role, and its client."""
    token = await a_person(settings, role, cpts=(cpts,), practitioners=own or (None,))
    async with owner(settings) as session:
        account = (await caller_of_session(session, token)).id
    client = httpx.AsyncClient(
        cookies={COOKIE: token},
        headers={"Origin": settings.public_url},
        verify=authorities(),
        **{"timeout": PATIENCE_S, **options},
    )
    return Person(account, client)


@dataclass
class Town:
    """Both services on one real port, a territory, and who talks to them."""

    settings: Settings
    territory: Territory
    matching: FastAPI
    clients: AsyncExitStack
    people: dict[str, Person] = field(default_factory=dict)

    async def person(self, role: Role, *own: UUID, at: str = "matching") -> Person:
        """Someone new with a role, at one of the two services."""
        url = f"{self.settings.public_url}{API[at]}"
        found = await signed_in(self.settings, role, *own, base_url=url)
        await self.clients.enter_async_context(found.client)
        return found

    async def doctor(self, index: int = 0) -> httpx.AsyncClient:
        """A practitioner of the territory, at the availability service."""
        return (await self.person(Role.PRACTITIONER, self.territory.practitioners[index], at="availability")).client

    async def machine(self, at: str = "availability") -> httpx.AsyncClient:
        """Our own machine, at one of the two services."""
        headers = {"Authorization": f"Bearer {self.settings.machine_token('matching')}"}
        client = httpx.AsyncClient(
            base_url=f"{self.settings.public_url}{API[at]}", headers=headers, verify=authorities(), timeout=PATIENCE_S
        )
        return await self.clients.enter_async_context(client)

    async def slot(self, index: int = 0, *, hours: float = 2, **changed: Any) -> dict[str, Any]:
        """A slot published by a practitioner, so many hours after the morning, once the matching knows it."""
        starts_at = (MORNING + timedelta(hours=hours)).isoformat()
        slot = await a_slot(await self.doctor(index), self.territory, index, starts_at=starts_at, **changed)
        async with asyncio.timeout(30):
            while slot["id"] not in read_parts(self.matching)[Territories][CPTS].items("slots"):
                await asyncio.sleep(0.01)
        return slot


async def until(
    client: httpx.AsyncClient, request_id: str, *states: str, having: Callable[[dict[str, Any]], Any] = bool
) -> dict[str, Any]:
    """Read a request until it stands in one of these states and has what is wanted; shows it when that never comes."""
    view: dict[str, Any] = {}
    try:
        async with asyncio.timeout(15):
            while view.get("state") not in states or not having(view):
                await asyncio.sleep(0.03)
                view = (await client.get(f"/requests/{request_id}")).json()
    except TimeoutError:
        raise AssertionError(view) from None
    return view


@asynccontextmanager
async def a_town(
    settings: Settings, *, practitioners: int = 2, port: int | None = None, reached_at: int | None = None
) -> AsyncIterator[Town]:
    """Both services, running behind one socket; matching finds availability at the port `reached_at`, if given."""
    port = port or free_port()
    url, near = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{reached_at or port}"
    here = settings.model_copy(
        update={
            "public_url": url,
            "availability_url": f"{near}{API['availability']}",
            "matching_url": f"{near}{API['matching']}",
        }
    )
    territory = await a_territory(here, practitioners=practitioners)
    app = together.build(here)
    async with serving(app, port), AsyncExitStack() as clients:
        yield Town(here, territory, await slots_known(app), clients)


async def slots_known(app: FastAPI) -> FastAPI:
    """The matching of both services, once it follows the slots of the territory: before, it says it knows none yet."""
    matching = next(route.app for route in app.routes if isinstance(route, Mount) and route.path == API["matching"])
    assert isinstance(matching, FastAPI)
    async with asyncio.timeout(30):
        while True:
            with suppress(SlotsUnknown):
                _ = read_parts(matching)[Territories][CPTS]
                return matching
            await asyncio.sleep(0.02)
