"""What we answer to the SAS: every rule and quirk of its profiles and of its certification kit."""

import json
import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from services.availability.interop.fhir import terms
from services.availability.interop.fhir.bundle import searchset
from services.availability.interop.fhir.formats import instant, phone, structure_id
from services.availability.interop.fhir.query import parse_slot_query
from services.availability.interop.fhir.terms import Ig
from services.availability.interop.fhir.values import SlotValue
from tests.fhir_values import NORTH, SOUTH, schedule, slot
from tests.unit.fhir.test_query import BY_CPTS, INDIVIDUAL

BASE = "https://exemple.invalid/availability/fhir"
CPTS_TYPE = ("CPTS",)


def answer(*slots: SlotValue, query: str = INDIVIDUAL, ig: Ig = Ig.V1_2_0) -> dict[str, Any]:
    bundle: dict[str, Any] = json.loads(searchset(slots, parse_slot_query(query.encode()), base=BASE, ig=ig))
    return bundle


def kinds(bundle: dict[str, Any]) -> Counter[str]:
    return Counter(entry["resource"]["resourceType"] for entry in bundle.get("entry", []))


def of_kind(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]


def test_one_place_gives_one_of_each() -> None:
    assert kinds(answer(slot(1), slot(2))) == {"Slot": 2, "Schedule": 1, "Practitioner": 1, "PractitionerRole": 1}


def test_two_places_give_one_practitioner_and_two_agendas() -> None:
    bundle = answer(slot(1), slot(2, of=schedule(1, place=2)))
    assert kinds(bundle) == {"Slot": 2, "Schedule": 2, "Practitioner": 1, "PractitionerRole": 2}


def test_references_are_relative_and_all_lead_somewhere() -> None:
    bundle = answer(slot(1, types=("PUBLIC", "CPTS"), cpts=(NORTH, SOUTH)), slot(2), query=BY_CPTS)
    known = {f"{entry['resource']['resourceType']}/{entry['resource']['id']}" for entry in bundle["entry"]}
    cited = set(re.findall(r'"reference": "([^#"]+)"', json.dumps(bundle)))
    assert cited
    assert cited <= known
    for role in of_kind(bundle, "PractitionerRole"):
        assert role["location"] == [{"reference": f"#{role['contained'][0]['id']}"}]
    assert all(entry["fullUrl"].startswith(BASE) for entry in bundle["entry"])


def test_total_counts_slots_only() -> None:
    assert answer(slot(1), slot(2))["total"] == 2


def test_a_page_smaller_than_the_result_says_the_whole_total() -> None:
    bundle = answer(slot(1), slot(2), slot(3), query=f"{INDIVIDUAL}&_count=2")
    assert bundle["total"] == 3
    assert kinds(bundle)["Slot"] == 2


def test_nothing_found_is_an_empty_bundle_that_does_not_claim_the_cpts_profile() -> None:
    bundle = answer(query=BY_CPTS)
    assert bundle["total"] == 0
    assert "entry" not in bundle
    assert bundle["meta"]["profile"] == [terms.BUNDLE]
    assert bundle["link"][0]["relation"] == "self"


def test_the_self_link_echoes_the_query_with_its_bars_encoded() -> None:
    (link,) = answer(slot(), query=BY_CPTS)["link"]
    assert link["url"] == f"{BASE}/Slot?{BY_CPTS.replace('|', '%7C')}"
    encoded = BY_CPTS.replace("|", "%7c").replace("+", "%2B")
    assert answer(slot(), query=encoded)["link"][0]["url"] == f"{BASE}/Slot?{encoded}"


def test_each_resource_claims_exactly_one_profile() -> None:
    bundle = answer(slot(1, types=CPTS_TYPE, cpts=(NORTH,)), slot(2), query=BY_CPTS)
    everything = [bundle, *(entry["resource"] for entry in bundle["entry"])]
    everything += [role["contained"][0] for role in of_kind(bundle, "PractitionerRole")]
    assert all(len(resource["meta"]["profile"]) == 1 for resource in everything)
    assert bundle["meta"]["profile"] == [terms.BUNDLE_CPTS]
    assert [each["meta"]["profile"][0] for each in of_kind(bundle, "Slot")] == [terms.SLOT_CPTS, terms.SLOT]


def test_one_slot_is_visible_to_two_cpts() -> None:
    bundle = answer(slot(types=CPTS_TYPE, cpts=(NORTH, SOUTH)), query=BY_CPTS)
    assert kinds(bundle)["HealthcareService"] == kinds(bundle)["Organization"] == 2
    (found,) = of_kind(bundle, "Slot")
    services = [each for each in found["serviceType"] if "extension" in each]
    assert [each["extension"][0]["valueReference"]["reference"] for each in services] == [
        "HealthcareService/cpts-990000011",
        "HealthcareService/cpts-990000029",
    ]
    assert all(each["coding"] == [{"system": terms.STRUCTURE_CATEGORY, "code": "604"}] for each in services)
    assert all(each["extension"][0]["url"] == terms.SERVICE_TYPE_R5 for each in services)


def test_two_slots_of_one_cpts_bring_it_once() -> None:
    slots = [slot(number, types=CPTS_TYPE, cpts=(NORTH,)) for number in (1, 2)]
    assert kinds(answer(*slots, query=BY_CPTS))["Organization"] == 1


def test_an_individual_search_says_nothing_of_cpts() -> None:
    bundle = answer(slot(1, types=("PRO", "CPTS"), cpts=(NORTH,)), slot(2, types=CPTS_TYPE, cpts=(NORTH,)))
    assert bundle["total"] == 1
    assert "CPTS" not in json.dumps(bundle["entry"])
    assert of_kind(bundle, "Slot")[0]["meta"]["security"] == [{"system": terms.SLOT_TYPE, "code": "PRO"}]


def test_a_cpts_code_never_goes_without_the_cpts_it_is_for() -> None:
    bundle = answer(slot(types=("SNP", "CPTS"), cpts=()), query=BY_CPTS)
    (found,) = of_kind(bundle, "Slot")
    assert found["meta"]["profile"] == [terms.SLOT]
    assert [each["code"] for each in found["meta"]["security"]] == ["SNP"]


def test_types_modes_and_need_of_an_appointment_are_coded() -> None:
    (found,) = of_kind(answer(slot(types=("SNP", "PUBLIC", "PRO"), modes=("VR", "AMB", "HH"))), "Slot")
    assert [each["code"] for each in found["meta"]["security"]] == ["PUBLIC", "PRO", "SNP"]
    assert [each["coding"][0]["code"] for each in found["serviceType"]] == ["AMB", "HH", "VR"]
    assert found["appointmentType"]["coding"] == [{"system": terms.APPOINTMENT_TYPE, "code": "ROUTINE"}]
    assert found["status"] == "free"
    assert found["comment"].startswith("https://")


@pytest.mark.parametrize(("specialty", "key"), [("SM54", "coding"), ("Sage-femme", "text")])
def test_a_speciality_without_a_code_is_a_wording(specialty: str, key: str) -> None:
    (found,) = of_kind(answer(slot(specialty=specialty)), "Slot")
    assert list(found["specialty"][0]) == [key]


def test_without_includes_only_slots_come() -> None:
    plain = INDIVIDUAL.replace("_include=Slot:schedule&_include:iterate=Schedule:actor&", "")
    assert kinds(answer(slot(), query=plain)) == {"Slot": 1}


def test_no_element_is_empty() -> None:
    bare = schedule(1, phone="", finess="")
    bundle = answer(slot(of=bare, specialty="", types=CPTS_TYPE, cpts=(SOUTH,)), query=BY_CPTS)

    def walk(value: object) -> None:
        assert value not in ("", [], {}, None)
        for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(part)

    walk(bundle)
    (role,) = of_kind(bundle, "PractitionerRole")
    assert "organization" not in role
    assert "telecom" not in role


def test_identifiers_are_prefixed() -> None:
    bundle = answer(slot(), query=BY_CPTS)
    (practitioner,) = of_kind(bundle, "Practitioner")
    assert re.fullmatch(r"8[0-9]{11}", practitioner["identifier"][0]["value"])
    (role,) = of_kind(bundle, "PractitionerRole")
    assert role["organization"]["identifier"]["value"] == "1990000001"


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"finess": "310000012", "siret": "12345678900011"}, "1310000012"),
        ({"siret": "12345678900011", "rpps_rank": "10000000001001"}, "312345678900011"),
        ({"rpps_rank": "10000000001001"}, "410000000001001"),
        ({}, ""),
    ],
)
def test_a_structure_is_known_by_finess_then_siret_then_rank(known: dict[str, str], expected: str) -> None:
    assert structure_id(**known) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("05 61 00 00 00", "+33561000000"),
        ("+33561000000", "+33561000000"),
        ("0033 5.61.00.00.00", "+33561000000"),
        ("0262 00 00 00", "+262262000000"),
        ("0590 00 00 00", "+590590000000"),
        ("15", ""),
        ("+4420000000", ""),
    ],
)
def test_phones_are_international_or_not_sent(written: str, expected: str) -> None:
    assert phone(written) == expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "2026-10-25T02:30:00.000+02:00"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "2026-10-25T02:30:00.000+01:00"),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "2026-03-29T03:00:00.000+02:00"),
        (datetime(2026, 7, 1, 12, 0, 0, 123456, tzinfo=UTC), "2026-07-01T14:00:00.123+02:00"),
    ],
)
def test_instants_have_milliseconds_and_the_offset_of_paris(at: datetime, expected: str) -> None:
    assert instant(at) == expected


@pytest.mark.parametrize(
    ("ig", "system"),
    [
        (Ig.V1_1_0, "http://interopsante.org/fhir/CodeSystem/fr-location-identifier-type"),
        (Ig.V1_2_0, "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203"),
    ],
)
def test_the_edition_of_the_guide_decides_the_type_system_of_a_cpts(ig: Ig, system: str) -> None:
    bundle = answer(slot(types=CPTS_TYPE, cpts=(NORTH,)), query=BY_CPTS, ig=ig)
    (organization,) = of_kind(bundle, "Organization")
    assert organization["identifier"][0]["type"]["coding"][0]["system"] == system
