"""The FHIR interface: on a database that holds the practitioners of the certification kit, and on an empty one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
from fastapi import FastAPI

from services.availability.fhir.api import build_fhir
from services.availability.fhir.seed import seed_conformance
from services.availability.fhir.settings import SasSettings
from shared import embedded
from shared.settings import Settings
from shared.wiring import Wiring, running, wire
from tests.conftest import renamed, run, settings_for


def fhir_app(wiring: Wiring, sas: SasSettings | None = None) -> FastAPI:
    """The interface on this wiring."""
    app = build_fhir(sas or SasSettings())
    app.state.wiring = wiring
    return app


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
async def kit(servers: embedded.Servers, template: str) -> AsyncIterator[Kit]:
    """The certification kit's practitioners, for tests that only read."""
    await run(servers.database_url, f"create database fhir_kit template {template}")
    settings = settings_for(renamed(servers.database_url, "fhir_kit"), servers.redis_url)
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
