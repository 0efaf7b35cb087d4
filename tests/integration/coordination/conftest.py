"""A town with every service."""

from collections.abc import AsyncIterator

import pytest

from shared.settings import Settings
from tests.towns import Town, a_town, with_communes


@pytest.fixture
async def town(settings: Settings) -> AsyncIterator[Town]:
    """All services with two practitioners."""
    async with a_town(await with_communes(settings)) as found:
        yield found
