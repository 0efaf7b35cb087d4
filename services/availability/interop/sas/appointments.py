"""Appointments taken by a regulator, as the SAS wants them back (INT_R03). No patient is ever named."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.availability.interop.fhir import terms
from services.availability.interop.fhir.formats import instant, national_id
from services.availability.interop.fhir.resources import Resource

Status = Literal["booked", "fulfilled", "noshow", "cancelled"]


@dataclass(frozen=True, slots=True)
class AppointmentValue:
    """What the SAS may know of a booking. The operator has a national identifier (as the SAS sent it) or the SAS's."""

    id: str
    status: Status
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
    rpps: str
    operator_national_id: str = ""
    operator_sas_id: str = ""


def appointment(value: AppointmentValue, *, system: str) -> Resource:
    """The Appointment; `system` names our installation among all editors (an OID or a URL)."""
    who = ("IDNPS", terms.NATIONAL_ID, value.operator_national_id)
    if not value.operator_national_id:
        who = ("INTRN", terms.SAS_ID, value.operator_sas_id)
    professional = ("IDNPS", terms.NATIONAL_ID, national_id(value.rpps))
    return {
        "resourceType": "Appointment",
        "meta": {"profile": [terms.APPOINTMENT]},
        "extension": [{"url": terms.OPERATOR, "valueReference": {"identifier": _identifier(*who)}}],
        "identifier": [{"system": system, "value": value.id}],
        "status": value.status,
        "start": instant(value.starts_at),
        "end": instant(value.ends_at),
        "created": instant(value.created_at),
        "participant": [{"actor": {"identifier": _identifier(*professional)}, "status": "accepted"}],
    }


def _identifier(code: str, system: str, value: str) -> Resource:
    coding = {"system": terms.IDENTIFIER_TYPE, "code": code}
    return {"type": {"coding": [coding]}, "system": system, "value": value}
