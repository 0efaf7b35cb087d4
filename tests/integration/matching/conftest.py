"""A matching service alone, or a town with both."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from services.matching.hub.api import HubDoor
from services.matching.hub.schemas import HubSchemas
from services.matching.hub.settings import HubSettings
from services.matching.main import build
from shared.auth import Role, admit_machine
from shared.http.parts import give_parts, read_parts
from shared.settings import Settings
from shared.wiring import Wiring
from tests.builders import CPTS, owner
from tests.integration.matching.connector import Hub
from tests.towns import Person, SignIn, Town, a_town, signed_in, with_communes


@pytest.fixture
async def settings(settings: Settings) -> Settings:
    """Settings on a database that knows a few communes, on a Tuesday morning."""
    return await with_communes(settings)


@pytest.fixture
async def sign_in_as(settings: Settings) -> AsyncIterator[SignIn]:
    """Sign someone in at a matching service that runs alone."""
    app = build(settings)
    async with app.router.lifespan_context(app), AsyncExitStack() as clients:

        async def sign_in(role: Role, *own: UUID, cpts: str = CPTS) -> Person:
            options = {"transport": httpx.ASGITransport(app), "base_url": "http://matching"}
            person = await signed_in(settings, role, *own, cpts=cpts, **options)
            await clients.enter_async_context(person.client)
            return person

        yield sign_in


@pytest.fixture
async def town(settings: Settings) -> AsyncIterator[Town]:
    """Both services with two practitioners."""
    async with a_town(settings) as found:
        yield found


@pytest.fixture
async def hub(settings: Settings, reference: Path) -> AsyncIterator[Hub]:
    """A connector to the SAMU hub, at a matching service that runs alone."""
    app = build(settings)
    async with app.router.lifespan_context(app), AsyncExitStack() as clients:
        named = HubSettings(regulator_name="Essai", regulator_first_name="Une", regulator_email="r@e.fr")
        give_parts(app, HubDoor(named, HubSchemas(reference / "samu-hub" / "json-schema")))
        async with owner(settings) as session:
            await admit_machine(session, "hub", settings.machine_token("hub"), [CPTS])
        headers = {"authorization": f"Bearer {settings.machine_token('hub')}"}
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://matching", headers=headers)
        yield Hub(await clients.enter_async_context(client), read_parts(app)[Wiring])
