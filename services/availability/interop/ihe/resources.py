"""Slots and bookings as IHE's appointments. No patient is ever named; what is free is `proposed`, a hold `pending`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.availability.interop.fhir import terms
from services.availability.interop.fhir.formats import instant, national_id
from services.availability.interop.fhir.outcome import outcome
from services.availability.interop.fhir.resources import Resource
from shared.contracts import BookingState
from shared.refusals import Refusal

IHE = "https://profiles.ihe.net/ITI/Scheduling"
PROFILE = f"{IHE}/StructureDefinition/ihe-sched-appt"
BUNDLE = f"{IHE}/StructureDefinition/ihe-sched-avail-bundle"
REQUEST = "urn:aiguillage:request"
STATUS: Mapping[str, str] = {
    BookingState.HELD: "pending",
    BookingState.CONFIRMED: "booked",
    BookingState.HONOURED: "fulfilled",
    BookingState.NO_SHOW: "noshow",
    BookingState.CANCELLED: "cancelled",
    BookingState.RELEASED: "cancelled",
    BookingState.EXPIRED: "cancelled",
}


@dataclass(frozen=True, slots=True)
class Meeting:
    """With whom, where and when; `id` names the slot while nobody has it, then the booking."""

    id: str
    slot_id: str
    status: str
    starts_at: datetime
    ends_at: datetime
    modes: tuple[str, ...]
    appointment: str
    practitioner_id: str
    rpps: str
    name: str
    place_id: str
    place: str
    insee: str = ""
    request: str = ""
    held_until: datetime | None = None


def appointment(value: Meeting) -> Resource:
    """The Appointment."""
    accepted = "needs-action" if value.status in ("proposed", "pending") else "accepted"
    who = {
        "reference": f"Practitioner/{value.practitioner_id}",
        "identifier": {"system": terms.NATIONAL_ID, "value": national_id(value.rpps)},
        "display": value.name,
    }
    where = {"reference": f"Location/{value.place_id}", "display": value.place}
    return {
        "resourceType": "Appointment",
        "id": value.id,
        "meta": {"profile": [PROFILE]},
        **({"identifier": [{"system": REQUEST, "value": value.request}]} if value.request else {}),
        "status": value.status,
        "serviceType": [{"coding": [{"system": terms.ENCOUNTER, "code": mode}]} for mode in value.modes],
        "appointmentType": {"coding": [{"system": terms.APPOINTMENT_TYPE, "code": value.appointment}]},
        "start": instant(value.starts_at, value.insee),
        "end": instant(value.ends_at, value.insee),
        "slot": [{"reference": f"Slot/{value.slot_id}"}],
        **({"comment": f"Place tenue jusqu'à {instant(value.held_until, value.insee)}"} if value.held_until else {}),
        "participant": [{"actor": actor, "required": "required", "status": accepted} for actor in (who, where)],
    }


def searchset(
    found: Iterable[Meeting], *, total: int, base: str, said: str = "", links: Mapping[str, str] | None = None
) -> Resource:
    """A bundle of appointments; `said` adds a remark on how they were searched, `links` where the rest is."""
    entries: list[dict[str, Any]] = [
        {
            "fullUrl": f"{base}/Appointment/{value.id}",
            "resource": appointment(value),
            "search": {"mode": "match"},
        }
        for value in found
    ]
    if said:
        remark = {"severity": "information", "code": "informational", "details": {"text": said}}
        entries.append(_outcome_entry({"resourceType": "OperationOutcome", "issue": [remark]}))
    bundle: Resource = {"resourceType": "Bundle", "meta": {"profile": [BUNDLE]}, "type": "searchset", "total": total}
    if links:
        bundle["link"] = [{"relation": relation, "url": url} for relation, url in links.items()]
    return {**bundle, **({"entry": entries} if entries else {})}


def unavailable(refusal: Refusal) -> Resource:
    """What IHE wants of an appointment that cannot be had: fatal, not found."""
    whole = outcome(refusal)
    whole["issue"][0] |= {"severity": "fatal", "code": "not-found"}
    return whole


def refuse(whole: Resource) -> Resource:
    """A refusal of `$book`: a bundle with the outcome alone."""
    bundle = {"resourceType": "Bundle", "meta": {"profile": [BUNDLE]}, "type": "searchset", "total": 0}
    return {**bundle, "entry": [_outcome_entry(whole)]}


def _outcome_entry(whole: Resource) -> dict[str, Any]:
    return {"resource": whole, "search": {"mode": "outcome"}}


def capability(*, base: str, version: str, date: str) -> Resource:
    """What this interface can do."""
    operations = [
        {"name": name, "definition": f"{IHE}/OperationDefinition/appointment-{name}"}
        for name in ("find", "hold", "book")
    ]
    resource = {
        "type": "Appointment",
        "supportedProfile": [PROFILE],
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "searchParam": [
            {"name": "date", "type": "date"},
            {"name": "practitioner", "type": "reference"},
            {"name": "status", "type": "token"},
            {"name": "patient", "type": "reference"},
        ],
        "operation": operations,
    }
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": date,
        "kind": "instance",
        "instantiates": [f"{IHE}/CapabilityStatement/IHE.Scheduling.server"],
        "software": {"name": "Aiguillage", "version": version},
        "implementation": {"description": "Réservation de créneaux de soins non programmés", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "rest": [{"mode": "server", "resource": [resource]}],
    }
