"""The FHIR interface: on a database that holds the practitioners of the certification kit, and on an empty one."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from services.availability import orders
from services.availability.app import directory
from services.availability.interop.sas.api import build_fhir
from services.availability.interop.sas.seed import NORTH, SOUTH, seed_conformance
from services.availability.interop.sas.settings import AllowedClient, SasSettings
from services.availability.interop.sas.tls import listener
from shared import embedded
from shared.settings import Settings
from shared.wiring import Wiring, running, wire
from tests.authority import Authority
from tests.builders import MORNING, availability, owner, show
from tests.conftest import settings_for
from tests.contract.sas.elsewhere import CN, OU, PLACES, SHARED, SINGLE, TWO, Here, Other
from tests.databases import Shelf
from tests.processes import free_port


def fhir_app(wiring: Wiring, sas: SasSettings | None = None) -> FastAPI:
    """The interface on this wiring."""
    return build_fhir(wiring, sas or SasSettings())


SAS = AllowedClient(cn=CN, ou=OU)


@asynccontextmanager
async def calling(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the interface; a fault of ours is an answer too."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://fhir.invalid") as client:
        yield client


@dataclass(frozen=True, slots=True)
class Kit:
    """A seeded installation: how to call it, and its practitioners' RPPS by use."""

    wiring: Wiring
    client: httpx.AsyncClient
    base: str
    single: str
    places: str
    cpts_shared: str
    cpts_two: str


@pytest.fixture(scope="session")
async def kit(servers: embedded.Servers, shelf: Shelf) -> AsyncIterator[Kit]:
    """The certification kit's practitioners, for tests that only read."""
    settings = settings_for(await shelf.take(), servers.redis_url)
    async with running(wire("availability", settings)) as wiring:
        seeded = await seed_conformance(wiring, SasSettings())
        async with calling(fhir_app(wiring)) as client:
            yield Kit(wiring=wiring, client=client, **seeded)


@pytest.fixture
async def wiring(settings: Settings) -> AsyncIterator[Wiring]:
    """The service's connections to a database of the test's own."""
    async with running(wire("availability", settings)) as wiring:
        yield wiring


@pytest.fixture
async def client(wiring: Wiring) -> AsyncIterator[httpx.AsyncClient]:
    """Calls the interface on a database of the test's own."""
    async with calling(fhir_app(wiring)) as client:
        yield client


@dataclass(frozen=True, slots=True)
class Guarded:
    """Our listener, and the authorities around it."""

    url: str
    health: Authority
    other: Authority
    revoked: tuple[Path, Path]

    async def call(self, *certificate: Path) -> int:
        """The status that a client with this certificate gets; raises when the handshake fails."""
        context = ssl.create_default_context(cafile=str(self.health.certificate))
        if certificate:
            context.load_cert_chain(*map(str, certificate))
        async with httpx.AsyncClient(verify=context) as client:
            return (await client.get(f"{self.url}/metadata")).status_code


def in_service(wiring: Wiring) -> Wiring:
    """The same connections, outside of a demonstration."""
    changed = wiring.settings.model_copy(update={"demo": False})
    return replace(wiring, settings=changed)


@pytest.fixture(scope="session")
async def guarded(kit: Kit, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Guarded]:
    """The interface behind mutual TLS on a loopback port."""
    folder = tmp_path_factory.mktemp("tls")
    health, other = Authority(folder, "igc-essai"), Authority(folder, "another")
    server, revoked = health.issue("127.0.0.1", "server"), health.issue(CN, OU, days=20)
    sas = SasSettings(
        clients=[SAS],
        tls_certificate=server[0],
        tls_key=server[1],
        tls_issuers=health.certificate,
        tls_revoked=health.revoke(revoked[0]),
    )
    port = free_port()
    running = listener(fhir_app(in_service(kit.wiring), sas), sas, host="127.0.0.1", port=port)
    task = asyncio.create_task(running.serve())
    while not running.started:
        assert not task.done()
        await asyncio.sleep(0.01)
    yield Guarded(f"https://127.0.0.1:{port}", health, other, revoked)
    running.should_exit = True
    await task


@pytest.fixture(scope="module")
async def other(
    servers: embedded.Servers, shelf: Shelf, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Other]:
    settings = settings_for(await shelf.take(), servers.redis_url)
    await show(settings, MORNING)
    folder = tmp_path_factory.mktemp("editor")
    authority = Authority(folder, "igc-editeurs")
    server = authority.issue("127.0.0.1", "server")
    sas = SasSettings(
        clients=[SAS],
        tls_certificate=server[0],
        tls_key=server[1],
        tls_issuers=authority.certificate,
        tls_revoked=authority.revoke(),
        agenda_url="https://agenda.invalid/{rpps}?vue=jour",
    )
    async with running(wire("availability", settings)) as wiring:
        await seed_conformance(wiring, sas)
        yield Other(wiring, authority, sas, free_port())


@pytest.fixture
async def here(settings: Settings) -> AsyncIterator[Here]:
    async with availability(settings, sweeps=False) as service:
        people = {}
        async with owner(settings) as session:
            for finess in (NORTH, SOUTH):
                await directory.put_cpts(session, finess, orders.Cpts(name=f"CPTS {finess}", size=1, communes=[]))
            for rpps in (SINGLE, PLACES, SHARED, TWO):
                person = orders.PractitionerEntry(
                    last_name="Essai", first_name="Une", profession="10", specialty="SM54"
                )
                people[rpps] = await directory.put_practitioner(session, rpps, person)
                await directory.put_membership(session, people[rpps], NORTH, None)
                place = orders.Place(name="Cabinet", insee="31555", lat=43.5, lon=1.5)
                place_id = await directory.put_place(session, f"essai:{rpps}", place)
                await directory.put_schedule(session, people[rpps], place_id, NORTH)
        yield Here(service, people)
