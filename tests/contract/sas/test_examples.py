"""The official examples are read, and what we write is valid FHIR for an independent library."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from fhir.resources.R4B import get_fhir_model_class

from services.availability.interop.editors.foreign import parse_bundle
from services.availability.interop.fhir import terms
from services.availability.interop.fhir.bundle import searchset
from services.availability.interop.fhir.outcome import Missing, outcome
from services.availability.interop.fhir.query import parse_slot_query
from services.availability.interop.fhir.terms import Ig
from services.availability.interop.fhir.values import SlotValue
from services.availability.interop.sas.appointments import AppointmentValue, Status, appointment
from services.availability.interop.sas.regulators import parse_regulator, regulator
from tests.fhir_values import NORTH, NOW, SOUTH, schedule, slot

BASE = "https://exemple.invalid/fhir"
SEARCH = (
    "_include=Slot:schedule&_include:iterate=Schedule:actor&start=ge2026-11-23&start=le2026-11-25&status=free"
    "&schedule.actor:Practitioner.identifier=urn:oid:1.2.250.1.71.4.2.1|810000000001"
)
SEARCH_CPTS = f"{SEARCH}&_include=Slot:service-type-reference&_include:iterate=HealthcareService:organization"


def require_valid(resource: dict[str, Any]) -> None:
    """Fail unless `fhir.resources` (FHIR R4B, whose these types are as in R4) accepts the resource."""
    get_fhir_model_class(resource["resourceType"]).model_validate(resource)


def example(reference: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((reference / "fhir-sas" / "examples" / f"{name}.json").read_text("utf-8"))
    return found


def our_bundle(slots: list[SlotValue], search: str = SEARCH_CPTS, ig: Ig = Ig.V1_2_0) -> dict[str, Any]:
    bundle: dict[str, Any] = json.loads(searchset(slots, parse_slot_query(search.encode()), base=BASE, ig=ig))
    return bundle


MANY = [
    slot(1, types=("CPTS",), cpts=(NORTH, SOUTH)),
    slot(2, types=("PUBLIC", "PRO", "SNP"), modes=("AMB", "HH", "VR")),
    slot(3, of=schedule(1, place=2), types=("PRO", "CPTS"), cpts=(SOUTH,)),
    slot(4, of=schedule(2, place=1, finess="", siret="00000000000011"), specialty="Sage-femme"),
]


@pytest.mark.reference
@pytest.mark.parametrize(
    ("name", "slots", "cpts"),
    [("ExampleBundlePSIndiv", 4, set()), ("ExampleBundleCPTS1", 1, {"950047225"}), ("ExampleBundleCPTS2", 1, None)],
)
def test_each_official_bundle_is_read(reference: Path, name: str, slots: int, cpts: set[str] | None) -> None:
    bundle = example(reference, f"Bundle-{name}")
    found = parse_bundle(bundle)
    assert len(found) == bundle["total"] == slots
    seen = {each.finess for one in found for each in one.cpts}
    assert seen == ({"950047225", "950046227"} if cpts is None else cpts)
    assert all(one.schedule.place.city and one.schedule.practitioner.rpps for one in found)


@pytest.mark.reference
def test_the_first_official_slot_is_read_in_full(reference: Path) -> None:
    first = parse_bundle(example(reference, "Bundle-ExampleBundlePSIndiv"))[0]
    assert first.schedule.practitioner.rpps == "10100050075"
    assert first.schedule.place.finess == "810004421"
    assert (first.types, first.modes, first.reasons) == (("PUBLIC",), ("AMB", "VR"), ("Visite de contrôle",))
    assert (first.specialty, first.appointment) == ("SM54", "ROUTINE")
    assert first.starts_at.isoformat() == "2021-11-05T09:00:00+00:00"


@pytest.mark.reference
def test_each_official_self_link_is_a_search_that_we_read(reference: Path) -> None:
    for name in ("ExampleBundlePSIndiv", "ExampleBundleCPTS1", "ExampleBundleCPTS2"):
        link = example(reference, f"Bundle-{name}")["link"][0]["url"]
        assert parse_slot_query(link.partition("?")[2].encode()).rpps


@pytest.mark.reference
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_each_official_regulator_is_read(reference: Path, number: int) -> None:
    resource = example(reference, f"Practitioner-ExamplePractitionerRegul{number}")
    value = parse_regulator(resource)
    assert value.active is resource["active"]
    ours = regulator(value, id=resource["id"])
    assert {key: ours[key] for key in ("identifier", "name", "telecom", "active")} == {
        key: resource[key] for key in ("identifier", "name", "telecom", "active")
    }


@pytest.mark.reference
def test_every_official_example_is_valid_for_the_independent_library(reference: Path) -> None:
    names = sorted((reference / "fhir-sas" / "examples").glob("*.json"))
    assert len(names) == 45
    for name in names:
        require_valid(json.loads(name.read_text("utf-8")))


@pytest.mark.reference
def test_our_appointment_has_the_shape_of_the_official_ones(reference: Path) -> None:
    official = example(reference, "Appointment-1")
    value = AppointmentValue("b6e39355-8a61-4556-b340-36f7b95fec6a", "booked", NOW, NOW, NOW, "10100050075")
    ours = appointment(
        AppointmentValue(**{**_fields(value), "operator_national_id": "3456780581/11242343"}),
        system=official["identifier"][0]["system"],
    )
    for element in ("extension", "identifier", "status", "participant"):
        assert ours[element] == official[element]


def _fields(value: AppointmentValue) -> dict[str, Any]:
    return {name: getattr(value, name) for name in AppointmentValue.__slots__}


@pytest.mark.parametrize("ig", list(Ig))
def test_our_bundles_are_valid_fhir(ig: Ig) -> None:
    for slots in ([], MANY[:1], MANY):
        for search in (SEARCH, SEARCH_CPTS):
            require_valid(our_bundle(slots, search, ig))


@pytest.mark.parametrize("status", get_args(Status))
def test_our_appointments_and_outcomes_are_valid_fhir(status: Status) -> None:
    value = AppointmentValue("1", status, NOW, NOW, NOW, "10000000001", operator_sas_id="1ef1c748")
    require_valid(appointment(value, system="urn:oid:1.2.3"))
    require_valid(outcome(Missing(field="status", rule="free")))


def test_what_we_write_we_read_back() -> None:
    for ours, read in zip(MANY, parse_bundle(our_bundle(MANY)), strict=True):
        assert (read.id, read.starts_at, read.ends_at, read.modes) == (
            ours.id,
            ours.starts_at,
            ours.ends_at,
            ours.modes,
        )
        assert read.schedule.practitioner == ours.schedule.practitioner
        assert read.schedule.place.finess == ours.schedule.place.finess
        assert [each.finess for each in read.cpts] == [each.finess for each in ours.cpts]


def test_our_profiles_are_the_published_ones() -> None:
    claimed = {resource["resource"]["meta"]["profile"][0] for resource in our_bundle(MANY)["entry"]}
    assert claimed == {
        terms.SLOT,
        terms.SLOT_CPTS,
        terms.SCHEDULE,
        terms.PRACTITIONER,
        terms.ROLE,
        terms.HEALTHCARE_SERVICE,
        terms.ORGANIZATION,
    }
