"""A town whose matching reaches availability through a proxy."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from shared.settings import Settings
from tests.faults.proxy import Proxy, proxied
from tests.processes import free_port
from tests.towns import Town, a_town, with_communes


@dataclass(frozen=True)
class Wired:
    """The town, and the wire between its two services."""

    town: Town
    wire: Proxy


@pytest.fixture
async def settings(settings: Settings) -> Settings:
    """Settings on a database that knows a few communes, on a Tuesday morning."""
    return await with_communes(settings)


@pytest.fixture
async def wired(settings: Settings) -> AsyncIterator[Wired]:
    """Both services with two practitioners."""
    port = free_port()
    async with proxied(port) as (wire, near), a_town(settings, port=port, reached_at=near) as town:
        yield Wired(town, wire)
