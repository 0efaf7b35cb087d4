"""Messages of the SAMU hub (EDXL-DE in JSON): a case that comes in, and what is answered. Pure: no network, no base.

A patient's national numbers stand in `externalId`: those are never read. Texts that hold one are left out.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from shared.clock import PARIS
from shared.nir import INS_OID, holds_nir
from shared.refusals import Refusal
from shared.untrusted import object_at, objects_at, text_at

CASE, ACKNOWLEDGEMENT, ERROR, APPOINTMENT = "createCaseHealth", "reference", "error", "appointment"
SCHEMAS = {CASE: "RS-EDA", ACKNOWLEDGEMENT: "RC-REF", ERROR: "RS-ERROR", APPOINTMENT: "RS-SAS-RDV"}
HEADER = frozenset({"messageId", "sender", "sentAt", "kind", "status", "recipient"})
UNSCHEDULED = "SNP"
INVALID_MESSAGE = (300, "INVALID_MESSAGE")
LIFE = timedelta(days=1)
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
LARGEST, LONGEST_ID = 1_000_000, 200
_PARTY = re.compile(r"[A-Za-z0-9_.-]{1,100}", re.ASCII)
_AGE = re.compile(r"P(\d{1,3})([YMWD])", re.ASCII)
_PHONE = re.compile(r"[0-9+ ().-]{4,30}", re.ASCII)
_IN_A_YEAR = {"Y": 1, "M": 12, "W": 52, "D": 365}


class HubRefusal(Refusal):
    """Ce message du hub n'est pas lisible."""

    code = "hub_message_refused"
    status = 422


@dataclass(frozen=True, slots=True)
class Addressed:
    """What is needed to answer a message, be it unreadable: its number, and from whom."""

    distribution_id: str
    sender: str


@dataclass(frozen=True, slots=True)
class Received(Addressed):
    """A message with its one use case."""

    use_case: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to send: `content` is its use case, `message_id` its number for ever."""

    recipient: str
    kind: str
    content: Mapping[str, Any]
    message_id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True, slots=True)
class Case:
    """What a request needs of a case. Unknown parts are empty; `point` is in degrees."""

    case_id: str
    perimeter: str
    urgency: int
    insee: str
    point: tuple[float, float] | None
    professions: tuple[str, ...]
    modes: tuple[str, ...]
    age: int | None
    name: str
    phone: str
    birth_date: date | None


@dataclass(frozen=True, slots=True)
class Regulator:
    """Who the appointment is told in the name of."""

    name: str
    first_name: str
    email: str


def received(envelope: object) -> Received:
    """What an envelope holds; raises `HubRefusal`. Times to live are the hub's business."""
    outer = _mapping(envelope, "message")
    address = addressed(outer)
    contents = outer.get("content")
    if not isinstance(contents, list) or len(contents) != 1:
        raise HubRefusal(field="content", rule="exactly one")
    inner = _mapping(_mapping(contents[0], "content").get("jsonContent"), "jsonContent")
    message = _mapping(_mapping(inner.get("embeddedJsonContent"), "embeddedJsonContent").get("message"), "message")
    use_cases = sorted(message.keys() - HEADER)
    if len(use_cases) != 1:
        raise HubRefusal("Un message porte un seul cas d'usage.", field="message", rule="exactly one use case")
    body = _mapping(message[use_cases[0]], use_cases[0])
    return Received(address.distribution_id, address.sender, use_cases[0], body)


def parsed(written: bytes) -> dict[str, Any]:
    """The object that the bytes of a message say; raises `HubRefusal`."""
    if len(written) > LARGEST:
        raise HubRefusal(rule=f"at most {LARGEST} bytes")
    try:
        found = json.loads(written, parse_constant=_no_constant)
        # A lone surrogate is JSON, and no text.
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise HubRefusal(field="body", rule="JSON in UTF-8") from None
    if not isinstance(found, dict) or "\\u0000" in written.decode("utf-8", "replace"):
        raise HubRefusal(field="body", rule="an object, without NUL")
    return found


def addressed(envelope: Mapping[str, Any]) -> Addressed:
    """Whom to answer, about which message; raises `HubRefusal`."""
    distribution_id, sender = text_at(envelope, "distributionID"), text_at(envelope, "senderID")
    if not 1 <= len(distribution_id) <= LONGEST_ID:
        raise HubRefusal(field="distributionID", rule=f"1 to {LONGEST_ID} characters")
    if not _PARTY.fullmatch(sender):
        raise HubRefusal(field="senderID", rule=_PARTY.pattern)
    return Addressed(distribution_id, sender)


def case_of(body: Mapping[str, Any]) -> Case:
    """Read an RS-EDA that its schema accepted."""
    details = object_at(object_at(body, "qualification"), "details")
    location = object_at(body, "location")
    decisions, patients = objects_at(body, "decision"), objects_at(body, "patient")
    patient = patients[0] if patients else {}
    wanted = [text_at(decision, "resourceType") for decision in decisions]
    places = [text_at(decision, "orientationType") for decision in decisions]
    return Case(
        case_id=text_at(body, "caseId"),
        perimeter=text_at(body, "perimeter"),
        urgency=URGENCY.get(text_at(details, "priority"), 3),
        insee=text_at(object_at(location, "city"), "inseeCode"),
        point=_point(location),
        professions=tuple(dict.fromkeys(PROFESSIONS[each] for each in wanted if each in PROFESSIONS)),
        modes=tuple(dict.fromkeys(MODES[each] for each in places if each in MODES)),
        age=_age(text_at(object_at(patient, "detail"), "age")),
        name=_name(object_at(patient, "identity")),
        phone=_phone(body),
        birth_date=_birth_date(object_at(patient, "identity")),
    )


def acknowledgement(of: Received, *, refused: bool = False) -> Outgoing:
    """RC-REF: the message is integrated, or is none of ours."""
    body = {"distributionID": of.distribution_id, "step": "INTEGRE", **({"refused": True} if refused else {})}
    return Outgoing(of.sender, "Ack", {ACKNOWLEDGEMENT: body})


def rejection(of: Addressed, causes: Sequence[str]) -> Outgoing:
    """RS-ERROR: the content is invalid. The causes name places and rules; the message's values are not repeated."""
    code, title = INVALID_MESSAGE
    body = {
        "errorCode": {"statusCode": code, "statusString": title},
        "errorCause": "; ".join(causes),
        "referencedDistributionID": of.distribution_id,
    }
    return Outgoing(of.sender, "Error", {ERROR: body})


def appointment(
    appointment_id: str, status: str, *, starts_at: datetime, created_at: datetime, regulator: Regulator, first: bool
) -> dict[str, Any]:
    """The body of an RS-SAS-RDV; the patient is not named."""
    return {
        "appointmentId": appointment_id,
        "method": "CreateAppointment" if first else "UpdateAppointment",
        "created": instant(created_at),
        "start": instant(starts_at),
        "status": status,
        "orientationCategory": "CPTS",
        "regulator": {
            "regulatorName": regulator.name,
            "regulatorFirstname": regulator.first_name,
            "regulatorEmail": regulator.email,
        },
    }


def envelope(outgoing: Outgoing, *, us: str, now: datetime) -> dict[str, Any]:
    """A message from us to one recipient, as it is sent now: sent again, it keeps its number."""
    message_id = f"{us}_{outgoing.message_id}"
    message = {
        "messageId": message_id,
        "sender": {"name": us, "URI": f"hubex:{us}"},
        "sentAt": instant(now),
        "kind": outgoing.kind,
        "status": "Actual",
        "recipient": [{"name": outgoing.recipient, "URI": f"hubex:{outgoing.recipient}"}],
        **outgoing.content,
    }
    return {
        "distributionID": message_id,
        "senderID": us,
        "dateTimeSent": instant(now),
        "dateTimeExpires": instant(now + LIFE),
        "distributionStatus": "Actual",
        "distributionKind": outgoing.kind,
        "descriptor": {
            "language": "fr-FR",
            "explicitAddress": {"explicitAddressScheme": "hubex", "explicitAddressValue": outgoing.recipient},
        },
        "content": [{"jsonContent": {"embeddedJsonContent": {"message": message}}}],
    }


def instant(at: datetime) -> str:
    """`2026-11-21T09:00:00+01:00`: no fraction, Paris' offset, never `Z`."""
    return at.astimezone(PARIS).isoformat(timespec="seconds")


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
    return next((_harmless(number) for number in numbers if _PHONE.fullmatch(number)), "")


def _harmless(text: str) -> str:
    return "" if holds_nir(text) or INS_OID.search(text) else text


def _no_constant(name: str) -> object:
    raise ValueError(name)


def _mapping(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise HubRefusal(field=name, rule="an object")
    return value
