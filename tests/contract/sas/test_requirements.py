"""The 49 requirements of the SAS's certification kit, one by one.

The number in each test's name is the requirement's. What only the national environment can show is in docs/sas.md.
"""

import csv
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from services.availability.interop.fhir import terms
from services.availability.interop.fhir.resources import practitioner
from services.availability.interop.fhir.values import PractitionerValue
from tests.contract.sas.answers import Answer, ask
from tests.contract.sas.conftest import Guarded, Kit
from tests.contract.sas.elsewhere import CN, OU
from tests.contract.sas.test_examples import require_valid
from tests.fhir_kit import search

WRITTEN = re.compile(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}[+-]\d{2}:\d{2}$")


@pytest.fixture
async def single(kit: Kit) -> Answer:
    return await ask(kit, kit.single)


@pytest.fixture
async def places(kit: Kit) -> Answer:
    return await ask(kit, kit.places)


def codes(slot: dict[str, Any], system: str) -> set[str]:
    return {
        coding["code"]
        for service in slot["serviceType"]
        for coding in service.get("coding", [])
        if coding["system"] == system
    }


async def test_requirement_01_every_call_needs_mutual_tls(guarded: Guarded) -> None:
    assert await guarded.call(*guarded.health.issue(CN, OU)) == 200


async def test_requirement_02_the_common_name_is_checked(guarded: Guarded) -> None:
    assert await guarded.call(*guarded.health.issue("sas.other.invalid", OU)) == 403


async def test_requirement_03_the_organizational_unit_is_checked(guarded: Guarded) -> None:
    assert await guarded.call(*guarded.health.issue(CN, "180000000000009")) == 403


def test_requirement_04_slots_can_be_searched(single: Answer) -> None:
    assert (single.status, single.media_type) == (200, "application/fhir+json; charset=utf-8")
    assert single.of("Slot")


async def test_requirement_05_no_slot_starts_before_the_asked_start(kit: Kit) -> None:
    later = datetime.now(UTC) + timedelta(hours=20)  # noqa: TID251
    answer = await ask(kit, kit.single, from_at=later)
    assert answer.of("Slot")
    assert all(datetime.fromisoformat(slot["start"]) >= later - timedelta(milliseconds=1) for slot in answer.of("Slot"))


async def test_requirement_06_the_search_filters(kit: Kit, single: Answer) -> None:
    tomorrow = await ask(kit, kit.single, from_at=datetime.now(UTC) + timedelta(hours=20))  # noqa: TID251
    assert 0 < len(tomorrow.of("Slot")) < len(single.of("Slot"))


def test_requirement_07_every_slot_is_in_the_asked_window(single: Answer) -> None:
    bounds = [value for key, value in parse_qsl(urlsplit(single.url.replace("+", "%2B")).query) if key == "start"]
    first, last = (datetime.fromisoformat(bound[2:]) for bound in bounds)
    assert all(first <= datetime.fromisoformat(slot["start"]) <= last for slot in single.of("Slot"))


async def test_requirement_08_nothing_available_is_an_empty_bundle(kit: Kit) -> None:
    answer = await ask(kit, kit.single, from_at=datetime.now(UTC) + timedelta(days=90))  # noqa: TID251
    assert (answer.status, answer.bundle["total"], answer.of("Slot")) == (200, 0, [])


def test_requirement_09_slots_conform_to_their_profile(single: Answer) -> None:
    for slot in single.of("Slot"):
        assert slot["meta"]["profile"] == [terms.SLOT]
        require_valid(slot)


def test_requirement_10_slots_are_free(single: Answer) -> None:
    assert {slot["status"] for slot in single.of("Slot")} == {"free"}


def test_requirement_11_slots_have_a_start_and_an_end(single: Answer) -> None:
    for slot in single.of("Slot"):
        assert datetime.fromisoformat(slot["start"]) < datetime.fromisoformat(slot["end"])


def test_requirement_12_slots_refer_to_their_schedule(single: Answer) -> None:
    assert {slot["schedule"]["reference"] for slot in single.of("Slot")} == {
        f"Schedule/{single.of('Schedule')[0]['id']}"
    }


def test_requirement_13_the_bundle_conforms_to_its_profile(single: Answer) -> None:
    assert single.bundle["meta"]["profile"] == [terms.BUNDLE]
    require_valid(single.bundle)


def test_requirement_14_the_bundle_is_a_searchset(single: Answer) -> None:
    assert single.bundle["type"] == "searchset"


def test_requirement_15_the_bundle_has_a_practitioner(single: Answer) -> None:
    assert len(single.of("Practitioner")) == 1


def test_requirement_16_a_practitioner_has_a_national_identifier(single: Answer) -> None:
    (identifier,) = single.of("Practitioner")[0]["identifier"]
    assert identifier["system"] == terms.NATIONAL_ID
    assert identifier["type"]["coding"] == [{"system": terms.IDENTIFIER_TYPE, "code": "IDNPS"}]


def test_requirement_17_the_identifier_is_twelve_digits_from_8(single: Answer) -> None:
    assert re.fullmatch(r"8[0-9]{11}", single.of("Practitioner")[0]["identifier"][0]["value"])


def test_requirement_18_the_identifier_is_the_rpps(kit: Kit, single: Answer) -> None:
    assert single.of("Practitioner")[0]["identifier"][0]["value"] == f"8{kit.single}"


def test_requirement_19_the_bundle_has_a_role(single: Answer) -> None:
    assert len(single.of("PractitionerRole")) == 1


def test_requirement_20_a_role_names_its_structure(single: Answer) -> None:
    identifier = single.of("PractitionerRole")[0]["organization"]["identifier"]
    assert identifier["system"] == terms.STRUCTURE_ID
    assert re.fullmatch(r"1\d{9}|3\d{14}|4\d{14}", identifier["value"])


def test_requirement_21_a_role_refers_to_its_practitioner(single: Answer) -> None:
    reference = single.of("PractitionerRole")[0]["practitioner"]["reference"]
    assert reference == f"Practitioner/{single.of('Practitioner')[0]['id']}"


def test_requirement_22_a_role_contains_its_place(single: Answer) -> None:
    (role,) = single.of("PractitionerRole")
    assert [place["resourceType"] for place in role["contained"]] == ["Location"]
    assert role["location"] == [{"reference": f"#{role['contained'][0]['id']}"}]


def test_requirement_23_the_slots_say_whom_they_are_for(single: Answer) -> None:
    said = {label["code"] for slot in single.of("Slot") for label in slot["meta"]["security"]}
    assert said == {"PUBLIC", "PRO", "SNP"}


def test_requirement_24_the_slots_say_how_the_patient_is_seen(single: Answer) -> None:
    assert set.union(*(codes(slot, terms.ENCOUNTER) for slot in single.of("Slot"))) == {"AMB", "HH", "VR"}


def test_requirement_25_a_free_slot_has_the_url_of_the_agenda(kit: Kit, single: Answer) -> None:
    for slot in single.of("Slot"):
        address = urlsplit(slot["comment"])
        assert address.scheme in ("http", "https")
        # The SAS appends `&origin=…`: the address must already have a parameter.
        assert dict(parse_qsl(address.query)) == {"praticien": kit.single}


@pytest.mark.parametrize(
    ("number", "missing"), [(26, "start=ge"), (27, "status"), (29, "schedule.actor:Practitioner.identifier")]
)
async def test_requirements_26_27_29_each_criterion_is_demanded(kit: Kit, number: int, missing: str) -> None:
    path, _, query = search([kit.single]).partition("?")
    rest = "&".join(part for part in query.split("&") if not part.startswith(missing))
    assert rest != query
    answer = await kit.client.get(f"{path}?{rest}")
    assert (answer.status_code, answer.json()["resourceType"]) == (400, "OperationOutcome")


async def test_requirement_28_what_a_slot_refers_to_comes_when_asked_for(kit: Kit) -> None:
    url = search([kit.single]).replace("_include:iterate=Schedule:actor&", "")
    bundle = (await kit.client.get(url)).json()
    assert {entry["resource"]["resourceType"] for entry in bundle["entry"]} == {"Slot", "Schedule"}


async def test_requirement_30_who_a_schedule_refers_to_comes_when_asked_for(kit: Kit) -> None:
    assert "_include:iterate=Schedule:actor" in search([kit.single])
    answer = await ask(kit, kit.single)
    assert answer.of("Practitioner")
    assert answer.of("PractitionerRole")


def test_requirement_31_roles_conform_to_their_profile(single: Answer) -> None:
    assert [role["meta"]["profile"] for role in single.of("PractitionerRole")] == [[terms.ROLE]]
    assert [place["meta"]["profile"] for place in single.locations()] == [[terms.LOCATION]]


def test_requirement_32_practitioners_conform_to_their_profile(single: Answer) -> None:
    assert [each["meta"]["profile"] for each in single.of("Practitioner")] == [[terms.PRACTITIONER]]


def test_requirement_33_the_practitioners_name_is_the_one_we_know(single: Answer) -> None:
    assert single.of("Practitioner")[0]["name"] == [{"family": "Essai", "given": ["Single"]}]


def test_requirements_34_35_a_known_phone_is_sent_in_international_form(single: Answer) -> None:
    assert single.of("Practitioner")[0]["telecom"] == [{"system": "phone", "value": "+33100000000"}]


def test_requirement_36_an_unknown_phone_is_not_sent() -> None:
    assert "telecom" not in practitioner(PractitionerValue("1", "99900000011", phone=""))


def test_requirements_37_38_39_40_the_place_has_the_address_that_we_know(single: Answer) -> None:
    (place,) = single.locations()
    assert place["address"] == {"line": ["1 rue de l'Essai"], "city": "Toulouse", "postalCode": "31000"}


def test_requirement_41_the_slots_say_the_speciality(single: Answer) -> None:
    for slot in single.of("Slot"):
        assert slot["specialty"] == [{"coding": [{"system": terms.SPECIALTY, "code": "SM54"}]}]


def test_requirement_42_two_places_are_two_roles_and_two_schedules(places: Answer) -> None:
    counted = Counter(entry["resource"]["resourceType"] for entry in places.bundle["entry"])
    assert (counted["Practitioner"], counted["PractitionerRole"], counted["Schedule"]) == (1, 2, 2)
    assert len({place["id"] for place in places.locations()}) == 2


def test_requirement_43_with_two_places_every_reference_leads_somewhere(places: Answer) -> None:
    schedules = {schedule["id"]: schedule for schedule in places.of("Schedule")}
    roles = {role["id"]: role for role in places.of("PractitionerRole")}
    seen = {slot["schedule"]["reference"].removeprefix("Schedule/") for slot in places.of("Slot")}
    assert seen == set(schedules)
    for schedule in schedules.values():
        who, where = (actor["reference"] for actor in schedule["actor"])
        assert who == f"Practitioner/{places.of('Practitioner')[0]['id']}"
        assert roles[where.removeprefix("PractitionerRole/")]["practitioner"]["reference"] == who


async def test_requirement_44_several_practitioners_are_each_there_once(kit: Kit) -> None:
    answer = await ask(kit, kit.single, kit.places)
    counted = Counter(entry["resource"]["resourceType"] for entry in answer.bundle["entry"])
    assert (counted["Practitioner"], counted["PractitionerRole"], counted["Schedule"]) == (2, 3, 3)
    assert answer.bundle["total"] == counted["Slot"]


def test_requirement_45_times_are_written_as_the_kit_reads_them(single: Answer) -> None:
    assert all(WRITTEN.match(slot[bound]) for slot in single.of("Slot") for bound in ("start", "end"))


def test_requirement_46_the_type_of_a_slot_is_a_security_label(single: Answer) -> None:
    for slot in single.of("Slot"):
        assert [label["system"] for label in slot["meta"]["security"]] == [terms.SLOT_TYPE]


async def test_requirement_47_what_is_not_free_is_never_sent(kit: Kit) -> None:
    url = search([kit.single]).replace("status=free", "status=busy")
    answer = await kit.client.get(url)
    assert (answer.status_code, answer.json()["resourceType"]) == (422, "OperationOutcome")


def test_requirement_48_the_kind_of_consultation_is_a_service_type(single: Answer) -> None:
    assert all(codes(slot, terms.ENCOUNTER) <= {"AMB", "HH", "VR"} for slot in single.of("Slot"))
    assert all(codes(slot, terms.ENCOUNTER) for slot in single.of("Slot"))


def test_requirement_49_whether_an_appointment_is_needed_is_said(single: Answer) -> None:
    said = {slot["appointmentType"]["coding"][0]["code"] for slot in single.of("Slot")}
    assert said <= {"ROUTINE", "WALKIN"}


@pytest.mark.reference
def test_no_requirement_is_left_out(reference: Path) -> None:
    with (reference / "fhir-sas" / "requirements.csv").open(encoding="utf-8-sig") as file:
        asked = {int(row["ID"]) for row in csv.DictReader(file)}
    tested = {
        int(number)
        for name in globals()
        if name.startswith("test_requirement")
        for number in re.findall(r"(?<=_)(\d\d)(?=_)", name)
    }
    assert tested == asked == set(range(1, 50))
