"""A real PostgreSQL and a real Redis for the whole run; a fresh copy of the migrated database for each test."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from services.installation.histories import HISTORIES
from shared import embedded
from shared.db.migrate import upgrade
from shared.settings import Settings
from tests.databases import Shelf, connect, image, renamed

REFERENCE = Path(os.environ.get("AIGUILLAGE_REFERENCE", Path(__file__).parents[2] / "shared"))
# These servers never outlive the machine's power: a copy of a database need not reach the disk, nor be logged.
THROWN_AWAY = {"fsync": "off", "full_page_writes": "off", "wal_level": "minimal", "max_wal_senders": "0"}
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs the reference data, Node or RabbitMQ where absent; in CI their absence is a failure."""
    absent = {
        marker: where
        for marker, where, there in (
            ("reference", f"the reference data, expected in {REFERENCE}", REFERENCE.is_dir()),
            ("node", "Node", shutil.which("npm") is not None),
            ("rabbitmq", f"RabbitMQ, expected at {RABBITMQ} (tests/broker/install-broker)", RABBITMQ.is_file()),
        )
        if not there
    }
    needing = {item: marker for item in items for marker in absent if item.get_closest_marker(marker)}
    if os.environ.get("CI") == "true" and needing:
        raise pytest.UsageError(
            f"{len(needing)} tests need {', '.join(absent[each] for each in set(needing.values()))}"
        )
    items[:] = [item for item in items if item not in needing]
    config.hook.pytest_deselected(items=list(needing))


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of reference data."""
    return REFERENCE


@pytest.fixture(scope="session")
def run_dir() -> Iterator[Path]:
    """A folder for this run's servers."""
    with tempfile.TemporaryDirectory(prefix="aiguillage-test-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
async def servers(run_dir: Path) -> AsyncIterator[embedded.Servers]:
    """PostgreSQL and Redis, as the product starts them."""
    async with embedded.servers(run_dir / "servers", postgres=THROWN_AWAY) as started:
        yield started


def settings_for(database_url: str, redis_url: str, **more: object) -> Settings:
    """Settings of a demonstration on this database."""
    return Settings.model_validate({"database_url": database_url, "redis_url": redis_url, "demo": True, **more})


@pytest.fixture(scope="session")
async def shelf(servers: embedded.Servers) -> AsyncIterator[Shelf]:
    """Databases made by the migrations, one for each test at a time."""
    template = "template_aiguillage"
    admin = await connect(servers.database_url)
    await admin.execute(f"create database {template}")
    url = renamed(servers.database_url, template)
    await upgrade(settings_for(url, servers.redis_url), HISTORIES)
    looking = await connect(url)
    fresh = await image(looking)
    await looking.close()
    yield Shelf(servers.database_url, template, admin, fresh)
    await admin.close()


@pytest.fixture
async def settings(servers: embedded.Servers, shelf: Shelf) -> AsyncIterator[Settings]:
    """Settings on a database as the migrations made it."""
    url = await shelf.take()
    yield settings_for(url, servers.redis_url)
    await shelf.give_back(url)
