"""What is published for everybody: public slots, and nothing of any other (SMART Scheduling Links)."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.availability.interop.bulk.resources import EXTENSION, KINDS, publication
from services.availability.interop.fhir.terms import SLOT_TYPES
from shared.settings import Settings
from tests.builders import MORNING, Service, a_hold, a_slot, a_territory, availability
from tests.contract.sas.test_examples import require_valid
from tests.fhir_values import NORTH, NOW, schedule, slot
from tests.towns import with_communes


def lines(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content.decode().splitlines()]


@given(st.lists(st.sets(st.sampled_from(SLOT_TYPES), min_size=1), max_size=8))
def test_no_slot_that_is_not_public_is_ever_published(types: list[set[str]]) -> None:
    given_ = [
        slot(number, of=schedule(number), types=tuple(sorted(kinds)), cpts=(NORTH,))
        for number, kinds in enumerate(types)
    ]
    files = publication(given_, NOW).files
    public = [each for each in given_ if "PUBLIC" in each.types]
    assert [each["id"] for each in lines(files["Slot"])] == [each.id for each in public]
    assert {each["id"] for each in lines(files["Schedule"])} == {each.schedule.id for each in public}
    assert {each["id"] for each in lines(files["Practitioner"])} == {each.schedule.practitioner.id for each in public}
    whole = b"".join(files.values()).decode()
    assert not [word for word in ("SNP", "CPTS", '"PRO"', NORTH.finess, "TRE_R314") if word in whole]


@pytest.fixture
async def service(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Service]:
    monkeypatch.setenv("AIGUILLAGE_BULK_PUBLISH", "1")
    monkeypatch.setenv("AIGUILLAGE_BULK_MAX_AGE_S", "1")
    monkeypatch.setenv("AIGUILLAGE_BULK_BOOKING_URL", "https://rdv.invalid/{rpps}")
    async with availability(await with_communes(settings), sweeps=False) as running:
        yield running


async def files(anyone: httpx.AsyncClient, base: str) -> dict[str, list[dict[str, Any]]]:
    manifest = await anyone.get("/bulk/$bulk-publish")
    assert manifest.status_code == 200, manifest.text
    assert manifest.headers["cache-control"] == "public, max-age=1"
    told = manifest.json()
    assert told["request"] == f"{base}/bulk/$bulk-publish"
    assert [each["type"] for each in told["output"]] == list(KINDS)
    found = {}
    for each in told["output"]:
        answer = await anyone.get(each["url"].removeprefix(base))
        assert answer.headers["content-type"].startswith("application/fhir+ndjson")
        assert answer.headers["cache-control"] == "public, max-age=1"
        found[each["type"]] = lines(answer.content)
    return found


async def test_public_slots_are_published_with_all_they_refer_to(service: Service) -> None:
    territory = await a_territory(service.settings)
    machine = await service.machine()
    public = await a_slot(machine, territory, types=["PUBLIC", "PRO"])
    for hours, kind in enumerate(("PRO", "SNP", "CPTS"), start=3):
        at = (MORNING + timedelta(hours=hours)).isoformat()
        await a_slot(machine, territory, starts_at=at, types=[kind])
    other = await a_slot(machine, territory, index=1, types=["PUBLIC"])
    await a_hold(machine, other)
    async with service.anyone() as anyone:
        found = await files(anyone, service.settings.availability_url)
    for each in (each for kind in found.values() for each in kind):
        require_valid(each)
    (shown,) = found["Slot"]
    assert (shown["id"], shown["status"], shown["start"]) == (public["id"], "free", "2026-11-24T11:00:00.000+01:00")
    deep = {"url": f"{EXTENSION}/booking-deep-link", "valueUrl": "https://rdv.invalid/99001000000"}
    assert deep in shown["extension"]
    known = {f"{each['resourceType']}/{each['id']}" for kind in found.values() for each in kind}
    referred = {shown["schedule"]["reference"]} | {actor["reference"] for actor in found["Schedule"][0]["actor"]}
    assert referred <= known
    assert found["Location"][0]["address"]["postalCode"] == "48000"


async def test_a_file_that_did_not_change_is_not_sent_again_and_others_are_unknown(service: Service) -> None:
    async with service.anyone() as anyone:
        first = await anyone.get("/bulk/Slot.ndjson")
        again = await anyone.get("/bulk/Slot.ndjson", headers={"if-none-match": first.headers["etag"]})
        assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
        assert (await anyone.get("/bulk/Patient.ndjson")).status_code == 404


async def test_since_an_instant_only_what_changed_is_worth_fetching(service: Service) -> None:
    territory = await a_territory(service.settings)
    machine = await service.machine()
    first = await a_slot(machine, territory, types=["PUBLIC"])
    async with service.anyone() as anyone:

        async def manifest(**asked: str) -> dict[str, Any]:
            answer = await anyone.get("/bulk/$bulk-publish", params=asked)
            assert answer.status_code == 200, answer.text
            found: dict[str, Any] = answer.json()
            return found

        told = (await manifest())["transactionTime"]
        base = service.settings.availability_url
        for said in (told, told.replace("+01:00", "%2B01:00")):
            answer = (await anyone.get(f"/bulk/$bulk-publish?_since={said}")).json()
            assert answer["output"] == []
            assert answer["request"] == f"{base}/bulk/$bulk-publish?_since={quote_plus(told)}"
        earlier = (datetime.fromisoformat(told) - timedelta(seconds=1)).isoformat()
        assert [each["type"] for each in (await manifest(_since=earlier))["output"]] == list(KINDS)
        await a_hold(machine, first)
        async with asyncio.timeout(30):
            while not (changed := await manifest(_since=told))["output"]:
                await asyncio.sleep(0.05)
        assert changed["transactionTime"] > told
        assert (await anyone.get("/bulk/Slot.ndjson")).content == b""


@pytest.mark.parametrize("since", ["", "hier", "2026-11-24T09:00:00", "9" * 400])
async def test_an_instant_that_is_none_is_refused(service: Service, since: str) -> None:
    async with service.anyone() as anyone:
        answer = await anyone.get(f"/bulk/$bulk-publish?_since={since}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert "_since" in answer.text


async def test_nothing_is_published_unless_it_is_asked_for(settings: Settings) -> None:
    async with availability(settings, sweeps=False) as service, service.anyone() as anyone:
        assert (await anyone.get("/bulk/$bulk-publish")).status_code == 404
        assert (await anyone.get("/bulk/Slot.ndjson")).status_code == 404


async def test_what_no_text_may_hold_is_refused_at_the_door(service: Service) -> None:
    async with service.anyone() as anyone:
        answer = await anyone.get("/bulk/$bulk-publish?_since=%00")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
