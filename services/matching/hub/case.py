"""What a case of the SAMU hub says, at first (RS-EDA) and later (RS-EDA-MAJ). Pure.

A patient's national numbers stand in `externalId`: those are never read. Texts that hold one are left out.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from shared.outside.nir import INS_OID, holds_nir
from shared.outside.untrusted import object_at, objects_at, text_at
from shared.typed.phones import LONGEST, link
from shared.typed.texts import tidy

UNSCHEDULED = "SNP"
URGENCY = {"P0": 1, "P1": 1, "P2": 2, "P3": 3}
PROFESSIONS = {
    "LIBERAL.MG": "10",
    "LIBERAL.SOS": "10",
    "LIBERAL.MMG": "10",
    "LIBERAL.MSPD": "10",
    "LIBERAL.MCS": "10",
    "LIBERAL.PHARM": "21",
    "LIBERAL.DENT": "40",
    "LIBERAL.INF": "60",
    "LIBERAL.KINE": "70",
}
MODES = {"CABINET": "AMB", "DOMICILE": "HH"}
_AGE = re.compile(r"P(\d{1,3})([YMWD])", re.ASCII)
_IN_A_YEAR = {"Y": 1, "M": 12, "W": 52, "D": 365}


@dataclass(frozen=True, slots=True)
class Case:
    """What a request needs of a case. What is unsaid is empty or None; `point` is in degrees.

    `patient_id` is the hub's own number of the patient within the case: no national one.
    """

    case_id: str
    perimeter: str
    urgency: int | None
    insee: str
    point: tuple[float, float] | None
    professions: tuple[str, ...]
    modes: tuple[str, ...]
    patient_id: str
    age: int | None
    name: str
    phone: str
    birth_date: date | None


def case_of(body: Mapping[str, Any], patient_id: str = "") -> Case:
    """Read an RS-EDA or an RS-EDA-MAJ that its schema accepted.

    Of several patients one: `patient_id` when it is given, else the first; decisions for the others are left out.
    """
    patient = _one(objects_at(body, "patient"), patient_id)
    whose = patient_id or text_at(patient, "patientId")
    decisions = [each for each in objects_at(body, "decision") if _concerns(each, whose)]
    wanted = [text_at(decision, "resourceType") for decision in decisions]
    places = [text_at(decision, "orientationType") for decision in decisions]
    location = object_at(body, "location")
    return Case(
        case_id=text_at(body, "caseId"),
        perimeter=text_at(body, "perimeter"),
        urgency=URGENCY.get(text_at(object_at(object_at(body, "qualification"), "details"), "priority")),
        insee=text_at(object_at(location, "city"), "inseeCode"),
        point=_point(location),
        professions=tuple(dict.fromkeys(PROFESSIONS[each] for each in wanted if each in PROFESSIONS)),
        modes=tuple(dict.fromkeys(MODES[each] for each in places if each in MODES)),
        patient_id=whose,
        age=_age(text_at(object_at(patient, "detail"), "age")),
        name=_name(object_at(patient, "identity")),
        phone=_phone(body),
        birth_date=_birth_date(object_at(patient, "identity")),
    )


def _one(patients: Sequence[Mapping[str, Any]], patient_id: str) -> Mapping[str, Any]:
    ours = (each for each in patients if not patient_id or text_at(each, "patientId") == patient_id)
    return next(ours, {})


def _concerns(decision: Mapping[str, Any], patient_id: str) -> bool:
    said = text_at(decision, "patientId")
    return not said or not patient_id or said == patient_id


def _point(location: Mapping[str, Any]) -> tuple[float, float] | None:
    coord = object_at(object_at(object_at(location, "geometry"), "point"), "coord")
    lat, lon = coord.get("lat"), coord.get("lon")
    if not isinstance(lat, int | float) or not isinstance(lon, int | float):
        return None
    return (lat, lon) if -90 <= lat <= 90 and -180 <= lon <= 180 else None


def _age(written: str) -> int | None:
    found = _AGE.fullmatch(written)
    if found is None:
        return None
    years = int(found[1]) // _IN_A_YEAR[found[2]]
    return years if years <= 130 else None


def _name(identity: Mapping[str, Any]) -> str:
    usual = object_at(identity, "nonStrictFeatures")
    return _harmless(text_at(usual, "complete") or text_at(object_at(identity, "strictFeatures"), "birthName"))[:120]


def _birth_date(identity: Mapping[str, Any]) -> date | None:
    try:
        return date.fromisoformat(text_at(object_at(identity, "strictFeatures"), "birthDate"))
    except ValueError:
        return None


def _phone(body: Mapping[str, Any]) -> str:
    caller = object_at(object_at(body, "initialAlert"), "caller")
    contacts = [object_at(caller, name) for name in ("callbackContact", "callerContact")]
    numbers = [text_at(contact, "detail") for contact in contacts if contact.get("type") == "TEL"]
    return next((_harmless(tidy(number))[:LONGEST] for number in numbers if link(number)), "")


def _harmless(text: str) -> str:
    return "" if holds_nir(text) or INS_OID.search(text) else text
