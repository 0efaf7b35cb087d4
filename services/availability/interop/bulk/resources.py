"""Public slots and what they refer to, one FHIR resource a line. Pure; other types of slots cannot be said here."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from services.availability.interop.fhir import resources, terms
from services.availability.interop.fhir.formats import instant, phone, structure_id
from services.availability.interop.fhir.resources import Resource
from services.availability.interop.fhir.values import PlaceValue, ScheduleValue, SlotValue

EXTENSION = "http://fhir-registry.smarthealthit.org/StructureDefinition"
KINDS = ("Location", "Practitioner", "PractitionerRole", "Schedule", "Slot")


@dataclass(frozen=True, slots=True)
class BulkPublication:
    """What is published at one instant: each kind's lines (NDJSON)."""

    at: datetime
    files: Mapping[str, bytes]


def publication(slots: Iterable[SlotValue], at: datetime) -> BulkPublication:
    """The slots open to the public among these, and all they refer to. Every reference leads to a line."""
    public = [slot for slot in slots if "PUBLIC" in slot.types]
    schedules = {slot.schedule.id: slot.schedule for slot in public}
    places = {each.place.id: each.place for each in schedules.values()}
    people = {each.practitioner.id: each.practitioner for each in schedules.values()}
    found: Mapping[str, list[Resource]] = {
        "Location": [location(each) for each in places.values()],
        "Practitioner": [_public(resources.practitioner(each)) for each in people.values()],
        "PractitionerRole": [role(each) for each in schedules.values()],
        "Schedule": [schedule(each) for each in schedules.values()],
        "Slot": [slot_line(each) for each in public],
    }
    return BulkPublication(at, {kind: _lines(found[kind]) for kind in KINDS})


def _lines(found: Iterable[Resource]) -> bytes:
    return "".join(f"{json.dumps(each, ensure_ascii=False, separators=(',', ':'))}\n" for each in found).encode()


def _public(resource: Resource) -> Resource:
    """Without the SAS's profile and the person's own number: this is for everyone."""
    return {name: value for name, value in resource.items() if name not in ("meta", "telecom")}


def slot_line(value: SlotValue) -> Resource:
    """A slot, with the address or the place's number where one books."""
    number = phone(value.schedule.place.phone)
    said = [{"url": f"{EXTENSION}/booking-deep-link", "valueUrl": value.agenda_url}] if value.agenda_url else []
    said += [{"url": f"{EXTENSION}/booking-phone", "valueString": number}] if number else []
    return {
        "resourceType": "Slot",
        "id": value.id,
        **({"extension": said} if said else {}),
        "serviceType": [
            {"coding": [{"system": terms.ENCOUNTER, "code": code}]} for code in terms.MODES if code in value.modes
        ],
        "schedule": {"reference": f"Schedule/{value.schedule.id}"},
        "status": "free",
        "start": instant(value.starts_at, value.schedule.place.insee),
        "end": instant(value.ends_at, value.schedule.place.insee),
    }


def schedule(value: ScheduleValue) -> Resource:
    """The agenda of one practitioner at one place."""
    actors = (
        f"Location/{value.place.id}",
        f"Practitioner/{value.practitioner.id}",
        f"PractitionerRole/{value.id}",
    )
    return {
        "resourceType": "Schedule",
        "id": value.id,
        "actor": [{"reference": actor} for actor in actors],
    }


def role(value: ScheduleValue) -> Resource:
    """Who works where."""
    return {
        "resourceType": "PractitionerRole",
        "id": value.id,
        "practitioner": {"reference": f"Practitioner/{value.practitioner.id}"},
        "location": [{"reference": f"Location/{value.place.id}"}],
    }


def location(value: PlaceValue) -> Resource:
    """Where care is given."""
    number = structure_id(finess=value.finess, siret=value.siret, rpps_rank=value.rpps_rank)
    told = phone(value.phone)
    address = {"line": [value.line], "city": value.city, "postalCode": value.postal_code, "country": "FR"}
    return {
        "resourceType": "Location",
        "id": value.id,
        **({"identifier": [{"system": terms.STRUCTURE_ID, "value": number}]} if number else {}),
        "name": value.name or value.line,
        **({"telecom": [{"system": "phone", "value": told}]} if told else {}),
        "address": address,
    }
