"""What one running service is made of; built once, in its `main`, and passed on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import Clock, read_clock
from shared.db import OpenSession, engine_for, opener
from shared.db.doorbell import Doorbell
from shared.db.reader import Reader
from shared.patients.vault import Vault
from shared.running.background import Background
from shared.settings import Settings


@dataclass(slots=True)
class Wiring:
    """Connections and settings of one service. `clock` is read from the database when the service starts."""

    name: str
    settings: Settings
    engine: AsyncEngine
    reader: Reader
    bell: Doorbell
    open_session: OpenSession
    vault: Vault
    clock: Clock = field(default_factory=Clock)
    background: Background = field(default_factory=Background)
    attempts: MovingWindowRateLimiter = field(default_factory=lambda: MovingWindowRateLimiter(MemoryStorage()))

    async def read_clock(self) -> None:
        """Follow the database's clock."""
        async with self.open_session() as session:
            self.clock = await read_clock(session)


def role_of(service: str) -> str:
    """The database role of a service."""
    return f"aiguillage_{service}"


def wire(service: str, settings: Settings) -> Wiring:
    """Connect a service, as its own database role. Nothing is opened before it is used."""
    url = settings.role_url(role_of(service))
    engine = engine_for(url, name=service)
    bell = Doorbell(settings.redis_url.get_secret_value(), prefix="aiguillage")
    return Wiring(
        name=service,
        settings=settings,
        engine=engine,
        reader=Reader(url, name=service),
        bell=bell,
        open_session=opener(engine, bell),
        vault=Vault(settings.vault_keys()),
    )


@asynccontextmanager
async def serving(wiring: Wiring) -> AsyncIterator[Wiring]:
    """Use a wiring as a service does: it hears the rings of the others, and follows the database's clock."""
    async with running(wiring), wiring.background.keeping("doorbell", wiring.bell.listen):
        await wiring.read_clock()
        yield wiring


@asynccontextmanager
async def running(wiring: Wiring) -> AsyncIterator[Wiring]:
    """Use a wiring, then close what it opened."""
    try:
        async with wiring.reader.opened():
            yield wiring
    finally:
        await wiring.bell.aclose()
        await wiring.engine.dispose()
