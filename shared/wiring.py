"""What one running service is made of; built once, in its `main`, and passed on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncEngine

from shared.auth.attempts import Attempts
from shared.auth.passwords import Passwords
from shared.db import OpenSession, engine_for, opener
from shared.db.clock import Clock, read_clock
from shared.db.direct import Direct
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
    direct: Direct
    bell: Doorbell
    open_session: OpenSession
    vault: Vault
    attempts: Attempts = field(init=False)
    clock: Clock = field(default_factory=Clock)
    background: Background = field(default_factory=Background)
    passwords: Passwords = field(default_factory=Passwords)

    def __post_init__(self) -> None:
        """Attempts are counted for this installation: its secret, and its database where several share both."""
        secret = self.settings.derive(f"attempts {self.settings.database_url.get_secret_value()}")
        self.attempts = Attempts(self.settings.redis_url.get_secret_value(), secret=secret)

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
        direct=Direct(url, engine, bell, name=service),
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
        async with wiring.reader.open(), wiring.direct.open():
            yield wiring
    finally:
        await wiring.bell.aclose()
        await wiring.attempts.aclose()
        await wiring.engine.dispose()
