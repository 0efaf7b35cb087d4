"""What the FHIR interface answers on a real database."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from services.availability.interop.sas.api import EVERYTHING
from services.availability.interop.sas.seed import seed_conformance
from services.availability.interop.sas.settings import SasSettings
from shared.db import run, set_scope
from shared.settings import Settings
from shared.wiring import Wiring, running, wire
from tests.conftest import settings_for
from tests.contract.sas.conftest import Kit, calling, fhir_app
from tests.contract.sas.test_examples import require_valid
from tests.fhir_kit import search
from tests.processes import free_port


def of_kind(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in bundle.get("entry", []) if entry["resource"]["resourceType"] == kind]


async def test_each_resource_of_an_answer_can_be_read_alone(kit: Kit) -> None:
    bundle = (await kit.client.get(search([kit.cpts_shared], cpts=True))).json()
    require_valid(bundle)
    for kind in ("Slot", "Schedule", "Practitioner"):
        for resource in of_kind(bundle, kind):
            answer = await kit.client.get(f"/{kind}/{resource['id']}")
            assert answer.status_code == 200
            assert answer.json() == resource


async def test_the_capabilities_are_valid_fhir(kit: Kit) -> None:
    answer = await kit.client.get("/metadata")
    require_valid(answer.json())
    assert answer.json()["fhirVersion"] == "4.0.1"


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("/Slot", 400),
        ("/Slot/unknown", 404),
        ("/Slot/01a2005a-0000-7000-8000-000000000000", 404),
        ("/Schedule/unknown", 404),
        (f"/Schedule/{'0' * 64}", 404),
        ("/Practitioner/unknown", 404),
        ("/Practitioner/01a2005a-0000-7000-8000-000000000000", 404),
        ("/Patient", 404),
        ("/metadata?_format=xml", 406),
    ],
)
async def test_each_error_is_an_operation_outcome(kit: Kit, url: str, status: int) -> None:
    answer = await kit.client.get(url)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/fhir+json; charset=utf-8"
    require_valid(answer.json())
    assert answer.json()["resourceType"] == "OperationOutcome"


async def test_xml_alone_is_not_served(kit: Kit) -> None:
    answer = await kit.client.get("/metadata", headers={"accept": "application/fhir+xml"})
    assert answer.status_code == 406
    assert answer.json()["resourceType"] == "OperationOutcome"


async def test_a_method_that_does_not_exist_is_an_operation_outcome(kit: Kit) -> None:
    answer = await kit.client.post("/Slot")
    assert answer.status_code == 405
    assert answer.json()["resourceType"] == "OperationOutcome"


async def test_a_body_in_xml_is_refused(kit: Kit) -> None:
    answer = await kit.client.post("/Practitioner", content="<a/>", headers={"content-type": "application/fhir+xml"})
    assert answer.status_code == 415


@pytest.mark.parametrize("accept", ["application/fhir+json", "application/json+fhir", "application/json", "*/*"])
async def test_every_accepted_media_type_gets_fhir_json(kit: Kit, accept: str) -> None:
    answer = await kit.client.get(search([kit.single]), headers={"accept": accept})
    assert answer.headers["content-type"] == "application/fhir+json; charset=utf-8"


async def test_a_lost_database_is_an_operation_outcome(settings: Settings) -> None:
    nowhere = f"postgresql+asyncpg://nobody@127.0.0.1:{free_port()}/nothing"
    away = settings_for(nowhere, settings.redis_url.get_secret_value())
    async with running(wire("availability", away)) as wiring, calling(fhir_app(wiring)) as client:
        answer = await client.get("/Slot/01a2005a-0000-7000-8000-000000000000")
    assert answer.status_code == 503
    assert answer.json()["issue"][0]["code"] == "transient"


@pytest.fixture
async def single(wiring: Wiring) -> str:
    """A practitioner with slots, in a database that the test may change."""
    return (await seed_conformance(wiring, SasSettings()))["single"]


CHANGES = {
    "full": "update availability.slot set taken = capacity where id = cast(:id as uuid)",
    "withdrawn": "update availability.slot set status = 'withdrawn' where id = cast(:id as uuid)",
    "given back": "update availability.slot set status = 'given_back' where id = cast(:id as uuid)",
    "begun": "update availability.slot set starts_at = common.now() - interval '1 minute' where id = cast(:id as uuid)",
}


@pytest.mark.parametrize("why", list(CHANGES))
async def test_a_slot_that_is_not_free_is_not_sent(
    wiring: Wiring, client: httpx.AsyncClient, single: str, why: str
) -> None:
    before = of_kind((await client.get(search([single]))).json(), "Slot")
    gone = before[0]["id"]
    async with wiring.open_session() as session:
        await set_scope(session, EVERYTHING)
        await run(session, text(CHANGES[why]), id=gone)
    after = of_kind((await client.get(search([single]))).json(), "Slot")
    assert [slot["id"] for slot in after] == [slot["id"] for slot in before[1:]]
    assert (await client.get(f"/Slot/{gone}")).status_code == 404


async def test_a_slot_kept_past_its_moment_because_somebody_wants_it_is_sent(
    wiring: Wiring, client: httpx.AsyncClient, single: str
) -> None:
    before = of_kind((await client.get(search([single]))).json(), "Slot")
    async with wiring.open_session() as session:
        await set_scope(session, EVERYTHING)
        due = "update availability.slot set give_back_at = common.now() where id = cast(:id as uuid)"
        await run(session, text(due), id=before[0]["id"])
    after = of_kind((await client.get(search([single]))).json(), "Slot")
    assert [slot["id"] for slot in after] == [slot["id"] for slot in before]


async def test_the_slots_of_who_pauses_are_not_sent(wiring: Wiring, client: httpx.AsyncClient, single: str) -> None:
    async with wiring.open_session() as session:
        await set_scope(session, EVERYTHING)
        pause = (
            "insert into availability.practice (practitioner_id, paused, give_back_minutes)"
            " select id, true, 60 from availability.practitioner where rpps = :rpps"
        )
        await run(session, text(pause), rpps=single)
    bundle = (await client.get(search([single]))).json()
    assert (bundle["total"], bundle.get("entry")) == (0, None)


async def test_seeding_again_adds_nothing_on_the_same_day(
    wiring: Wiring, client: httpx.AsyncClient, single: str
) -> None:
    before = (await client.get(search([single]))).json()["total"]
    assert before >= 6
    await seed_conformance(wiring, SasSettings())
    assert (await client.get(search([single]))).json()["total"] == before


async def test_a_window_far_away_is_an_empty_bundle(kit: Kit) -> None:
    answer = await kit.client.get(search([kit.single], from_at=datetime.now(UTC) + timedelta(days=30)))  # noqa: TID251
    assert (answer.status_code, answer.json()["total"]) == (200, 0)
    require_valid(answer.json())


async def test_identifiers_are_found_as_stored_whatever_their_prefix(kit: Kit) -> None:
    prefixed = search([kit.single])
    bare = re.sub(r"\|8(\d{11})", r"|\1", prefixed)
    assert bare != prefixed
    answers = [(await kit.client.get(url)).json() for url in (prefixed, bare)]
    assert answers[0]["entry"] == answers[1]["entry"]
