"""A malformed message gets a clear refusal: never a stack trace, never a half-written row."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from services.availability.interop.agendas.reading import FeedUnreadable, busy_periods
from services.availability.interop.editors.foreign import parse_bundle, parse_searchset
from services.availability.interop.fhir.outcome import FhirRefusal
from services.matching.hub.api import HubDoor
from services.matching.hub.schemas import HubSchemas
from services.matching.hub.settings import HubSettings
from services.matching.main import build as build_matching
from shared.auth import admit_machine
from shared.db import Scope, run, set_scope
from shared.http.parts import give_parts, read_parts
from shared.settings import Settings
from shared.wiring import Wiring, running, wire
from tests.builders import CPTS, availability, owner
from tests.contract.malformed import ACCOUNTS, AGENDAS, ANSWERS, HUB, ORDERS, SEARCHES
from tests.contract.sas.conftest import calling, fhir_app
from tests.unit.availability.test_agendas import FROM, TO

JSON = {"content-type": "application/fhir+json"}


def test_the_corpus_is_large_and_every_case_is_different() -> None:
    corpora = [[name for name, _ in corpus] for corpus in (ACCOUNTS, ANSWERS, ORDERS, HUB, AGENDAS)]
    corpora.append([name for name, _ in SEARCHES])
    assert sum(len(names) for names in corpora) >= 300
    assert all(len(set(names)) == len(names) for names in corpora)


def require_clear(answer: httpx.Response, name: str) -> None:
    """A refusal says what is wrong, in a form of its own, and nothing of our insides."""
    assert 400 <= answer.status_code < 500, f"{name}: {answer.status_code} {answer.text[:200]}"
    assert "Traceback" not in answer.text
    assert "asyncpg" not in answer.text
    assert "site-packages" not in answer.text


def require_outcome(answer: httpx.Response, name: str) -> None:
    require_clear(answer, name)
    (issue,) = answer.json()["issue"]
    assert issue["severity"] == "error", name
    assert issue["details"]["text"], name


async def count(wiring: Wiring, *tables: str) -> int:
    """How many rows these tables have together."""
    async with wiring.open_session() as session:
        await set_scope(session, Scope(frozenset({"*"})))
        counts = " + ".join(f"(select count(*) from {table})" for table in tables)
        return int((await run(session, text(f"select {counts}"))).scalar_one())


@pytest.fixture
async def fhir(settings: Settings) -> AsyncIterator[tuple[httpx.AsyncClient, Wiring]]:
    async with running(wire("availability", settings)) as wiring, calling(fhir_app(wiring)) as client:
        yield client, wiring


async def test_every_malformed_account_is_refused_and_writes_nothing(fhir: tuple[httpx.AsyncClient, Wiring]) -> None:
    client, wiring = fhir
    for name, body in ACCOUNTS:
        require_outcome(await client.post("/Practitioner", content=body, headers=JSON), name)
        url = "/Practitioner?identifier=urn:oid:1.2.250.1.71.4.2.1|899000000001"
        require_outcome(await client.put(url, content=body, headers=JSON), name)
    assert await count(wiring, "availability.regulator", "common.account", "common.role_grant") == 0


async def test_every_malformed_search_is_refused(fhir: tuple[httpx.AsyncClient, Wiring]) -> None:
    client, _ = fhir
    for name, query in SEARCHES:
        require_outcome(await client.get(f"/Slot?{query}"), name)


async def test_every_malformed_order_is_refused_and_books_nothing(settings: Settings) -> None:
    async with availability(settings, sweeps=False) as service:
        machine = await service.machine()
        for name, body in ORDERS:
            for operation in ("hold", "book"):
                answer = await machine.post(f"/booking/Appointment/${operation}", content=body, headers=JSON)
                require_clear(answer, name)
                assert answer.headers["content-type"].startswith("application/fhir+json"), name
                assert "Fictive" not in answer.text, name
        assert await count(read_parts(service.app)[Wiring], "availability.booking") == 0


@pytest.mark.parametrize("content", [body for _, body in ANSWERS], ids=[name for name, _ in ANSWERS])
def test_every_malformed_answer_of_another_editor_is_refused(content: bytes) -> None:
    with pytest.raises(FhirRefusal) as refused:
        parse_bundle(parse_searchset(content))
    assert refused.value.detail


@pytest.mark.parametrize("content", [body for _, body in AGENDAS], ids=[name for name, _ in AGENDAS])
def test_every_malformed_agenda_is_refused(content: bytes) -> None:
    with pytest.raises(FeedUnreadable) as refused:
        busy_periods(content, from_at=FROM, to_at=TO)
    assert "agenda" in refused.value.detail


@pytest.fixture
async def matching(settings: Settings, reference: Path) -> AsyncIterator[FastAPI]:
    app = build_matching(settings)
    async with app.router.lifespan_context(app):
        give_parts(app, HubDoor(HubSettings(), HubSchemas(reference / "samu-hub" / "json-schema")))
        async with owner(settings) as session:
            await admit_machine(session, "hub", settings.machine_token("hub"), [CPTS])
        yield app


@pytest.mark.reference
async def test_every_malformed_hub_message_is_refused_and_writes_nothing(matching: FastAPI, settings: Settings) -> None:
    transport = httpx.ASGITransport(matching, raise_app_exceptions=False)
    headers = {"authorization": f"Bearer {settings.machine_token('hub')}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://matching", headers=headers) as client:
        for name, body in HUB:
            answer = await client.post("/hub/messages", content=body)
            require_clear(answer, name)
            assert "Fictive" not in answer.text, name
    assert await count(read_parts(matching)[Wiring], "matching.request", "matching.hub_case") == 0
