"""A running service, its territory and the people of it."""

from collections.abc import AsyncIterator

import pytest

from shared.auth import Role
from shared.settings import Settings
from tests.builders import Service, Territory, a_territory, availability
from tests.integration.availability.booking_desk import Desk


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[Service]:
    """The availability service, on a Tuesday morning; tests say when it sweeps."""
    async with availability(settings, sweeps=False) as running:
        yield running


@pytest.fixture
async def territory(service: Service) -> Territory:
    """A CPTS of two practitioners."""
    return await a_territory(service.settings)


@pytest.fixture
async def desk(settings: Settings) -> AsyncIterator[Desk]:
    async with availability(settings, sweeps=False) as service:
        territory = await a_territory(service.settings)
        doctor = await service.person(Role.PRACTITIONER, territory.practitioners[0])
        yield Desk(service, territory, doctor, await service.person(Role.PHARMACIST))
