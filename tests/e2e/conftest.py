"""The product in a real browser."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from shared.settings import Settings
from tests.e2e.browser import chromium
from tests.e2e.town import Town, town


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One browser for the whole run; each person gets a context of their own."""
    async with chromium() as started:
        yield started


@pytest.fixture
async def here(settings: Settings) -> AsyncIterator[Town]:
    """A territory of its own for each test."""
    async with town(settings) as place:
        yield place
