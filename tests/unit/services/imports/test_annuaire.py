"""Resources of the national directory: every official example, ours, and what is bent."""

import json
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from services.files.annuaire import Ended, Wrong, activity_of, person_of, place_of, professionals_of
from services.files.professionals import Professional
from services.files.table import BadRow
from tests.annuaire_server import organization, practitioner, role
from tests.contract.malformed import bent

READERS = {"Practitioner": person_of, "Organization": place_of, "PractitionerRole": activity_of}
OURS = [practitioner(1), organization(1), role(1, 1)]
NEEDED = {
    "Practitioner": (("identifier",), ("name",), ("name", 0, "family"), ("qualification",)),
    "Organization": (("identifier",), ("address",), ("address", 0, "extension")),
    "PractitionerRole": (("practitioner",), ("organization",), ("practitioner", "reference")),
}


@pytest.mark.parametrize("resource", OURS, ids=lambda each: each["resourceType"])
def test_ours_are_valid_fhir(resource: dict[str, Any]) -> None:
    get_fhir_model_class(resource["resourceType"]).model_validate(resource)


@pytest.mark.reference
def test_every_official_example_is_read_or_says_what_it_lacks(reference: Path) -> None:
    files = sorted((reference / "annuaire" / "examples").glob("*.json"))
    assert len(files) >= 20
    read, without = [], []
    for file in files:
        resource = json.loads(file.read_text("utf-8"))
        reader = READERS.get(resource["resourceType"])
        if reader is None:
            continue
        try:
            read.append(reader(resource))
        except Wrong as wrong:
            without.append((resource["resourceType"], wrong.element))
    assert len(read) == 14
    # Structures without any address: legal entities, of which nobody is a patient.
    assert set(without) == {("Organization", "address")}


@pytest.mark.reference
def test_the_official_examples_fit_together(reference: Path) -> None:
    folder = reference / "annuaire" / "examples"
    resources = [json.loads((folder / f"{name}.json").read_text("utf-8")) for name in
                 ("Practitioner-334081", "PractitionerRole-1578230", "PractitionerRole-1738459")]  # fmt: skip
    hospital = json.loads((folder / "Organization-158480.json").read_text("utf-8"))
    (person,) = professionals_of(resources, {"Organization/158480": place_of(hospital)})
    assert isinstance(person, Professional)
    assert (person.rpps, person.profession) == ("10003461033", "10")
    (place,) = person.places
    assert (place.key(person.rpps), place.insee, place.address) == ("finess:754567860", "75114", "96 R DIDOT")


@pytest.mark.parametrize("resource", OURS, ids=lambda each: each["resourceType"])
def test_a_bent_resource_is_refused_and_says_which_element(resource: dict[str, Any]) -> None:
    kind = resource["resourceType"]
    for name, changed in bent(resource, NEEDED[kind]):
        with pytest.raises(Wrong) as refused:
            READERS[kind](changed)
        assert refused.value.change, name


def test_two_activities_in_one_place_close_it_only_together() -> None:
    places = {"Organization/o1": place_of(organization(1))}
    second = {**role(1, 1, active=False), "id": "r-more"}
    (still,) = professionals_of([practitioner(1), role(1, 1), second], places)
    assert isinstance(still, Professional)
    (over,) = professionals_of([practitioner(1), role(1, 1, active=False), second], places)
    assert over == Ended("99900000001", "finess:130000001")


def test_what_is_no_resource_of_ours_is_left_alone() -> None:
    outcome = {"resourceType": "OperationOutcome", "issue": []}
    assert list(professionals_of([outcome, {}], {})) == []
    (bad,) = professionals_of([{"resourceType": "Practitioner"}], {})
    assert isinstance(bad, BadRow)
