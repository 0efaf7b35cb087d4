"""A matching service alone, or a town with both."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from uuid import UUID

import httpx
import pytest

from services.matching.main import build
from shared.auth import Role
from shared.settings import Settings
from tests.builders import CPTS
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
