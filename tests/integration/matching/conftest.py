"""Matching on a real database: communes, people signed in, a client."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.main import build
from shared.auth import Role, sign_in
from shared.http import COOKIE
from shared.settings import Settings
from shared.tables import AccountRow, CommuneRow, RoleGrantRow

CPTS = "130000001"
COMMUNES: tuple[tuple[str, str, float, float, list[str], list[str]], ...] = (
    ("13214", "Marseille 14e Arrondissement", 43.348, 5.394, ["13014"], ["Sainte-Marthe"]),
    ("13215", "Marseille 15e Arrondissement", 43.358, 5.362, ["13015"], []),
    ("13216", "Marseille 16e Arrondissement", 43.362, 5.310, ["13016"], ["L'Estaque"]),
    ("2A004", "Ajaccio", 41.926, 8.737, ["20000"], []),
    ("48095", "Mende", 44.518, 3.499, ["48000"], []),
)


@dataclass(frozen=True)
class Person:
    """Someone signed in."""

    account: str
    client: httpx.AsyncClient


@dataclass(frozen=True)
class Town:
    """A database with communes where people can sign in; `settings` are those of its services."""

    settings: Settings

    @asynccontextmanager
    async def owner(self) -> AsyncIterator[AsyncSession]:
        """A transaction of the database's owner."""
        engine = create_async_engine(self.settings.database_url.get_secret_value())
        async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
            yield session
        await engine.dispose()

    async def cookie(self, role: Role, *, cpts: str = CPTS, practitioner: UUID | None = None) -> tuple[str, str]:
        """A new account with this role, signed in: its id and its cookie."""
        account = AccountRow(id=uuid4(), label="Compte d'essai", demo=True)
        async with self.owner() as session:
            session.add(account)
            await session.flush()
            session.add(
                RoleGrantRow(id=uuid4(), account_id=account.id, role=role, cpts_id=cpts, practitioner_id=practitioner)
            )
            await session.flush()
            token, _ = await sign_in(session, account, role=None, hours=1)
            return str(account.id), token


@pytest.fixture
async def town(settings: Settings) -> Town:
    """A database with a few communes."""
    found = Town(settings)
    async with found.owner() as session:
        for insee, name, lat, lon, codes, former in COMMUNES:
            session.add(
                CommuneRow(
                    insee=insee,
                    name=name,
                    departement=insee[:2],
                    postal_codes=codes,
                    former_names=former,
                    lat=lat,
                    lon=lon,
                    population=50_000,
                )
            )
    return found


@pytest.fixture
async def app(town: Town) -> AsyncIterator[FastAPI]:
    """The matching service, running."""
    service = build(town.settings)
    async with service.router.lifespan_context(service):
        yield service


SignIn = Callable[..., Awaitable[Person]]


@pytest.fixture
async def sign_in_as(town: Town, app: FastAPI) -> AsyncIterator[SignIn]:
    """Sign someone in at the running service."""
    clients: list[httpx.AsyncClient] = []

    async def signed_in(role: Role, *, cpts: str = CPTS, practitioner: UUID | None = None) -> Person:
        account, cookie = await town.cookie(role, cpts=cpts, practitioner=practitioner)
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://matching",
            cookies={COOKIE: cookie},
            headers={"Origin": town.settings.public_url},
        )
        clients.append(client)
        return Person(account, client)

    yield signed_in
    for client in clients:
        await client.aclose()
