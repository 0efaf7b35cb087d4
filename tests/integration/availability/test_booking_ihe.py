"""Booking for other software (IHE ITI-115 to ITI-117), over the use cases of the pages."""

import asyncio

from shared.auth import Role
from tests.builders import CPTS, a_hold
from tests.contract.sas.test_examples import require_valid
from tests.integration.availability.booking_desk import JSON, WINDOW, Desk, issue_of, reference, resource


async def test_what_is_free_is_proposed_and_what_is_held_is_hidden(desk: Desk) -> None:
    first, second = await desk.slot(2), await desk.slot(3)
    found = await desk.find()
    assert [each["id"] for each in found] == [first, second]
    assert {each["status"] for each in found} == {"proposed"}
    assert found[0]["start"] == "2026-11-24T11:00:00.000+01:00"
    assert found[0]["participant"][0]["actor"]["identifier"]["value"] == "899001000000"
    answer = await desk.ask("hold", reference(first))
    assert answer.status_code == 200
    require_valid(answer.json())
    assert answer.json()["status"] == "pending"
    assert [each["id"] for each in await desk.find()] == [second]
    await desk.ask("book", resource(answer.json()["id"], "cancelled"))
    assert len(await desk.find()) == 2


async def test_the_search_is_narrowed_by_each_filter(desk: Desk) -> None:
    mine, other = await desk.slot(2), await desk.slot(2, index=1, modes=["VR"])
    who, where = (str(each[1]) for each in (desk.territory.practitioners, desk.territory.places))
    for name, value in (
        ("practitioner", f"Practitioner/{who}"),
        ("practitioner", "urn:oid:1.2.250.1.71.4.2.1|899001000001"),
        ("location-reference", f"Location/{where}"),
        ("visit-type", "http://terminology.hl7.org/CodeSystem/v3-ActCode|VR"),
    ):
        assert [each["id"] for each in await desk.find(None, **{name: value})] == [other]
    assert len(await desk.find(specialty="urn:x|SM26")) == 2
    assert await desk.find(specialty="urn:x|SM99") == []
    assert len(await desk.find(organization=f"Organization/cpts-{CPTS}")) == 2
    assert [each["id"] for each in await desk.find(_count="1")] == [mine]
    body = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "start", "valueDateTime": "2026-11-24T08:00:00Z"},
            {"name": "end", "valueDateTime": "2026-11-24T12:00:00Z"},
            {"name": "practitioner", "valueReference": {"reference": f"Practitioner/{who}"}},
        ],
    }
    posted = await desk.pharmacy.post("/booking/Appointment/$find", json=body, headers=JSON)
    assert [entry["resource"]["id"] for entry in posted.json()["entry"]] == [other]


async def test_nobody_is_offered_what_their_role_may_not_see(desk: Desk) -> None:
    reserved = await desk.slot(2, types=["SNP"])
    regulator = await desk.service.person(Role.REGULATOR)
    assert await desk.find() == []
    assert [each["id"] for each in await desk.find(regulator)] == [reserved]
    refused = await desk.ask("hold", reference(reserved))
    assert (refused.status_code, issue_of(refused)["code"]) == (404, "not-found")
    stranger = await desk.service.person(Role.PHARMACIST, cpts=["990000009"])
    assert await desk.find(stranger) == []
    committee = await desk.service.person(Role.COMMITTEE)
    assert (await committee.get("/booking/Appointment/$find", params=WINDOW)).status_code == 403
    async with desk.service.anyone() as anyone:
        answer = await anyone.get("/booking/Appointment/$find", params=WINDOW)
    assert (answer.status_code, issue_of(answer)["code"]) == (401, "login")


async def test_a_place_that_is_gone_is_not_found(desk: Desk) -> None:
    slot = await desk.slot()
    answers = await asyncio.gather(*(desk.ask("hold", reference(slot)) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409, 409]
    lost = next(answer for answer in answers if answer.status_code == 409)
    assert (issue_of(lost)["severity"], issue_of(lost)["code"]) == ("fatal", "not-found")
    booking = await desk.ask("book", reference(slot))
    assert (booking.status_code, booking.json()["resourceType"]) == (409, "Bundle")
    assert (issue_of(booking)["severity"], issue_of(booking)["code"]) == ("fatal", "not-found")


async def test_a_hold_becomes_a_booking_and_a_key_says_it_once(desk: Desk) -> None:
    slot = await desk.slot(capacity=5)
    first, again = [await desk.ask("hold", reference(slot), key="one") for _ in range(2)]
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    other = await desk.ask("hold", reference(slot), key="two")
    assert other.json()["id"] != first.json()["id"]
    reused = await desk.ask("hold", reference(other.json()["id"]), key="one")
    assert (reused.status_code, issue_of(reused)["severity"]) == (422, "error")
    patient = {
        "resourceType": "Patient",
        "name": [{"family": "PATIENTE-FICTIVE", "given": ["Une"]}],
        "telecom": [{"system": "phone", "value": "0600000000"}],
    }
    booked = await desk.ask("book", reference(first.json()["id"]), {"name": "patient-resource", "resource": patient})
    (entry,) = booked.json()["entry"]
    assert entry["resource"]["status"] == "booked"
    assert "FICTIVE" not in booked.text
    told = await desk.doctor.get(f"/bookings/{first.json()['id']}/patient")
    assert (told.json()["name"], told.json()["phone"]) == ("PATIENTE-FICTIVE Une", "0600000000")


async def test_a_named_request_holds_one_place_however_often_it_asks(desk: Desk) -> None:
    slot = await desk.slot(capacity=5)
    named = resource(slot, "proposed", identifier=[{"value": "dossier-7"}])
    ids = {(await desk.ask("hold", named)).json()["id"] for _ in range(3)}
    assert len(ids) == 1


async def test_an_appointment_is_moved_in_one_step_with_its_patient(desk: Desk) -> None:
    first, second = await desk.slot(2), await desk.slot(3, index=1)
    held = await desk.held(first)
    patient = {"resourceType": "Patient", "name": [{"text": "PATIENT-FICTIF"}]}
    await desk.ask("book", reference(held), {"name": "patient-resource", "resource": patient})
    moved = await desk.ask("book", resource(held, slot=[{"reference": f"Slot/{second}"}]))
    assert moved.status_code == 200, moved.text
    appointment = moved.json()["entry"][0]["resource"]
    assert (appointment["status"], appointment["slot"]) == ("booked", [{"reference": f"Slot/{second}"}])
    assert [each["id"] for each in await desk.find()] == [first]
    colleague = await desk.service.person(Role.PRACTITIONER, desk.territory.practitioners[1])
    assert (await colleague.get(f"/bookings/{appointment['id']}/patient")).json()["name"] == "PATIENT-FICTIF"
    assert (await desk.pharmacy.get(f"/booking/Appointment/{held}")).json()["status"] == "cancelled"


async def test_a_move_to_a_place_that_is_gone_keeps_the_appointment(desk: Desk) -> None:
    first, second = await desk.slot(2), await desk.slot(3)
    mine = await desk.booked(first)
    await desk.booked(second)
    refused = await desk.ask("book", resource(mine, slot=[{"reference": f"Slot/{second}"}]))
    assert (refused.status_code, issue_of(refused)["code"]) == (409, "not-found")
    assert (await desk.pharmacy.get(f"/booking/Appointment/{mine}")).json()["status"] == "booked"


async def test_two_who_swap_at_once_do_not_wait_for_each_other(desk: Desk) -> None:
    slots = [await desk.slot(2, capacity=2), await desk.slot(3, capacity=2)]
    mine = [await desk.booked(slot) for slot in slots]
    moves = zip(mine, reversed(slots), strict=True)
    answers = await asyncio.gather(
        *(desk.ask("book", resource(id_, slot=[{"reference": f"Slot/{slot}"}])) for id_, slot in moves)
    )
    assert [answer.status_code for answer in answers] == [200, 200]


async def test_what_the_board_holds_is_not_moved_from_here(desk: Desk) -> None:
    first, second = await desk.slot(2), await desk.slot(3)
    held = await a_hold(await desk.service.machine(), {"id": first})
    refused = await desk.ask("book", resource(held["id"], slot=[{"reference": f"Slot/{second}"}]), client=desk.doctor)
    assert refused.status_code == 409, refused.text
    assert "moved from the board" in refused.text
    assert [each["id"] for each in await desk.find()] == [second]
