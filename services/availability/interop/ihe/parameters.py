"""What a caller asks: a FHIR `Parameters` resource or a query string, read into values. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from services.availability.interop.fhir.outcome import Malformed, Missing, RuleBroken
from services.availability.interop.fhir.query import parse_identifier
from services.availability.interop.fhir.reading import item, items, require_text, text
from shared.db.clock import PARIS
from shared.outside.asked import is_national_number
from shared.outside.nir import PatientNumberRefused
from shared.patients.patient import Patient
from shared.refusals import Invalid
from shared.typed.phones import link
from shared.wording.labels import wording

Pairs = Sequence[tuple[str, str]]
LONGEST = timedelta(days=31)
OWN = "ihe:"
"""Before the name that other software gives its request: no name of ours looks like it."""
MOST = 500
LONGEST_NAME = 36
_ELEMENTS = {"name": "Patient.name", "phone": "Patient.telecom", "birth_date": "Patient.birthDate"}
BOOKABLE = ("booked", "pending", "proposed")


@dataclass(frozen=True, slots=True)
class Search:
    """Which appointments could be had: within a window, of any of each kind that is named."""

    from_at: datetime
    to_at: datetime
    specialties: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    practitioners: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    finess: str = ""
    count: int = 100


@dataclass(frozen=True, slots=True)
class AppointmentOrder:
    """What is asked about one appointment: to take it, to move it to another slot, or to cancel it.

    `name`: what the caller calls their request; empty when they did not say.
    """

    appointment_id: UUID
    name: str = ""
    cancelled: bool = False
    reason: str = ""
    slot_id: UUID | None = None
    patient: Patient | None = None


def pairs_of(parameters: dict[str, Any]) -> Pairs:
    """The simple parameters of a `Parameters` resource, as a query string would say them."""
    found = []
    for each in items(parameters, "parameter"):
        values = [name for name in each if name.startswith("value")]
        if len(values) == 1:
            value = each[values[0]]
            said = _of_reference(value) if isinstance(value, dict) else str(value)
            found.append((require_text(each, "name"), said))
    return found


def _of_reference(value: dict[str, Any]) -> str:
    """A reference, by the resource's id or by its business identifier (`system|value`)."""
    if reference := text(value, "reference", longest=500):
        return reference
    identifier = item(value, "identifier") or value
    return f"{text(identifier, 'system')}|{text(identifier, 'value') or text(identifier, 'code')}"


def parse_search(pairs: Pairs, zone: ZoneInfo = PARIS) -> Search:
    """The window and the filters of `$find`; raises `Malformed`, `Missing`, `RuleBroken`."""
    for name in ("patient-reference", "patient-resource"):
        if any(key == name for key, _ in pairs):
            raise RuleBroken("Aucun patient n'est cherché ni connu ici.", field=name, rule="absent")
    from_at, to_at = (_moment(pairs, name, zone, end=name == "end") for name in ("start", "end"))
    if not timedelta() < to_at - from_at <= LONGEST:
        raise RuleBroken("La période est vide ou trop longue.", field="end", rule=f"at most {LONGEST.days} days")
    return Search(
        from_at=from_at,
        to_at=to_at,
        specialties=tuple(parse_identifier(value)[1] for value in _all(pairs, "specialty")),
        modes=tuple(parse_identifier(value)[1] for value in _all(pairs, "visit-type")),
        practitioners=tuple(key_of(value) for value in _all(pairs, "practitioner")),
        places=tuple(key_of(value) for value in _all(pairs, "location-reference")),
        finess="".join(_all(pairs, "organization")[:1]).rpartition("/")[2].rpartition("|")[2].removeprefix("cpts-"),
        count=count_of(pairs),
    )


def count_of(pairs: Pairs) -> int:
    """How many are wanted at most; raises `Malformed`."""
    said = _all(pairs, "_count")
    if said and not (said[-1].isascii() and said[-1].isdecimal() and len(said[-1]) < 7):
        raise Malformed("Nombre illisible.", field="_count", value=said[-1][:40], rule="a whole number")
    return min(int(said[-1]), MOST) if said else 100


def _all(pairs: Pairs, name: str) -> list[str]:
    return [part for key, value in pairs if key == name for part in value.split(",") if part]


def key_of(reference: str) -> str:
    """What a reference names: the id of `Practitioner/…`, or the RPPS of an identifier."""
    found = reference.rpartition("/")[2].rpartition("|")[2]
    return found[-11:] if found.isdecimal() and len(found) in (11, 12) else found


def _moment(pairs: Pairs, name: str, zone: ZoneInfo, *, end: bool) -> datetime:
    said = [value for key, value in pairs if key == name]
    if len(said) != 1:
        raise Missing(f"Le paramètre `{name}` manque ou se répète.", field=name, rule="1..1")
    return instant_of(said[0], name, zone, end=end)


def instant_of(said: str, name: str, zone: ZoneInfo = PARIS, *, end: bool) -> datetime:
    """A date or an instant; a bare date is its first instant or its last, and no offset means `zone`."""
    try:
        # An unencoded `+` may have been sent as a space.
        moment = datetime.fromisoformat(said.replace(" ", "+"))
        if len(said) == len("2026-11-24"):
            moment = datetime.combine(date.fromisoformat(said), time.max if end else time.min)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Malformed("Date illisible.", field=name, value=said[:40], rule="YYYY-MM-DDThh:mm:ss+hh:mm") from None


def parse_order(parameters: dict[str, Any]) -> AppointmentOrder:
    """The appointment of `$hold` or `$book`, and what is wanted of it; raises `Malformed`, `Missing`, `Invalid`."""
    given = {require_text(each, "name"): each for each in items(parameters, "parameter")}
    patient = _patient(item(given["patient-resource"], "resource")) if "patient-resource" in given else None
    for name in ("appointment-reference", "appt-reference"):
        if name in given:
            target = require_text(item(given[name], "valueReference"), "reference", longest=500)
            return AppointmentOrder(uuid_of(target, name), patient=patient)
    for name in ("appointment-resource", "appt-resource"):
        if name in given:
            return _from_resource(item(given[name], "resource"), patient)
    raise Missing("Dites quel rendez-vous.", field="appointment-reference", rule="1..1")


def _from_resource(resource: dict[str, Any], patient: Patient | None) -> AppointmentOrder:
    if resource.get("resourceType") != "Appointment":
        raise Malformed("Ce n'est pas un rendez-vous.", field="resourceType", rule="Appointment")
    status = require_text(resource, "status")
    if status not in (*BOOKABLE, "cancelled"):
        raise RuleBroken(
            "Ce statut ne se demande pas.", field="Appointment.status", value=status, rule="booked, cancelled"
        )
    slots = [
        uuid_of(require_text(each, "reference", longest=500), "Appointment.slot") for each in items(resource, "slot")
    ]
    if len(slots) > 1:
        raise RuleBroken("Un rendez-vous tient dans un créneau.", field="Appointment.slot", rule="0..1")
    names = [text(each, "value", longest=LONGEST_NAME) for each in items(resource, "identifier")]
    return AppointmentOrder(
        uuid_of(require_text(resource, "id"), "Appointment.id"),
        name=next(iter(names), ""),
        cancelled=status == "cancelled",
        reason=text(item(resource, "cancelationReason"), "text"),
        slot_id=slots[0] if slots else None,
        patient=patient,
    )


def _patient(resource: dict[str, Any]) -> Patient:
    """What a practitioner needs of who comes; raises `Invalid` for a number of theirs, which is not taken."""
    if items(resource, "identifier"):
        raise RuleBroken("Aucun numéro de patient n'est pris ici.", field="Patient.identifier", rule="absent")
    name = next(iter(items(resource, "name")), {})
    given = [str(each) for each in name.get("given", [])] if isinstance(name.get("given", []), list) else []
    phones = [text(each, "value") for each in items(resource, "telecom") if text(each, "system") in ("phone", "sms")]
    said = {
        "name": text(name, "text") or " ".join([text(name, "family"), *given]).strip(),
        "phone": next((each for each in phones if link(each)), next(iter(phones), "")),
        "birth_date": text(resource, "birthDate") or None,
    }
    try:
        patient = Patient.model_validate(said)
    except ValidationError as error:
        if any(is_national_number(each) for each in error.errors()):
            raise PatientNumberRefused(field="Patient", rule="no NIR, no INS identifier") from None
        raise _wrong_patient(error) from None
    patient.refuse_national_numbers()
    return patient


def _wrong_patient(error: ValidationError) -> Invalid:
    """Which element of the patient does not fit, and what does. The value is not repeated: it is a patient's."""
    fault = error.errors()[0]
    element = _ELEMENTS[str(fault["loc"][0])]
    rule = wording().rule(fault["type"], fault.get("ctx", {}))
    return Invalid(f"{element} : {rule}.", field=element, rule=rule)


def uuid_of(reference: str, field: str) -> UUID:
    """The id at the end of a reference; raises `Malformed`."""
    try:
        return UUID(reference.rpartition("/")[2])
    except ValueError:
        raise Malformed(
            "Cette référence n'est pas des nôtres.", field=field, value=reference[:80], rule="a UUID"
        ) from None
