"""More readers at once than there are connections: none holds one connection while it waits for another."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from shared.auth import Role
from shared.settings import Settings
from tests.builders import CPTS
from tests.towns import Town, a_town, with_communes

CROWD = 60


@pytest.fixture
async def town(settings: Settings) -> AsyncIterator[Town]:
    """All services with two practitioners."""
    async with a_town(await with_communes(settings)) as found:
        yield found


@pytest.mark.parametrize(
    ("at", "role", "path"),
    [
        ("availability", Role.COORDINATOR, "/live/snapshot"),
        ("matching", Role.COORDINATOR, "/live/snapshot"),
        ("availability", Role.COORDINATOR, "/free-places"),
    ],
)
async def test_a_crowd_of_readers_is_answered(town: Town, at: str, role: Role, path: str) -> None:
    reader = (await town.person(role, at=at)).client
    answers = await asyncio.gather(*[reader.get(path, params={"cpts": CPTS}) for _ in range(CROWD)])
    assert {each.status_code for each in answers} == {200}
