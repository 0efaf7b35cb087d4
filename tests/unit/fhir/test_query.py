"""Reading the search that the SAS sends."""

from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.availability.interop.fhir.outcome import (
    FhirRefusal,
    Malformed,
    Missing,
    NotJson,
    NotJsonSent,
    RuleBroken,
    outcome,
)
from services.availability.interop.fhir.query import Include, accept_header, content_header, parse_slot_query

SYSTEM = "urn:oid:1.2.250.1.71.4.2.1"
WHO = f"schedule.actor:Practitioner.identifier={SYSTEM}|810002909371"
WINDOW = "start=ge2024-06-12T16:20:00.000+02:00&start=le2024-06-15T16:20:00.000+02:00"
INDIVIDUAL = f"_include=Slot:schedule&_include:iterate=Schedule:actor&{WINDOW}&{WHO}&status=free"
BY_CPTS = f"{INDIVIDUAL}&_include=Slot:service-type-reference&_include:iterate=HealthcareService:organization"


def test_the_official_individual_search_is_read() -> None:
    query = parse_slot_query(INDIVIDUAL.encode())
    assert query.rpps == ("10002909371",)
    assert query.from_at == datetime(2024, 6, 12, 14, 20, tzinfo=UTC)
    assert query.to_at == datetime(2024, 6, 15, 14, 20, tzinfo=UTC)
    assert query.includes == {Include.SCHEDULE, Include.ACTOR}
    assert not query.by_cpts


def test_the_official_search_by_cpts_is_read() -> None:
    query = parse_slot_query(BY_CPTS.encode())
    assert query.by_cpts
    assert query.includes == set(Include)


def test_a_raw_bar_an_encoded_one_and_a_wholly_encoded_query_say_the_same() -> None:
    encoded = "&".join(
        f"{quote(key, safe='')}={quote(value, safe='')}"
        for key, _, value in (pair.partition("=") for pair in BY_CPTS.split("&"))
    )
    readings = [parse_slot_query(text.encode()) for text in (BY_CPTS, BY_CPTS.replace("|", "%7C"), encoded)]
    assert readings[0] == readings[1] == readings[2]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("2026-11-23T10:00:00.000", datetime(2026, 11, 23, 9, 0, tzinfo=UTC)),
        ("2026-07-23T10:00:00.000", datetime(2026, 7, 23, 8, 0, tzinfo=UTC)),
        ("2026-11-23T10:00:00Z", datetime(2026, 11, 23, 10, 0, tzinfo=UTC)),
        ("2026-11-23T10:00:00 01:00", datetime(2026, 11, 23, 9, 0, tzinfo=UTC)),
        ("2026-11-23T10:00:00%2B01:00", datetime(2026, 11, 23, 9, 0, tzinfo=UTC)),
        ("2026-11-23T10:00-02:00", datetime(2026, 11, 23, 12, 0, tzinfo=UTC)),
        ("2026-11-23", datetime(2026, 11, 22, 23, 0, tzinfo=UTC)),
        ("2026-11-23T10:00:00.1234567+00:00", datetime(2026, 11, 23, 10, 0, 0, 123456, tzinfo=UTC)),
    ],
)
def test_an_instant_may_lack_its_offset_its_seconds_or_its_time(said: str, expected: datetime) -> None:
    last = "2026-07-30" if "-07-" in said else "2026-12-01"
    query = parse_slot_query(f"start=ge{said}&start=le{last}&{WHO}&status=free".encode())
    assert query.from_at == expected


def test_a_bare_last_day_is_searched_to_its_end_in_paris() -> None:
    query = parse_slot_query(f"start=ge2026-11-23&start=le2026-11-25&{WHO}&status=free".encode())
    assert query.to_at == datetime(2026, 11, 25, 22, 59, 59, 999999, tzinfo=UTC)


@pytest.mark.parametrize("value", ["810002909371", "10002909371", f"{SYSTEM}|10002909371", f"{SYSTEM}%7C810002909371"])
def test_an_identifier_is_found_with_or_without_system_and_prefix(value: str) -> None:
    query = parse_slot_query(f"{WINDOW}&schedule.actor:Practitioner.identifier={value}&status=free".encode())
    assert query.rpps == ("10002909371",)


def test_twenty_five_professionals_may_be_asked_for_at_once() -> None:
    names = ",".join(f"{SYSTEM}|8{10000000000 + number}" for number in range(25))
    query = parse_slot_query(f"{WINDOW}&schedule.actor:Practitioner.identifier={names}&status=free".encode())
    assert len(query.rpps) == 25


def test_unknown_parameters_are_ignored() -> None:
    assert parse_slot_query(
        f"{INDIVIDUAL}&_sort=start&searchFilter=x&_include=Slot:other".encode()
    ) == parse_slot_query(INDIVIDUAL.encode())


REFUSED = [
    ("no parameter", "", Missing),
    ("no status", f"{WINDOW}&{WHO}", Missing),
    ("empty status", f"{WINDOW}&{WHO}&status=", Malformed),
    ("busy slots", f"{WINDOW}&{WHO}&status=busy", RuleBroken),
    ("two statuses", f"{WINDOW}&{WHO}&status=free&status=free", Malformed),
    ("no start", f"{WHO}&status=free", Missing),
    ("no end of window", f"start=ge2026-11-23&{WHO}&status=free", Missing),
    ("no beginning", f"start=le2026-11-23&{WHO}&status=free", Missing),
    ("three bounds", f"{WINDOW}&start=le2026-11-23&{WHO}&status=free", Malformed),
    ("gt instead of ge", f"start=gt2026-11-23&start=le2026-11-24&{WHO}&status=free", Malformed),
    ("no prefix", f"start=2026-11-23&start=le2026-11-24&{WHO}&status=free", Malformed),
    ("bounds crossed", f"start=ge2026-11-24&start=le2026-11-22&{WHO}&status=free", RuleBroken),
    ("two months", f"start=ge2026-10-01&start=le2026-12-01&{WHO}&status=free", RuleBroken),
    ("a year only", f"start=ge2026&start=le2026-11-24&{WHO}&status=free", Malformed),
    ("no such day", f"start=ge2026-02-30&start=le2026-03-01&{WHO}&status=free", Malformed),
    ("no such hour", f"start=ge2026-11-23T25:00&start=le2026-11-24&{WHO}&status=free", Malformed),
    ("no such offset", f"start=ge2026-11-23T10:00%2B99:00&start=le2026-11-24&{WHO}&status=free", Malformed),
    ("before all time", f"start=ge0001-01-01T00:00:00%2B10:00&start=le2026-11-24&{WHO}&status=free", Malformed),
    ("year 0", f"start=ge0000-01-01&start=le2026-11-24&{WHO}&status=free", Malformed),
    ("Arabic digits", f"start=ge{quote('٢٠٢٦')}-11-23&start=le2026-11-24&{WHO}&status=free", Malformed),
    ("nobody", f"{WINDOW}&status=free", Missing),
    ("empty identifier", f"{WINDOW}&schedule.actor:Practitioner.identifier=&status=free", Malformed),
    ("system alone", f"{WINDOW}&schedule.actor:Practitioner.identifier={SYSTEM}|&status=free", Malformed),
    ("trailing comma", f"{WINDOW}&{WHO},&status=free", Malformed),
    ("letters", f"{WINDOW}&schedule.actor:Practitioner.identifier={SYSTEM}|abc&status=free", Malformed),
    (
        "other system",
        f"{WINDOW}&schedule.actor:Practitioner.identifier=urn:oid:1.2.3|810002909371&status=free",
        RuleBroken,
    ),
    ("26 people", f"{WINDOW}&{WHO}{',810002909371' * 25}&status=free", RuleBroken),
    ("asked twice", f"{WINDOW}&{WHO}&{WHO}&status=free", Malformed),
    ("count of letters", f"{INDIVIDUAL}&_count=many", Malformed),
    ("negative count", f"{INDIVIDUAL}&_count=-1", Malformed),
    ("XML", f"{INDIVIDUAL}&_format=xml", NotJson),
    ("NUL", f"{INDIVIDUAL}&x=%00", Malformed),
    ("broken UTF-8", f"{INDIVIDUAL}&x=%ff%fe", Malformed),
]


@pytest.mark.parametrize(("query", "kind"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_a_wrong_search_is_refused_with_what_to_change(query: str, kind: type[FhirRefusal]) -> None:
    with pytest.raises(kind) as refused:
        parse_slot_query(query.encode())
    said = outcome(refused.value)["issue"][0]
    assert said["severity"] == "error"
    assert said["details"]["text"]
    assert said["diagnostics"]


@given(st.binary(max_size=120))
def test_no_query_string_at_all_can_break_the_reading(raw: bytes) -> None:
    for query in (raw, INDIVIDUAL.encode() + b"&" + raw, raw + b"&" + INDIVIDUAL.encode()):
        with suppress(FhirRefusal):
            parse_slot_query(query)


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "*/*",
        "application/fhir+json",
        "application/json+fhir",
        "application/json",
        "application/fhir+json; fhirVersion=4.0",
        "application/xml, application/json;q=0.1",
        "text/html,application/*;q=0.8",
    ],
)
def test_every_way_to_ask_for_json_is_accepted(accept: str | None) -> None:
    accept_header(accept)


def test_who_wants_xml_only_is_told_that_json_is_served() -> None:
    with pytest.raises(NotJson):
        accept_header("application/fhir+xml")


def test_a_body_must_be_declared_as_json() -> None:
    for kind in ("application/fhir+json", "application/json+fhir", "application/json; charset=utf-8"):
        content_header(kind)
    for other in (None, "text/plain", "application/fhir+xml"):
        with pytest.raises(NotJsonSent):
            content_header(other)
