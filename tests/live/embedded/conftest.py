"""Folders for servers of one's own."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from shared.embedded import servers


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder the servers' user may cross, which pytest's own is not when root runs it."""
    with tempfile.TemporaryDirectory(prefix="aig-test-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture(scope="module")
async def data() -> AsyncIterator[Path]:
    """A data folder that has been used before, left in order by every test."""
    with tempfile.TemporaryDirectory(prefix="aig-test-") as folder:
        Path(folder).chmod(0o711)
        async with servers(Path(folder) / "data", environ={}):
            pass
        yield Path(folder) / "data"
