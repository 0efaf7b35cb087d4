"""Territories, people and signed-in clients, as tests need them. Every name is invented."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability import orders
from services.availability.app import directory
from services.availability.main import build as build_availability
from shared.auth import Role, admit_machine, sign_in
from shared.db.ids import new_id
from shared.db.store.clock import set_clock
from shared.db.tables import AccountRow, RoleGrantRow
from shared.http import COOKIE
from shared.settings import Settings

CPTS, NEIGHBOUR = "990000001", "990000002"
MORNING = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
"""A Tuesday, 9:00 in Paris: when tests begin."""


@asynccontextmanager
async def owner(settings: Settings) -> AsyncIterator[AsyncSession]:
    """A transaction of the database's owner, whom row-level security does not bind here."""
    engine = create_async_engine(settings.database_url.get_secret_value())
    try:
        async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
            yield session
    finally:
        await engine.dispose()


async def show(settings: Settings, at: datetime) -> None:
    """Make the database's clock show this instant, and run on."""
    async with owner(settings) as session:
        await set_clock(session, shows=at, speed=1.0)


@dataclass(frozen=True, slots=True)
class Territory:
    """A CPTS with its practitioners, each with a place of their own: `practitioners[i]` works at `places[i]`."""

    cpts: str
    practitioners: Sequence[UUID]
    places: Sequence[UUID]


async def a_territory(settings: Settings, cpts: str = CPTS, *, practitioners: int = 2) -> Territory:
    """Declare a CPTS, general practitioners and their places."""
    number = int(cpts) % 1000
    async with owner(settings) as session:
        await directory.put_cpts(session, cpts, orders.Cpts(name=f"CPTS d'essai {number}", size=1, communes=["48095"]))
        people, places = [], []
        for index in range(practitioners):
            rpps = f"99{number:03}{index:06}"
            entry = orders.PractitionerEntry(
                cpts_id=cpts,
                last_name=f"ESSAI-{number}-{index}",
                first_name="Fictif",
                profession="10",
                specialty="SM26",
            )
            place = orders.Place(cpts_id=cpts, name=f"Cabinet {index}", insee="48095", lat=44.5 + index / 100, lon=3.5)
            people.append(await directory.put_practitioner(session, rpps, entry))
            places.append(await directory.put_place(session, f"essai:{number}-{index}", place))
            await directory.put_membership(session, people[-1], cpts, datetime(2020, 1, 1, tzinfo=UTC))
            await directory.put_schedule(session, people[-1], places[-1], cpts)
    return Territory(cpts, people, places)


async def a_person(
    settings: Settings, role: Role, *, cpts: Sequence[str] = (CPTS,), practitioners: Sequence[UUID | None] = (None,)
) -> str:
    """Someone with a role, signed in: their session's token."""
    async with owner(settings) as session:
        account = AccountRow(id=new_id(MORNING), label=f"essai {role}")
        session.add(account)
        await session.flush()
        for each in cpts:
            for own in practitioners:
                grant = RoleGrantRow(
                    id=new_id(MORNING), account_id=account.id, role=role, cpts_id=each, practitioner_id=own
                )
                session.add(grant)
        await session.flush()
        token, _role = await sign_in(session, account, role=role, hours=12)
        return token


@dataclass(slots=True)
class Service:
    """A running service, and who talks to it."""

    app: FastAPI
    settings: Settings
    clients: AsyncExitStack

    def _client(self, **options: Any) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.app)
        return httpx.AsyncClient(transport=transport, base_url=self.settings.public_url, **options)

    def anyone(self) -> httpx.AsyncClient:
        """A client that is not signed in."""
        return self._client()

    async def machine(self, name: str = "matching", cpts: Sequence[str] = ("*",)) -> httpx.AsyncClient:
        """One of our machines."""
        token = self.settings.machine_token(name)
        async with owner(self.settings) as session:
            await admit_machine(session, name, token, cpts)
        client = self._client(headers={"authorization": f"Bearer {token}"})
        return await self.clients.enter_async_context(client)

    async def person(self, role: Role, *own: UUID, cpts: Sequence[str] = (CPTS,)) -> httpx.AsyncClient:
        """Someone signed in with a role; a practitioner or a delegate with `own` practitioners."""
        token = await a_person(self.settings, role, cpts=cpts, practitioners=own or (None,))
        client = self._client(cookies={COOKIE: token}, headers={"origin": self.settings.public_url})
        return await self.clients.enter_async_context(client)


@asynccontextmanager
async def running(app: FastAPI, settings: Settings) -> AsyncIterator[Service]:
    """An application between its start and its stop."""
    async with app.router.lifespan_context(app), AsyncExitStack() as clients:
        yield Service(app, settings, clients)


@asynccontextmanager
async def availability(settings: Settings, *, sweeps: bool = True) -> AsyncIterator[Service]:
    """The availability service, on a Tuesday morning."""
    await show(settings, MORNING)
    async with running(build_availability(settings, sweeps=sweeps), settings) as service:
        yield service


def slots_order(territory: Territory, index: int = 0, **changed: Any) -> dict[str, Any]:
    """The body that publishes slots of a territory's practitioner: one of 15 minutes in two hours, unless changed."""
    return {
        "practitioner_id": str(territory.practitioners[index]),
        "place_id": str(territory.places[index]),
        "starts_at": (MORNING + timedelta(hours=2)).isoformat(),
        "types": ["CPTS", "SNP"],
        **changed,
    }


async def a_slot(client: httpx.AsyncClient, territory: Territory, index: int = 0, **changed: Any) -> dict[str, Any]:
    """Publish a slot and answer it."""
    answer = await client.post("/slots", json=slots_order(territory, index, **changed))
    assert answer.status_code == 201, answer.text
    slot: dict[str, Any] = answer.json()["slots"][0]
    return slot


async def a_hold(client: httpx.AsyncClient, slot: dict[str, Any], request: str = "r1", **more: Any) -> dict[str, Any]:
    """Hold a place of a slot and answer the booking."""
    answer = await client.post(f"/slots/{slot['id']}/bookings", json={"request_id": request, **more})
    assert answer.status_code == 201, answer.text
    booking: dict[str, Any] = answer.json()
    return booking
