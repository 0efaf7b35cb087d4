"""Quirks of the SAS's certification kit, and searches by CPTS (INT_R04)."""

import re
from urllib.parse import parse_qsl, urlsplit

import pytest

from services.availability.interop.fhir import terms
from tests.contract.sas.answers import ask
from tests.contract.sas.conftest import Kit
from tests.fhir_kit import search


async def test_cpts_slots_say_their_cpts_and_nothing_else(kit: Kit) -> None:
    """Quirk (a): every distinct label of the answer must be CPTS."""
    answer = await ask(kit, kit.cpts_shared, cpts=True)
    assert {label["code"] for slot in answer.of("Slot") for label in slot["meta"]["security"]} == {"CPTS"}
    assert {slot["meta"]["profile"][0] for slot in answer.of("Slot")} == {terms.SLOT_CPTS}
    assert answer.bundle["meta"]["profile"] == [terms.BUNDLE_CPTS]
    assert len(answer.of("HealthcareService")) == len(answer.of("Organization")) == 2
    assert all(len(slot["serviceType"]) == 3 for slot in answer.of("Slot"))


async def test_a_slot_in_each_of_two_cpts(kit: Kit) -> None:
    answer = await ask(kit, kit.cpts_two, cpts=True)
    offered = {
        service["extension"][0]["valueReference"]["reference"]
        for slot in answer.of("Slot")
        for service in slot["serviceType"]
        if "extension" in service
    }
    assert offered == {f"HealthcareService/{service['id']}" for service in answer.of("HealthcareService")}
    assert len(offered) == 2
    assert len(answer.of("PractitionerRole")) == 2


async def test_cpts_organizations_have_a_finess_and_a_name(kit: Kit) -> None:
    for organization in (await ask(kit, kit.cpts_shared, cpts=True)).of("Organization"):
        assert re.fullmatch(r"1\d{9}", organization["identifier"][0]["value"])
        assert organization["name"]
        assert organization["meta"]["profile"] == [terms.ORGANIZATION]


async def test_a_search_by_cpts_without_offsets_is_read_as_paris(kit: Kit) -> None:
    """Quirk (b)."""
    url = search([kit.cpts_shared], cpts=True)
    bare = re.sub(r"(\.\d{3})[+-]\d{2}:\d{2}", r"\1", url)
    assert bare != url
    answers = [(await kit.client.get(each)).json() for each in (url, bare)]
    assert answers[0]["entry"] == answers[1]["entry"]


@pytest.mark.parametrize("bar", ["|", "%7C"])
async def test_the_self_link_says_the_query_again(kit: Kit, bar: str) -> None:
    """Quirk (c): it must have no raw bar, and say the same query once decoded and sorted."""
    url = search([kit.single], bar=bar)
    (link,) = (await kit.client.get(url)).json()["link"]
    assert "|" not in link["url"]
    said, asked = (sorted(parse_qsl(urlsplit(each).query)) for each in (link["url"], url))
    assert said == asked


async def test_there_are_slots_on_each_of_the_three_days(kit: Kit) -> None:
    """Quirk (d): an empty bundle fails the kit's set-up."""
    for rpps in (kit.single, kit.places, kit.cpts_shared, kit.cpts_two):
        days = {slot["start"][:10] for slot in (await ask(kit, rpps, cpts=True)).of("Slot")}
        assert len(days) >= 2


async def test_a_practitioner_in_an_individual_search_shows_no_cpts_slot(kit: Kit) -> None:
    assert (await ask(kit, kit.cpts_shared)).bundle["total"] == 0
