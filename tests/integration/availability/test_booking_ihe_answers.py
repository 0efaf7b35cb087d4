"""Booking for other software: finding what is booked (ITI-118), and every refusal."""

from datetime import timedelta
from typing import Any

import pytest

from shared.auth import Role
from tests.builders import MORNING, show
from tests.contract.sas.test_examples import require_valid
from tests.integration.availability.booking_desk import Desk, issue_of, reference, resource


async def test_the_appointments_of_others_are_not_theirs_to_change(desk: Desk) -> None:
    mine = await desk.booked(await desk.slot())
    other = await desk.service.person(Role.PHARMACIST)
    refused = await desk.ask("book", resource(mine, "cancelled"), client=other)
    assert (refused.status_code, issue_of(refused)["code"]) == (403, "forbidden")
    assert (await other.get(f"/booking/Appointment/{mine}")).status_code == 404
    assert (await other.get("/booking/Appointment")).json()["total"] == 0


async def test_what_is_booked_is_found_by_status_date_and_practitioner(desk: Desk) -> None:
    booked = await desk.booked(await desk.slot(2))
    held = await desk.held(await desk.slot(3, index=1))

    async def found(**asked: Any) -> list[str]:
        answer = await desk.pharmacy.get("/booking/Appointment", params=asked)
        assert answer.status_code == 200, answer.text
        require_valid(answer.json())
        return [entry["resource"]["id"] for entry in answer.json().get("entry", [])]

    assert await found() == [booked, held]
    assert await found(status="booked") == [booked]
    assert await found(status="pending") == [held]
    assert await found(status="cancelled") == []
    assert await found(practitioner=f"Practitioner/{desk.territory.practitioners[1]}") == [held]
    assert await found(date="ge2026-11-24T10:30:00Z") == [held]
    assert await found(date="2026-11-24") == [booked, held]
    assert await found(date="lt2026-11-24") == []
    posted = await desk.pharmacy.post("/booking/Appointment/_search", data={"status": "booked"})
    assert posted.json()["total"] == 1
    nobody = (await desk.pharmacy.get("/booking/Appointment", params={"patient.identifier": "urn:x|1"})).json()
    assert (nobody["total"], nobody["entry"][0]["search"]["mode"]) == (0, "outcome")


async def test_a_hold_that_lapsed_is_refused_in_words(desk: Desk) -> None:
    held = await desk.held(await desk.slot())
    await show(desk.service.settings, MORNING + timedelta(minutes=6))
    refused = await desk.ask("book", reference(held))
    assert (refused.status_code, issue_of(refused)["code"]) == (409, "conflict")
    assert "délai" in issue_of(refused)["details"]["text"]


@pytest.mark.parametrize(
    ("parameters", "status", "code"),
    [
        ([], 400, "required"),
        ([{"name": "appointment-reference"}], 400, "required"),
        ([reference("not-an-id")], 400, "invalid"),
        ([reference("01a2005a-0000-7000-8000-000000000000")], 404, "not-found"),
        ([resource("01a2005a-0000-7000-8000-000000000000", "cancelled")], 404, "not-found"),
        ([resource("01a2005a-0000-7000-8000-000000000000", "arrived")], 422, "business-rule"),
        ([{"name": "appointment-resource", "resource": {"resourceType": "Slot"}}], 400, "invalid"),
        (
            [
                reference("01a2005a-0000-7000-8000-000000000000"),
                {"name": "patient-resource", "resource": {"resourceType": "Patient", "identifier": [{"value": "1"}]}},
            ],
            422,
            "business-rule",
        ),
        (
            [
                reference("01a2005a-0000-7000-8000-000000000000"),
                {"name": "patient-resource", "resource": {"resourceType": "Patient", "birthDate": "hier"}},
            ],
            422,
            "invalid",
        ),
    ],
)
async def test_each_refusal_is_an_outcome(desk: Desk, parameters: list[dict[str, Any]], status: int, code: str) -> None:
    answer = await desk.ask("book", *parameters)
    assert (answer.status_code, issue_of(answer)["code"]) == (status, code), answer.text


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("start=2026-11-24", 400),
        ("start=2026-11-24&start=2026-11-25&end=2026-11-26", 400),
        ("start=demain&end=2026-11-26", 400),
        ("start=2026-11-26&end=2026-11-24", 422),
        ("start=2026-11-24&end=2027-11-24", 422),
        ("start=2026-11-24&end=2026-11-25&_count=x", 400),
        ("start=2026-11-24&end=2026-11-25&patient-reference=Patient/1", 422),
        ("start=2026-11-24&end=2026-11-25&organization=Organization/cpts-990000002", 403),
    ],
)
async def test_a_search_that_cannot_be_is_refused(desk: Desk, query: str, status: int) -> None:
    answer = await desk.pharmacy.get(f"/booking/Appointment/$find?{query}")
    assert answer.status_code == status, answer.text
    assert issue_of(answer)["details"]["text"]


async def test_what_it_can_do_is_said(desk: Desk) -> None:
    async with desk.service.anyone() as anyone:
        answer = await anyone.get("/booking/metadata")
    require_valid(answer.json())
    (resource_,) = answer.json()["rest"][0]["resource"]
    assert [each["name"] for each in resource_["operation"]] == ["find", "hold", "book"]
