"""Messages of the SAMU hub: read, answered, and valid by the hub's own schemas."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from services.matching.hub import messages
from services.matching.hub.case import UNSCHEDULED, case_of
from services.matching.hub.messages import HubRefusal, Outgoing, Regulator, ServedBy, read_received
from services.matching.hub.schemas import HubSchemas
from tests.hub_cases import NIR, SAMU, a_case, a_message, said

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
US = "fr.health.test.cpts"
REGULATOR = Regulator("Essai", "Une", "regulation@exemple.invalid")


@pytest.fixture(scope="module")
def schemas(reference: Path) -> HubSchemas:
    return HubSchemas(reference / "samu-hub" / "json-schema")


def test_a_case_says_where_how_soon_and_who() -> None:
    case = case_of(read_received(a_message(a_case())).body)
    assert (case.perimeter, case.urgency, case.insee) == ("SNP", 2, "48095")
    assert (case.professions, case.modes, case.age) == (("10",), ("AMB",), 76)
    assert (case.name, case.phone, case.birth_date) == ("Fictive Essai", "+33600000000", date(1950, 2, 3))


def test_national_numbers_are_left_behind() -> None:
    body = a_case()
    body["patient"][0]["identity"]["nonStrictFeatures"]["complete"] = f"Fictive {NIR}"
    body["initialAlert"]["caller"]["callerContact"]["detail"] = NIR
    case = case_of(body)
    assert (case.name, case.phone) == ("", "")
    assert NIR not in repr(case)


@pytest.mark.parametrize(("written", "years"), [("P3M", 0), ("P18M", 1), ("P104W", 2), ("P999Y", None), ("76", None)])
def test_an_age_is_in_whole_years(written: str, years: int | None) -> None:
    body = a_case()
    body["patient"][0]["detail"]["age"] = written
    assert case_of(body).age == years


def test_corsica_is_known_by_its_point_alone() -> None:
    coord = {"lat": 41.926, "lon": 8.737, "precision": "VILLE"}
    place = {"geometry": {"datetime": "2026-11-24T08:56:00+01:00", "point": {"coord": coord}}}
    case = case_of(a_case(location=place))
    assert (case.insee, case.point) == ("", (41.926, 8.737))


@pytest.mark.parametrize(
    "broken",
    [None, [], "x", {}, {"distributionID": "x"}, {"distributionID": "x", "senderID": "y", "content": []}],
)
def test_what_is_no_message_is_refused(broken: object) -> None:
    with pytest.raises(HubRefusal):
        read_received(broken)


def test_a_message_with_two_use_cases_is_refused() -> None:
    message = a_message(a_case())
    said(message)["reference"] = {"distributionID": "x"}
    with pytest.raises(HubRefusal):
        read_received(message)


@pytest.mark.reference
def test_our_case_is_valid_and_a_bent_one_is_not_and_its_values_are_not_repeated(schemas: HubSchemas) -> None:
    good = a_message(a_case())
    assert schemas.faults(good, read_received(good)) == []
    bad = a_message(a_case(caseId="Fictive Essai", creation="2026-11-24T08:55:00.000Z"))
    faults = schemas.faults(bad, read_received(bad))
    assert faults == ["createCaseHealth.caseId: pattern", "createCaseHealth.creation: pattern"]


SERVED = ServedBy("19999999999", "FICTIF", "Essai", "10", "SM54", "finess:130000001", "Cabinet fictif", NOW)


def told(served: ServedBy | None, *, status: str = "booked", first: bool = True) -> dict[str, Any]:
    return messages.appointment(
        "1", status, starts_at=NOW, created_at=NOW, regulator=REGULATOR, first=first, served=served
    )


def test_an_appointment_says_who_where_and_until_when() -> None:
    said_of = told(SERVED)
    assert said_of["practitioner"] == {
        "rppsId": "819999999999",
        "lastName": "FICTIF",
        "firstName": "Essai",
        "specialityCode": "SM54",
        "specialityUrl": messages.SPECIALTIES,
        "professionCode": "10",
        "professionUrl": messages.TRADES,
    }
    assert said_of["organization"] == {"organizationId": "130000001", "name": "Cabinet fictif"}
    assert said_of["end"] == "2026-11-24T09:00:00+01:00"


@pytest.mark.parametrize(
    ("changes", "absent"),
    [
        ({"rpps": "99900000001"}, {"practitioner"}),
        ({"place_key": "essai:1"}, {"organization"}),
        ({"place_key": "", "place_name": ""}, {"organization"}),
        ({"place_key": "siret:12345678901234", "place_name": ""}, {"organization"}),
    ],
)
def test_what_the_hub_has_no_room_for_is_left_out(changes: dict[str, str], absent: set[str]) -> None:
    assert {"practitioner", "organization"} - told(replace(SERVED, **changes)).keys() == absent  # type: ignore[arg-type]


def test_a_speciality_that_is_a_wording_is_left_out() -> None:
    assert "specialityCode" not in told(replace(SERVED, specialty="Médecine générale"))["practitioner"]


OUTGOING = [
    messages.acknowledgement(read_received(a_message(a_case()))),
    messages.acknowledgement(read_received(a_message(a_case())), refused=True),
    messages.rejection(read_received(a_message(a_case())), ["location: missing"]),
    *(
        Outgoing(SAMU, "Report", {messages.APPOINTMENT: told(served, status=status, first=first)})
        for status in ("booked", "fulfilled", "noshow", "cancelled")
        for first in (True, False)
        for served in (None, SERVED, replace(SERVED, rpps="99900000001", place_key="essai:1"))
    ),
]
ANSWERS: list[dict[str, Any]] = [messages.envelope(each, us=US, now=NOW) for each in OUTGOING]


@pytest.mark.reference
@pytest.mark.parametrize("answer", ANSWERS)
def test_what_we_answer_is_valid_by_the_hubs_schemas(schemas: HubSchemas, answer: dict[str, Any]) -> None:
    assert schemas.faults(answer, read_received(answer)) == []


def test_times_have_no_fraction_and_no_z() -> None:
    assert messages.instant(NOW.replace(microsecond=5)) == "2026-11-24T09:00:00+01:00"


@pytest.mark.reference
def test_the_official_samples_are_read(reference: Path, schemas: HubSchemas) -> None:
    files = sorted((reference / "samu-hub" / "samples" / "RS-EDA").glob("*.json"))
    assert files
    for file in files:
        (body,) = json.loads(file.read_text("utf-8")).values()
        message = a_message(body)
        assert schemas.faults(message, read_received(message)) == [], file.name
        assert case_of(body).perimeter != UNSCHEDULED
