"""What we write, against the official StructureDefinitions, by an independent validator (Medplum's, on Node)."""

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest

from services.availability.interop.sas.appointments import AppointmentValue, Status, appointment
from services.availability.interop.sas.regulators import RegulatorValue, regulator
from tests.contract.sas.test_examples import MANY, SEARCH, SEARCH_CPTS, example, our_bundle
from tests.fhir_values import NOW

pytestmark = [pytest.mark.reference, pytest.mark.node]
FOLDER = Path(__file__).parents[2] / "profiles"

FALSE_ALARMS = {
    "Unsupported slicing discriminator type: profile": "the validator does not slice by profile",
    "slice 'sas-servicetype-r5': expected 1..1": "it applies a slice's rule on extensions to its sister slices",
    "Constraint ref-1 not met": "it misreads `reference` when the reference holds an identifier only",
    "slice 'valueReference': expected 1..1": "it looks for the slice of a value one level too high",
}
"""Faults that the validator finds in the official examples too, and why they are none."""


@pytest.fixture(scope="module")
def faults(reference: Path) -> Any:
    """Validates resources: the faults of each."""
    npm, node = shutil.which("npm"), shutil.which("node")
    assert npm
    assert node
    if not (FOLDER / "node_modules").is_dir():
        command = [npm, "ci", "--no-audit", "--no-fund", "--silent"]
        subprocess.run(command, cwd=FOLDER, check=True, timeout=300)

    def validate(*resources: dict[str, Any]) -> list[list[str]]:
        command = [node, "validate.mjs", str(reference / "fhir-sas" / "definitions")]
        done = subprocess.run(
            command, cwd=FOLDER, check=True, timeout=120, input=json.dumps(resources).encode(), capture_output=True
        )
        found: list[list[str]] = json.loads(done.stdout)
        return found

    return validate


def alarms(found: list[list[str]]) -> set[str]:
    """Which known false alarms were heard; a fault that is none of them fails."""
    heard = set()
    for fault in (each for one in found for each in one):
        known = [alarm for alarm in FALSE_ALARMS if alarm in fault]
        assert known, fault
        heard.update(known)
    return heard


def inside(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    return [bundle, *(entry["resource"] for entry in bundle["entry"])]


def test_each_known_false_alarm_is_raised_by_the_official_examples(faults: Any, reference: Path) -> None:
    official = [*inside(example(reference, "Bundle-ExampleBundleCPTS2")), example(reference, "Appointment-1")]
    assert alarms(faults(*official)) == set(FALSE_ALARMS)


def test_our_bundles_and_all_they_hold_conform(faults: Any) -> None:
    resources = [each for search in (SEARCH, SEARCH_CPTS) for each in inside(our_bundle(MANY, search))]
    assert len(resources) > 20
    alarms(faults(*resources))


def test_what_raises_no_alarm_in_the_examples_raises_none_in_ours(faults: Any) -> None:
    plain = [each for each in inside(our_bundle(MANY, SEARCH)) if each["resourceType"] != "PractitionerRole"]
    assert {each["resourceType"] for each in plain} == {"Bundle", "Slot", "Schedule", "Practitioner"}
    assert alarms(faults(*plain)) == set()


def test_our_appointments_and_accounts_conform(faults: Any) -> None:
    value = AppointmentValue("1", "booked", NOW, NOW, NOW, "10000000001", operator_national_id="899000000001")
    told = [appointment(replace(value, status=status), system="urn:oid:1.2.3") for status in get_args(Status)]
    account = RegulatorValue("Essai", "Une", "r@exemple.invalid", True, sas_id="1ef1c748-01a3-6180-b098-73283ce4e5b1")
    alarms(faults(*told))
    assert alarms(faults(regulator(account, id="1"))) == set()


def test_the_validator_does_find_faults(faults: Any) -> None:
    (slot, *_) = (each for each in inside(our_bundle(MANY, SEARCH)) if each["resourceType"] == "Slot")
    for broken in ({**slot, "status": "busy"}, {**slot, "start": 3}, {**slot, "invented": True}):
        assert faults(broken) != [[]]
