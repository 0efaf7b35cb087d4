"""Values → FHIR resources, as dictionaries ready for JSON. No element is ever empty; references are relative."""

from typing import Any

from services.availability.interop.fhir import terms
from services.availability.interop.fhir.formats import instant, is_specialty_code, national_id, phone, structure_id
from services.availability.interop.fhir.terms import Ig
from services.availability.interop.fhir.values import CptsValue, PlaceValue, PractitionerValue, ScheduleValue, SlotValue

Resource = dict[str, Any]


def slot(value: SlotValue, *, with_cpts: bool) -> Resource:
    """A slot: for a search by CPTS with its CPTS, otherwise without any mention of them."""
    shown = with_cpts and "CPTS" in value.types and bool(value.cpts)
    types = [code for code in terms.SLOT_TYPES if code in value.types and (shown or code != "CPTS")]
    services = [_code(terms.ENCOUNTER, code) for code in terms.MODES if code in value.modes]
    if shown:
        services += [_cpts_service(cpts) for cpts in value.cpts]
    services += [{"text": reason} for reason in value.reasons]
    return {
        "resourceType": "Slot",
        "id": value.id,
        "meta": {
            "profile": [terms.SLOT_CPTS if shown else terms.SLOT],
            "security": [{"system": terms.SLOT_TYPE, "code": code} for code in types],
        },
        "serviceType": services,
        **({"specialty": [_specialty(value.specialty)]} if value.specialty else {}),
        "appointmentType": _code(terms.APPOINTMENT_TYPE, value.appointment),
        "schedule": {"reference": f"Schedule/{value.schedule.id}"},
        "status": "free",
        "start": instant(value.starts_at, value.schedule.place.insee),
        "end": instant(value.ends_at, value.schedule.place.insee),
        "comment": value.agenda_url,
    }


def schedule(value: ScheduleValue) -> Resource:
    """The agenda of one practitioner at one place."""
    return {
        "resourceType": "Schedule",
        "id": value.id,
        "meta": {"profile": [terms.SCHEDULE]},
        "actor": [
            {"reference": f"Practitioner/{value.practitioner.id}"},
            {"reference": f"PractitionerRole/{value.id}"},
        ],
    }


def practitioner(value: PractitionerValue) -> Resource:
    """The professional, by national identifier."""
    name = {"family": value.family, "given": [value.given]}
    known = {part: text for part, text in name.items() if text not in ("", [""])}
    return {
        "resourceType": "Practitioner",
        "id": value.id,
        "meta": {"profile": [terms.PRACTITIONER]},
        "identifier": [
            {
                "type": _code(terms.IDENTIFIER_TYPE, "IDNPS"),
                "system": terms.NATIONAL_ID,
                "value": national_id(value.rpps),
            }
        ],
        **({"name": [known]} if known else {}),
        **_telecom(value.phone),
    }


def role(value: ScheduleValue) -> Resource:
    """Where and for which structure the professional works; the place stands inside."""
    number = structure_id(finess=value.place.finess, siret=value.place.siret, rpps_rank=value.place.rpps_rank)
    identifier = {
        "type": _code(terms.IDENTIFIER_TYPE, "IDNST"),
        "system": terms.STRUCTURE_ID,
        "value": number,
    }
    return {
        "resourceType": "PractitionerRole",
        "id": value.id,
        "meta": {"profile": [terms.ROLE]},
        "contained": [location(value.place)],
        "practitioner": {"reference": f"Practitioner/{value.practitioner.id}"},
        **({"organization": {"identifier": identifier}} if number else {}),
        "location": [{"reference": f"#{value.place.id}"}],
        **_telecom(value.place.phone),
    }


def location(value: PlaceValue) -> Resource:
    """The place, always contained in a role."""
    return {
        "resourceType": "Location",
        "id": value.id,
        "meta": {"profile": [terms.LOCATION]},
        "address": {"line": [value.line], "city": value.city, "postalCode": value.postal_code},
    }


def healthcare_service(value: CptsValue) -> Resource:
    """The service by which a CPTS offers slots: one for each CPTS."""
    return {
        "resourceType": "HealthcareService",
        "id": cpts_key(value),
        "meta": {"profile": [terms.HEALTHCARE_SERVICE]},
        "providedBy": {"reference": f"Organization/{cpts_key(value)}"},
    }


def organization(value: CptsValue, ig: Ig) -> Resource:
    """A CPTS."""
    return {
        "resourceType": "Organization",
        "id": cpts_key(value),
        "meta": {"profile": [terms.ORGANIZATION]},
        "identifier": [
            {
                "type": _code(ig.organization_identifier_type, "IDNST"),
                "system": terms.STRUCTURE_ID,
                "value": structure_id(finess=value.finess),
            }
        ],
        "name": value.name,
        **_telecom(value.phone),
    }


def cpts_key(value: CptsValue) -> str:
    """The FHIR id of a CPTS."""
    return f"cpts-{value.finess}"


def _cpts_service(value: CptsValue) -> Resource:
    reference = {"reference": f"HealthcareService/{cpts_key(value)}"}
    return {
        "extension": [{"url": terms.SERVICE_TYPE_R5, "valueReference": reference}],
        **_code(terms.STRUCTURE_CATEGORY, terms.CPTS_CATEGORY),
    }


def _specialty(value: str) -> Resource:
    return _code(terms.SPECIALTY, value) if is_specialty_code(value) else {"text": value}


def _code(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def _telecom(number: str) -> Resource:
    shown = phone(number)
    return {"telecom": [{"system": "phone", "value": shown}]} if shown else {}
