"""A running service, its territory and the people of it."""

from collections.abc import AsyncIterator

import pytest

from shared.settings import Settings
from tests.builders import Service, Territory, a_territory, availability


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[Service]:
    """The availability service, on a Tuesday morning; tests say when it sweeps."""
    async with availability(settings, sweeps=False) as running:
        yield running


@pytest.fixture
async def territory(service: Service) -> Territory:
    """A CPTS of two practitioners."""
    return await a_territory(service.settings)
