"""Regulators' accounts: what is read, what is refused (the certification kit's cases)."""

import copy
import json
from typing import Any

import pytest

from services.availability.interop.fhir.outcome import FhirRefusal, Malformed
from services.availability.interop.fhir.reading import parse_resource
from services.availability.interop.sas.regulators import PatientIdentifier, RegulatorValue, parse_regulator, regulator

NATIONAL = RegulatorValue(
    "Essai", "Régulatrice", "regulatrice@exemple.invalid", True, national_id="3456780581/11242343"
)
BY_SAS = RegulatorValue("Essai", "Un", "r@exemple.invalid", True, sas_id="1ef1c748-01a3-6180-b098-73283ce4e5b1")


@pytest.mark.parametrize("value", [NATIONAL, BY_SAS])
def test_what_we_write_we_read(value: RegulatorValue) -> None:
    assert parse_regulator(regulator(value, id="1")) == value


def test_an_address_is_known_in_lower_case() -> None:
    resource = regulator(NATIONAL, id="1")
    resource["telecom"][0]["value"] = "Regulatrice@Exemple.Invalid"
    assert parse_regulator(resource) == NATIONAL


def changed(path: str, value: Any) -> dict[str, Any]:
    """The resource with one element replaced, or removed when `value` is None."""
    resource: Any = copy.deepcopy(regulator(NATIONAL, id="1"))
    owner = resource
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in steps:
        owner = owner[step]
    if value is None:
        del owner[last]
    else:
        owner[last] = value
    return dict(resource)


WRONG = [
    ("identifier", None),
    ("identifier", []),
    ("identifier.0.value", None),
    ("identifier.0.value", ""),
    ("identifier.0.system", "urn:oid:1.2.3"),
    ("identifier.0.type", None),
    ("identifier.0.type.coding.0.code", "INTRN"),
    ("identifier.0.type.coding.0.system", "http://exemple.invalid"),
    ("identifier.0.system", "urn:oid:1.2.250.1.213.3.6"),
    ("name", None),
    ("name", []),
    ("name.0.family", ""),
    ("name.0.family", None),
    ("name.0.given", None),
    ("name.0.given", [""]),
    ("name.0.given", ["Une", "Deux"]),
    ("name.0.given", "Une"),
    ("telecom", None),
    ("telecom", []),
    ("telecom.0.value", ""),
    ("telecom.0.value", None),
    ("telecom.0.value", "no address"),
    ("telecom.0.system", "phone"),
    ("telecom.0.system", None),
    ("active", None),
    ("active", "true"),
    ("name", "Essai"),
    ("identifier", {"value": "x"}),
    ("telecom.0.value", 12),
    ("name.0.family", "x" * 300),
]


@pytest.mark.parametrize(("path", "value"), WRONG)
def test_an_account_that_lacks_or_bends_an_element_is_refused(path: str, value: Any) -> None:
    with pytest.raises(FhirRefusal):
        parse_regulator(changed(path, value))


@pytest.mark.parametrize("system", ["urn:oid:1.2.250.1.213.1.4.8", "urn:oid:1.2.250.1.213.1.4.10"])
def test_a_patients_identifier_is_refused(system: str) -> None:
    resource = regulator(NATIONAL, id="1")
    resource["identifier"].append({"system": system, "value": "000000000000000"})
    with pytest.raises(PatientIdentifier):
        parse_regulator(resource)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b'{"resourceType":"Patient"}', b'{"a":NaN}', b"[" * 100_000],
)
def test_a_body_that_is_no_such_resource_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        parse_resource(body, "Practitioner")


def test_a_nul_in_a_body_is_refused() -> None:
    body = json.dumps({"resourceType": "Practitioner", "name": [{"family": "\x00"}]}).encode()
    with pytest.raises(Malformed):
        parse_resource(body, "Practitioner")
