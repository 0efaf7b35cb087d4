"""Messages of the SAMU hub (EDXL-DE in JSON): what comes in, and what is answered. Pure: no network, no base."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from shared.db.clock import PARIS
from shared.outside.untrusted import json_of, text_at
from shared.refusals import Refusal

CASE, CASE_CHANGE = "createCaseHealth", "createCaseHealthUpdate"
ACKNOWLEDGEMENT, ERROR, APPOINTMENT = "reference", "error", "appointment"
SCHEMAS = {
    CASE: "RS-EDA",
    CASE_CHANGE: "RS-EDA-MAJ",
    ACKNOWLEDGEMENT: "RC-REF",
    ERROR: "RS-ERROR",
    APPOINTMENT: "RS-SAS-RDV",
}
HEADER = frozenset({"messageId", "sender", "sentAt", "kind", "status", "recipient"})
CANCEL = "Cancel"
INVALID_MESSAGE = (300, "INVALID_MESSAGE")
LIFE = timedelta(days=1)
LARGEST, LONGEST_ID = 1_000_000, 200
SPECIALTIES = "https://mos.esante.gouv.fr/NOS/TRE_R38-SpecialiteOrdinale/FHIR/TRE-R38-SpecialiteOrdinale"
TRADES = "https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante"
_SPECIALTY = re.compile(r"[A-Z]{1,4}\d{2,3}", re.ASCII)
_RPPS_ID = re.compile(r"81[0-9]{10}", re.ASCII)
_PARTY = re.compile(r"[A-Za-z0-9_.-]{1,100}", re.ASCII)


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
    cancels: bool = False
    """Whether it takes back what was sent before."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to send: `content` is its use case, `message_id` its number for ever."""

    recipient: str
    kind: str
    content: Mapping[str, Any]
    message_id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True, slots=True)
class Regulator:
    """Who the appointment is told in the name of."""

    name: str
    first_name: str
    email: str


@dataclass(frozen=True, slots=True)
class ServedBy:
    """Who sees the patient, where and until when: what the directory publishes. `place_key` as `finess:130012345`."""

    rpps: str
    last_name: str
    first_name: str
    profession: str
    specialty: str
    place_key: str
    place_name: str
    ends_at: datetime


def read_received(envelope: object) -> Received:
    """What an envelope holds; raises `HubRefusal`. Times to live are the hub's business."""
    outer = _mapping(envelope, "message")
    address = read_address(outer)
    contents = outer.get("content")
    if not isinstance(contents, list) or len(contents) != 1:
        raise HubRefusal(field="content", rule="exactly one")
    inner = _mapping(_mapping(contents[0], "content").get("jsonContent"), "jsonContent")
    message = _mapping(_mapping(inner.get("embeddedJsonContent"), "embeddedJsonContent").get("message"), "message")
    use_cases = sorted(message.keys() - HEADER)
    if len(use_cases) != 1:
        raise HubRefusal("Un message porte un seul cas d'usage.", field="message", rule="exactly one use case")
    body = _mapping(message[use_cases[0]], use_cases[0])
    cancels = outer.get("distributionKind") == CANCEL
    return Received(address.distribution_id, address.sender, use_cases[0], body, cancels)


def parse_message(written: bytes) -> dict[str, Any]:
    """The object that the bytes of a message say; raises `HubRefusal`."""
    if len(written) > LARGEST:
        raise HubRefusal(rule=f"at most {LARGEST} bytes")
    try:
        found = json_of(written)
    except ValueError:
        raise HubRefusal(field="body", rule="JSON in UTF-8, without NUL") from None
    if not isinstance(found, dict):
        raise HubRefusal(field="body", rule="an object")
    return found


def read_address(envelope: Mapping[str, Any]) -> Addressed:
    """Whom to answer, about which message; raises `HubRefusal`."""
    distribution_id, sender = text_at(envelope, "distributionID"), text_at(envelope, "senderID")
    if not 1 <= len(distribution_id) <= LONGEST_ID:
        raise HubRefusal(field="distributionID", rule=f"1 to {LONGEST_ID} characters")
    if not _PARTY.fullmatch(sender):
        raise HubRefusal(field="senderID", rule=_PARTY.pattern)
    return Addressed(distribution_id, sender)


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
    appointment_id: str,
    status: str,
    *,
    starts_at: datetime,
    created_at: datetime,
    regulator: Regulator,
    first: bool,
    served: ServedBy | None = None,
    zone: ZoneInfo = PARIS,
) -> dict[str, Any]:
    """The body of an RS-SAS-RDV; the patient is not named."""
    return {
        "appointmentId": appointment_id,
        "method": "CreateAppointment" if first else "UpdateAppointment",
        "created": instant(created_at, zone),
        "start": instant(starts_at, zone),
        "status": status,
        "orientationCategory": "CPTS",
        **(_by_whom(served, zone) if served else {}),
        "regulator": {
            "regulatorName": regulator.name,
            "regulatorFirstname": regulator.first_name,
            "regulatorEmail": regulator.email,
        },
    }


def _by_whom(served: ServedBy, zone: ZoneInfo) -> dict[str, Any]:
    """Who, where and until when; left out is what the hub's schema has no room for, such as a number it refuses."""
    told: dict[str, Any] = {"end": instant(served.ends_at, zone)}
    # Some specialities are known by a wording alone.
    rpps_id, coded = f"8{served.rpps}", _SPECIALTY.fullmatch(served.specialty)
    if _RPPS_ID.fullmatch(rpps_id):
        told["practitioner"] = {
            "rppsId": rpps_id,
            "lastName": served.last_name,
            "firstName": served.first_name,
            **({"specialityCode": served.specialty, "specialityUrl": SPECIALTIES} if coded else {}),
            **({"professionCode": served.profession, "professionUrl": TRADES} if served.profession else {}),
        }
    kind, _, number = served.place_key.partition(":")
    if kind in ("finess", "siret") and number and served.place_name:
        told["organization"] = {"organizationId": number, "name": served.place_name}
    return told


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


def instant(at: datetime, zone: ZoneInfo = PARIS) -> str:
    """`2026-11-21T09:00:00+01:00`: no fraction, the offset of where it happens, never `Z`."""
    return at.astimezone(zone).isoformat(timespec="seconds")


def _mapping(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise HubRefusal(field=name, rule="an object")
    return value
