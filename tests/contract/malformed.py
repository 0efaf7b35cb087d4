"""A corpus of malformed messages: made by bending good ones, and by hand. The same at every run."""

import copy
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from services.availability.interop.fhir.bundle import searchset
from services.availability.interop.fhir.query import Include, SlotQuery
from services.availability.interop.fhir.terms import Ig
from services.availability.interop.sas.regulators import RegulatorValue, regulator
from tests.builders import MORNING
from tests.fhir_values import schedule as a_schedule
from tests.fhir_values import slot as a_slot
from tests.hub_cases import a_case, a_message, an_update
from tests.unit.availability.test_agendas import calendar
from tests.unit.fhir.test_query import INDIVIDUAL, REFUSED

Path = tuple[str | int, ...]
WRONG_VALUES: Sequence[Any] = (None, 0, "", [], {}, [[]])
GARBAGE: Sequence[bytes] = (
    b"",
    b"null",
    b"[]",
    b'"text"',
    b"12",
    b"{",
    b'{"a":',
    b"\xff\xfe",
    b"\x00",
    b"<xml/>",
    b"[" * 50_000,
    b'{"a":NaN}',
    b'{"resourceType":"Practitioner","identifier":"\\u0000"}',
)


def bent(whole: dict[str, Any], paths: Sequence[Path]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each of these elements left out, then replaced by each wrong value."""
    for path in paths:
        for wrong in ("left out", *WRONG_VALUES):
            changed = copy.deepcopy(whole)
            owner: Any = changed
            for step in path[:-1]:
                owner = owner[step]
            if owner[path[-1]] == wrong:
                continue
            if wrong == "left out":
                del owner[path[-1]]
            else:
                owner[path[-1]] = wrong
            yield f"{'.'.join(map(str, path))} {wrong!r}", changed


REGULATOR = regulator(
    RegulatorValue("Essai", "Une", "regulatrice@exemple.invalid", True, national_id="899000000001"), id="1"
)
IDENTIFIER: Path = ("identifier", 0)
NEEDED: Sequence[Path] = (
    ("resourceType",),
    ("identifier",),
    (*IDENTIFIER, "system"),
    (*IDENTIFIER, "value"),
    (*IDENTIFIER, "type"),
    (*IDENTIFIER, "type", "coding"),
    (*IDENTIFIER, "type", "coding", 0, "system"),
    (*IDENTIFIER, "type", "coding", 0, "code"),
    ("active",),
    ("name",),
    ("name", 0, "family"),
    ("name", 0, "given"),
    ("telecom",),
    ("telecom", 0, "system"),
    ("telecom", 0, "value"),
)
ACCOUNTS: list[tuple[str, bytes]] = [
    *((name, json.dumps(resource).encode()) for name, resource in bent(REGULATOR, NEEDED)),
    *((f"garbage {number}", body) for number, body in enumerate(GARBAGE)),
    *((f"cut at {at}", json.dumps(REGULATOR).encode()[:at]) for at in range(1, 500, 50)),
]


def with_parameter(name: str, value: str) -> str:
    """The good search with another value for one parameter."""
    rest = [each for each in INDIVIDUAL.split("&") if not each.startswith(name)]
    return "&".join([*rest, f"{name}={value}"])


def foreign_answer(rpps: str, *, then: str = "", agenda: str = "https://agenda.invalid/", days: float = 0) -> bytes:
    """What another editor answers: one slot of this practitioner, in three hours of tests' morning and `days`."""
    starts_at = MORNING + timedelta(hours=3, days=days)
    whose = a_schedule()
    person = replace(whose.practitioner, rpps=rpps, id=f"p{rpps}")
    ends_at = starts_at + timedelta(minutes=15)
    of = replace(whose, practitioner=person, id=f"s{rpps}")
    value = replace(a_slot(of=of), id=f"slot-{rpps}", agenda_url=agenda, starts_at=starts_at, ends_at=ends_at)
    query = SlotQuery((rpps,), starts_at, starts_at, frozenset(Include))
    bundle = json.loads(searchset([value], query, base="https://agenda.invalid/fhir", ig=Ig.V1_2_0))
    bundle["link"] += [{"relation": "next", "url": then}] if then else []
    return json.dumps(bundle).encode()


ANSWER = json.loads(foreign_answer("99900000011"))
OF: dict[str, Path] = {
    each["resource"]["resourceType"]: ("entry", at, "resource") for at, each in enumerate(ANSWER["entry"])
}
IN_SLOT, IN_SCHEDULE, IN_PERSON, IN_ROLE = (
    OF[kind] for kind in ("Slot", "Schedule", "Practitioner", "PractitionerRole")
)
ANSWERS: list[tuple[str, bytes]] = [
    *(
        (name, json.dumps(answer).encode())
        for name, answer in bent(
            ANSWER,
            (
                ("resourceType",),
                ("type",),
                (*IN_SLOT, "id"),
                (*IN_SLOT, "start"),
                (*IN_SLOT, "end"),
                (*IN_SLOT, "schedule"),
                (*IN_SLOT, "schedule", "reference"),
                (*IN_SCHEDULE, "id"),
                (*IN_SCHEDULE, "resourceType"),
                (*IN_SCHEDULE, "actor"),
                (*IN_SCHEDULE, "actor", 0, "reference"),
                (*IN_PERSON, "id"),
                (*IN_PERSON, "identifier"),
                (*IN_PERSON, "identifier", 0, "value"),
                (*IN_ROLE, "contained"),
                (*IN_ROLE, "contained", 0, "id"),
            ),
        )
    ),
    *((f"garbage {number}", body) for number, body in enumerate(GARBAGE)),
    *((f"cut at {at}", json.dumps(ANSWER).encode()[:at]) for at in range(1, 1500, 100)),
    ("half a character", json.dumps(ANSWER).replace("Toulouse", "\\ud800").encode()),
    ("ends before it starts", json.dumps(ANSWER).replace('"end": "2026', '"end": "1026').encode()),
    ("a date of no calendar", json.dumps(ANSWER).replace('"start": "2026-11', '"start": "2026-13').encode()),
]


SEARCHES: list[tuple[str, str]] = [
    *((name, query) for name, query, _ in REFUSED),
    *(
        (f"{name}={value[:20]}", with_parameter(name, value))
        for name in ("status", "start", "schedule.actor:Practitioner.identifier")
        for value in ("", "%00", "%ff", "|", ",", "'", "1;drop table slot", "%0d%0aX: y", "null", "9" * 500)
    ),
]
MESSAGE = a_message(a_case())
INSIDE: Path = ("content", 0, "jsonContent", "embeddedJsonContent", "message")
CASE: Path = (*INSIDE, "createCaseHealth")
UPDATE = an_update(
    a_case(),
    qualification={"details": {"priority": "P1"}},
    patient=[{"patientId": "fr.health.test.patient.1", "identity": {"strictFeatures": {"birthName": "Fictive"}}}],
    decision=a_case()["decision"],
)
UPDATED: Path = (*INSIDE, "createCaseHealthUpdate")
HUB: list[tuple[str, bytes]] = [
    *(
        (f"update: {name}", json.dumps(message).encode())
        for name, message in bent(
            UPDATE,
            (
                UPDATED,
                (*UPDATED, "caseId"),
                (*UPDATED, "patient", 0, "patientId"),
                (*UPDATED, "decision", 0, "creation"),
                (*UPDATED, "decision", 0, "decisionType"),
                (*UPDATED, "decision", 0, "operator"),
            ),
        )
    ),
    *(
        (name, json.dumps(message).encode())
        for name, message in bent(
            MESSAGE,
            (
                ("distributionID",),
                ("senderID",),
                ("descriptor",),
                ("distributionKind",),
                ("content",),
                ("content", 0, "jsonContent"),
                ("content", 0, "jsonContent", "embeddedJsonContent"),
                INSIDE,
                CASE,
                (*CASE, "caseId"),
                (*CASE, "creation"),
                (*CASE, "location"),
                (*CASE, "owner"),
                (*CASE, "patient", 0, "patientId"),
                (*CASE, "decision", 0, "decisionType"),
                (*CASE, "decision", 0, "operator"),
            ),
        )
    ),
    *((f"garbage {number}", body) for number, body in enumerate(GARBAGE[:-1])),
]
GOOD_EVENT = ("DTSTART:20261124T100000Z", "DTEND:20261124T110000Z")
AGENDAS: list[tuple[str, bytes]] = [
    *((f"garbage {number}", body) for number, body in enumerate(GARBAGE)),
    *(
        (f"{name} {value!r}", calendar(*GOOD_EVENT, f"{name}:{value}"))
        for name in ("RRULE", "EXDATE", "RDATE", "RECURRENCE-ID")
        for value in ("", "demain", "20269999T080000Z", "99", "FREQ=PARFOIS")
        # An empty list of dates is no fault: it says nothing.
        if value or name not in ("RDATE", "EXDATE")
    ),
    *(
        (f"DTEND {value!r}", calendar(GOOD_EVENT[0], f"DTEND:{value}"))
        for value in ("", "demain", "20269999T080000Z", "99", "FREQ=PARFOIS")
    ),
    *((f"DTSTART {value!r}", calendar(f"DTSTART:{value}")) for value in ("", "hier", "20261332", "24:00", "\t")),
    ("no start", calendar("DTEND:20261124T110000Z")),
    ("a broken free/busy", calendar("FREEBUSY:bientôt/PT1H", kind="VFREEBUSY")),
    ("a broken free/busy end", calendar("FREEBUSY:20261124T100000Z/jamais", kind="VFREEBUSY")),
    ("a web page", b"<!doctype html><html><body>Se connecter</body></html>"),
    ("an event alone", b"BEGIN:VEVENT\r\nDTSTART:20261124T100000Z\r\nEND:VEVENT\r\n"),
    ("too big", b"BEGIN:VCALENDAR\r\n" + b"X-A:b\r\n" * 800_000),
]

NOBODY = "01a2005a-0000-7000-8000-000000000000"
ORDER: dict[str, Any] = {
    "resourceType": "Parameters",
    "parameter": [
        {
            "name": "appointment-resource",
            "resource": {
                "resourceType": "Appointment",
                "id": NOBODY,
                "status": "booked",
                "identifier": [{"value": "dossier-1"}],
                "slot": [{"reference": f"Slot/{NOBODY}"}],
            },
        },
        {
            "name": "patient-resource",
            "resource": {"resourceType": "Patient", "name": [{"text": "Fictive"}], "birthDate": "1950-01-01"},
        },
    ],
}
ASKED: Path = ("parameter", 0, "resource")
ORDERS: list[tuple[str, bytes]] = [
    *(
        (name, json.dumps(order).encode())
        for name, order in bent(
            ORDER,
            (
                ("resourceType",),
                ("parameter",),
                ("parameter", 0, "name"),
                ASKED,
                (*ASKED, "resourceType"),
                (*ASKED, "id"),
                (*ASKED, "status"),
                (*ASKED, "identifier"),
                (*ASKED, "slot"),
                (*ASKED, "slot", 0, "reference"),
                ("parameter", 1, "resource"),
                ("parameter", 1, "resource", "name"),
                ("parameter", 1, "resource", "birthDate"),
            ),
        )
    ),
    *((f"garbage {number}", body) for number, body in enumerate(GARBAGE)),
]
