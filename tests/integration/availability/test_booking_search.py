"""The search for appointments that are there: each parameter narrows, and what is not known is said."""

from typing import Any

import httpx
import pytest

from services.availability.interop.ihe.existing import parse_existing
from tests.integration.availability.booking_desk import Desk, issue_of, resource

HOUR = "2026-11-24T11:00:00%2B01:00"


async def search(desk: Desk, query: str, **headers: str) -> httpx.Response:
    return await desk.pharmacy.get(f"/booking/Appointment?{query}", headers=headers)


async def starts(desk: Desk, query: str) -> list[str]:
    answer = await search(desk, query)
    assert answer.status_code == 200, answer.text
    return [entry["resource"]["start"][11:13] for entry in answer.json().get("entry", [])]


async def a_day(desk: Desk) -> list[str]:
    """Booked at 10, 11 and 12, cancelled at 14."""
    booked = [await desk.booked(await desk.slot(hours)) for hours in (1, 2, 3)]
    gone = await desk.booked(await desk.slot(5))
    assert (await desk.ask("book", resource(gone, "cancelled"))).status_code == 200
    return [*booked, gone]


async def test_each_parameter_narrows_the_list(desk: Desk) -> None:
    ids = await a_day(desk)
    me, place = desk.territory.practitioners[0], desk.territory.places[0]
    expected = {
        f"date=gt{HOUR}": ["12", "14"],
        f"date=sa{HOUR}": ["12", "14"],
        f"date=lt{HOUR}": ["10"],
        f"date=eb{HOUR}": ["10"],
        f"date=ge{HOUR}": ["11", "12", "14"],
        f"date=le{HOUR}": ["10", "11"],
        f"date={HOUR}": ["11"],
        "date=eq2026-11-24T11:00%2B01:00": ["11"],
        "date=ge2026-11-24T11:00:00+01:00": ["11", "12", "14"],
        "date=2026-11-24": ["10", "11", "12", "14"],
        "date=2026-11": ["10", "11", "12", "14"],
        "date=2026": ["10", "11", "12", "14"],
        "date=gt2026-11-24": [],
        "date=lt2026-11-24": [],
        "date=ge2026-11-24T12:00:00Z&date=ge2026-11-24T08:00:00Z": ["14"],
        f"date=gt2026-11-24T09:30:00Z&date=lt2026-11-24T11:30:00Z&date=ge{HOUR}": ["11", "12"],
        "status=cancelled": ["14"],
        "status:not=cancelled": ["10", "11", "12"],
        "status=booked,cancelled": ["10", "11", "12", "14"],
        "status=booked&status=cancelled": [],
        "status=http://hl7.org/fhir/appointmentstatus|booked": ["10", "11", "12"],
        "status=urn%3Ax%7Cbooked": [],
        f"practitioner={me}": ["10", "11", "12", "14"],
        f"practitioner:Practitioner={me}": ["10", "11", "12", "14"],
        f"actor=Practitioner/{me}": ["10", "11", "12", "14"],
        f"actor=Location/{place}": ["10", "11", "12", "14"],
        f"location=Location/{place}": ["10", "11", "12", "14"],
        f"actor=Practitioner/{place}": [],
        f"_id={ids[1]}": ["11"],
        f"_id={ids[1]},{ids[2]}": ["11", "12"],
        "identifier=nobody": [],
        "date:missing=true": [],
        "date:missing=false&status=booked": ["10", "11", "12"],
        "_count=0": [],
        "_summary=count": [],
    }
    assert {query: await starts(desk, query) for query in expected} == expected
    assert (await search(desk, "_summary=count")).json()["total"] == 4


@pytest.mark.parametrize(
    "query",
    [
        "status:text=booked", "date:not=2026-11-24", "practitioner:Patient=1", "_id:exact=1", "date=ne2026-11-24",
        "date=2026-13", "date=20261124", "date=gt", "date:missing=peut-etre", "_offset=-1", "identifier:of-type=a",
    ],
)  # fmt: skip
async def test_a_modifier_or_a_value_that_is_not_known_is_refused(desk: Desk, query: str) -> None:
    answer = await search(desk, query)
    assert answer.status_code == 400, answer.text
    assert issue_of(answer)["diagnostics"]


async def test_an_unknown_parameter_is_left_out_unless_the_caller_is_strict(desk: Desk) -> None:
    assert (await search(desk, "colour=blue")).status_code == 200
    strict = await search(desk, "colour=blue", prefer="return=minimal, handling=strict")
    assert (strict.status_code, "colour" in issue_of(strict)["diagnostics"]) == (400, True)
    assert (await search(desk, "status=booked", prefer="handling=strict")).status_code == 200


async def test_the_next_page_is_an_address_that_goes_on(desk: Desk) -> None:
    ids = await a_day(desk)
    found: list[str] = []
    query = "_count=3&date=ge2026-11-24T08:00:00%2B01:00"
    for _ in range(2):
        body: dict[str, Any] = (await search(desk, query)).json()
        assert body["total"] == 4
        found += [entry["resource"]["id"] for entry in body["entry"]]
        links = {link["relation"]: link["url"] for link in body["link"]}
        query = links.get("next", "").partition("?")[2]
    assert (found, query) == (ids, "")


def test_the_bounds_of_a_month_are_its_own() -> None:
    february = parse_existing([("date", "2028-02")], strict=False)
    assert february.from_at is not None
    assert february.before is not None
    assert (february.before - february.from_at).days == 29
