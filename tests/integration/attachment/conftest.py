"""A register, practitioners who declared how many they take, and the two services that know of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.doctors.edges.calendar import catch_up
from shared.auth import Role
from shared.db import Scope, set_scope
from shared.db.tables import CommuneRow
from shared.settings import Settings
from shared.web.site import API
from shared.wiring import Wiring, running, wire
from tests.builders import CPTS, MORNING, owner, show
from tests.towns import Town, a_town, signed_in

COMMUNES = (("48095", "Mende", 44.518, 3.499), ("48140", "Saint-Essai", 44.60, 3.50), ("13214", "Loin", 43.35, 5.39))
PATIENT = {"name": "Essai Fictif", "phone": "06 00 00 00 00", "birth_date": "1950-02-03", "note": "marche avec canne"}


@dataclass(frozen=True)
class Register:
    """Both services and a CPTS of four practitioners; `wiring` is the matching service's way to the database."""

    town: Town
    wiring: Wiring

    async def person(self, role: Role, *, cpts: str = CPTS) -> httpx.AsyncClient:
        """Someone new with a role, at the matching service."""
        url = f"{self.town.settings.public_url}{API['matching']}"
        found = await signed_in(self.town.settings, role, cpts=cpts, base_url=url)
        return await self.town.clients.enter_async_context(found.client)

    async def doctor(self, index: int) -> httpx.AsyncClient:
        """A practitioner, signed in at the matching service."""
        return (await self.town.person(Role.PRACTITIONER, self.town.territory.practitioners[index])).client

    async def declare(self, index: int, places: int, **criteria: Any) -> None:
        """A practitioner says how many new patients they take, and which."""
        doctor = await self.town.doctor(index)  # at the availability service
        body = {"places": places, "criteria": criteria}
        answer = await doctor.put(f"/practitioners/{self.gp(index)}/panel", json=body)
        assert answer.status_code == 204, answer.text

    async def time_passes(self) -> None:
        """What is due in the registers is done."""
        await catch_up(self.wiring.open_session)

    @asynccontextmanager
    async def transaction(self, scope: str) -> AsyncIterator[AsyncSession]:
        """A transaction of the service, bound to a CPTS."""
        async with self.wiring.open_session() as session:
            await set_scope(session, Scope(frozenset({scope})))
            yield session

    def gp(self, index: int) -> str:
        """The id of a practitioner."""
        return str(self.town.territory.practitioners[index])


async def communes(settings: Settings) -> None:
    """The communes where people wait."""
    async with owner(settings) as session:
        for insee, name, lat, lon in COMMUNES:
            place: dict[str, Any] = {"insee": insee, "name": name, "departement": insee[:2], "lat": lat, "lon": lon}
            session.add(CommuneRow(**place, postal_codes=[], former_names=[], population=1000))


@pytest.fixture
async def register(settings: Settings) -> AsyncIterator[Register]:
    """Both services, on a Tuesday morning."""
    await communes(settings)
    await show(settings, MORNING)
    async with a_town(settings, practitioners=4) as town, running(wire("matching", settings)) as wiring:
        yield Register(town, wiring)


def a_person(**more: Any) -> dict[str, Any]:
    """Someone of Mende without a médecin traitant."""
    return {"insee": "48095", "age": 40, "source": "pharmacy", **more}


async def entered(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    """Enter someone in the register and answer the entry."""
    answer = await client.post("/attachments", json=a_person(**more))
    assert answer.status_code == 201, answer.text
    entry: dict[str, Any] = answer.json()
    return entry


async def a_round(client: httpx.AsyncClient) -> dict[str, Any]:
    """Run a round and answer it with what it decided."""
    answer = await client.post("/attachment-rounds", json={})
    assert answer.status_code == 201, answer.text
    read = await client.get(f"/attachment-rounds/{answer.json()['id']}")
    found: dict[str, Any] = read.json()
    return found


async def posted(client: httpx.AsyncClient, entry: str | UUID, what: str, **body: Any) -> httpx.Response:
    """Answer a proposal, or change an entry."""
    return await client.post(f"/attachments/{entry}/{what}", json=body or None)


async def state_of(client: httpx.AsyncClient, entry: str) -> str:
    """Where an entry stands."""
    return str((await client.get(f"/attachments/{entry}")).json()["state"])
