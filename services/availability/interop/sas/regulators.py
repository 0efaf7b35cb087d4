"""Regulators' accounts as the SAS sends them (INT_R02)."""

import re
from dataclasses import dataclass
from typing import Any

from services.availability.interop.fhir import terms
from services.availability.interop.fhir.outcome import Malformed, Missing, RuleBroken
from services.availability.interop.fhir.reading import codings, item, items, require_text, text
from services.availability.interop.fhir.resources import Resource

INS_SYSTEMS = re.compile(r"(?:urn:oid:)?1\.2\.250\.1\.213\.1\.4\.(?:8|9|10|11)")
_CODES = {terms.NATIONAL_ID: "IDNPS", terms.SAS_ID: "INTRN"}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True, slots=True)
class RegulatorValue:
    """An account. `national_id` is as sent (it may hold a `/`); one of the two identifiers is there."""

    family: str
    given: str
    email: str
    active: bool
    national_id: str = ""
    sas_id: str = ""


class PatientIdentifier(RuleBroken):
    """Un identifiant de patient (INS) n'a pas sa place ici : retirez-le."""

    code = "fhir_patient_identifier"


def parse_regulator(resource: dict[str, Any]) -> RegulatorValue:
    """Read a Practitioner of profile FrPractitionerRegul; raises `Missing`, `Malformed` or `RuleBroken`."""
    identifiers = _identifiers(resource)
    active = resource.get("active")
    if not isinstance(active, bool):
        raise Missing("L'élément `active` manque.", field="active", rule="true or false")
    names = items(resource, "name")
    if not names:
        raise Missing("L'élément `name` manque.", field="name", rule="family and one given name")
    return RegulatorValue(
        family=require_text(names[0], "family"),
        given=_read_given(names[0]),
        email=_email(resource),
        active=active,
        national_id=identifiers.get(terms.NATIONAL_ID, ""),
        sas_id=identifiers.get(terms.SAS_ID, ""),
    )


def regulator(value: RegulatorValue, *, id: str) -> Resource:  # noqa: A002  FHIR's own word
    """The account as a FHIR resource."""
    known = ((terms.NATIONAL_ID, value.national_id), (terms.SAS_ID, value.sas_id))
    return {
        "resourceType": "Practitioner",
        "id": id,
        "meta": {"profile": [terms.REGULATOR], "source": terms.SAS_ID},
        "identifier": [
            {
                "type": {"coding": [{"system": terms.IDENTIFIER_TYPE, "code": _CODES[system]}]},
                "system": system,
                "value": number,
            }
            for system, number in known
            if number
        ],
        "active": value.active,
        "name": [{"family": value.family, "given": [value.given]}],
        "telecom": [{"system": "email", "value": value.email}],
    }


def refuse_patient_identifiers(resource: dict[str, Any]) -> None:
    """Refuse an identifier of a patient, wherever it stands among the resource's identifiers."""
    for identifier in items(resource, "identifier"):
        if INS_SYSTEMS.fullmatch(text(identifier, "system")):
            raise PatientIdentifier(field="identifier.system", rule="no INS")


def _identifiers(resource: dict[str, Any]) -> dict[str, str]:
    refuse_patient_identifiers(resource)
    found: dict[str, str] = {}
    for identifier in items(resource, "identifier"):
        system = text(identifier, "system")
        if system not in _CODES:
            continue
        if system in found:
            raise RuleBroken("Un identifiant de ce système est répété.", field="identifier", value=system, rule="0..1")
        _require_type(identifier, system)
        found[system] = require_text(identifier, "value", longest=80)
    if not found:
        raise Missing("Un identifiant IDNPS ou INTRN manque.", field="identifier", rule=" or ".join(_CODES))
    return found


def _require_type(identifier: dict[str, Any], system: str) -> None:
    expected = (terms.IDENTIFIER_TYPE, _CODES[system])
    said = codings(item(identifier, "type"))
    if said != [expected]:
        raise RuleBroken(
            "Le type ne va pas avec le système de l'identifiant.",
            field="identifier.type",
            value=", ".join(code for _, code in said) or "none",
            rule=_CODES[system],
        )


def _read_given(name: dict[str, Any]) -> str:
    given = name.get("given")
    if not given:
        raise Missing("Le prénom manque.", field="name.given", rule="1..1")
    if not isinstance(given, list) or len(given) != 1:
        raise RuleBroken("Un seul prénom est admis.", field="name.given", rule="1..1")
    return require_text({"given": given[0]}, "given")


def _email(resource: dict[str, Any]) -> str:
    telecoms = items(resource, "telecom")
    if not telecoms:
        raise Missing("L'adresse électronique manque.", field="telecom", rule="system email")
    for telecom in telecoms:
        if text(telecom, "system") != "email":
            raise RuleBroken("Seule une adresse électronique est admise.", field="telecom.system", rule="email")
    email = require_text(telecoms[0], "value", longest=254)
    if not _EMAIL.fullmatch(email):
        raise Malformed("Adresse électronique illisible.", field="telecom.value", rule="name@domain")
    return email.lower()
