"""Slots published by other editors with the same protocol: their bundles → our values.

Official examples omit systems, comments and search modes: what is not needed is not demanded.
"""

import re
from datetime import datetime
from typing import Any

from services.availability.interop.fhir import terms
from services.availability.interop.fhir.outcome import Malformed, Missing
from services.availability.interop.fhir.reading import codings, item, items, parse_resource, require_text, text
from services.availability.interop.fhir.values import CptsValue, PlaceValue, PractitionerValue, ScheduleValue, SlotValue
from shared.db.clock import PARIS

_Index = dict[str, dict[str, Any]]


def parse_searchset(content: bytes) -> dict[str, Any]:
    """One page of an answer, not looked into yet; raises `Malformed`."""
    bundle = parse_resource(content, "Bundle")
    if bundle.get("type") != "searchset":
        raise Malformed("Ce n'est pas une réponse à une recherche.", field="Bundle.type", rule="searchset")
    return bundle


def parse_bundle(bundle: dict[str, Any]) -> list[SlotValue]:
    """The slots of a searchset with all they refer to; raises `Malformed` or `Missing`. Slots not free are left out."""
    found = [item(entry, "resource") for entry in items(bundle, "entry")]
    index = {f"{text(each, 'resourceType')}/{text(each, 'id')}": each for each in found}
    slots = [each for each in found if each.get("resourceType") == "Slot" and each.get("status") == "free"]
    return [_slot(slot, index) for slot in slots]


def _slot(slot: dict[str, Any], index: _Index) -> SlotValue:
    services = items(slot, "serviceType")
    coded = [pair for service in services for pair in codings(service)]
    appointment = [code for system, code in codings(item(slot, "appointmentType")) if system == terms.APPOINTMENT_TYPE]
    specialties = [next((code for _, code in codings(each)), text(each, "text")) for each in items(slot, "specialty")]
    starts_at, ends_at = _instant(slot, "start"), _instant(slot, "end")
    if ends_at <= starts_at:
        raise Malformed("Le créneau finit avant de commencer.", field="Slot.end", rule="start < end")
    return SlotValue(
        id=require_text(slot, "id"),
        schedule=_schedule(_name_referrer(item(slot, "schedule"), index), index),
        starts_at=starts_at,
        ends_at=ends_at,
        types=tuple(text(label, "code") for label in items(item(slot, "meta"), "security")),
        modes=tuple(code for system, code in coded if system == terms.ENCOUNTER),
        agenda_url=text(slot, "comment", longest=2000),
        appointment=appointment[0] if appointment else "ROUTINE",
        specialty=specialties[0] if specialties else "",
        reasons=tuple(filter(None, (text(service, "text") for service in services))),
        cpts=tuple(_cpts(extension, index) for service in services for extension in items(service, "extension")),
    )


def _schedule(schedule: dict[str, Any], index: _Index) -> ScheduleValue:
    actors = {
        each.get("resourceType"): each for each in (_name_referrer(ref, index) for ref in items(schedule, "actor"))
    }
    if not {"Practitioner", "PractitionerRole"} <= actors.keys():
        raise Missing("L'agenda ne dit pas de qui il est.", field="Schedule.actor", rule="practitioner and role")
    role = actors["PractitionerRole"]
    return ScheduleValue(require_text(schedule, "id"), _practitioner(actors["Practitioner"]), _place(role))


def _practitioner(resource: dict[str, Any]) -> PractitionerValue:
    numbers = [text(each, "value") for each in items(resource, "identifier")]
    rpps = [number[-11:] for number in numbers if re.fullmatch(r"8?\d{11}", number, re.ASCII)]
    if not rpps:
        raise Missing("Le RPPS manque.", field="Practitioner.identifier", rule="8 and the RPPS' 11 digits")
    name = next(iter(items(resource, "name")), {})
    given = name.get("given") or [""]
    first = {"given": given[0] if isinstance(given, list) else given}
    return PractitionerValue(
        require_text(resource, "id"), rpps[0], text(name, "family"), text(first, "given"), _phone(resource)
    )


def _place(role: dict[str, Any]) -> PlaceValue:
    contained = [each for each in items(role, "contained") if each.get("resourceType") == "Location"]
    if not contained:
        raise Missing("Le lieu manque.", field="PractitionerRole.contained", rule="1..*")
    address = item(contained[0], "address")
    lines = address.get("line")
    number = text(item(item(role, "organization"), "identifier"), "value")
    kinds = {"1": "finess", "3": "siret", "4": "rpps_rank"}
    known = {kinds[number[0]]: number[1:]} if number[:1] in kinds else {}
    return PlaceValue(
        id=require_text(contained[0], "id"),
        line=text({"line": lines[0] if isinstance(lines, list) and lines else ""}, "line"),
        postal_code=text(address, "postalCode"),
        city=text(address, "city"),
        phone=_phone(role),
        **known,
    )


def _cpts(extension: dict[str, Any], index: _Index) -> CptsValue:
    service = _name_referrer(item(extension, "valueReference"), index)
    organization = _name_referrer(item(service, "providedBy"), index)
    numbers = [text(each, "value") for each in items(organization, "identifier")]
    finess = next((number[1:] for number in numbers if re.fullmatch(r"1\d{9}", number, re.ASCII)), "")
    return CptsValue(require_text(organization, "id"), finess, text(organization, "name"), _phone(organization))


def _phone(resource: dict[str, Any]) -> str:
    return next((text(each, "value") for each in items(resource, "telecom") if text(each, "system") == "phone"), "")


def _name_referrer(reference: dict[str, Any], index: _Index) -> dict[str, Any]:
    target = require_text(reference, "reference", longest=500)
    found = index.get("/".join(target.split("/")[-2:]))
    if found is None:
        raise Missing(
            "Une ressource citée n'est pas dans la réponse.", field="reference", value=target, rule="included"
        )
    return found


def _instant(owner: dict[str, Any], name: str) -> datetime:
    said = require_text(owner, name)
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        raise Malformed(
            "Instant illisible.", field=name, value=said[:40], rule="YYYY-MM-DDThh:mm:ss.sss+hh:mm"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=PARIS)
