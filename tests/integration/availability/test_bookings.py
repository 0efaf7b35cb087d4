"""Holding, confirming, and what becomes of a place."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from services.availability.sweeper import EACH_TIME, sweep
from shared.auth import Role
from shared.db import run
from shared.http.parts import read_parts
from shared.wiring import Wiring
from tests.builders import MORNING, Service, Territory, a_hold, a_slot, owner, show


async def state_of(client: httpx.AsyncClient, slot: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = (await client.get(f"/slots/{slot['id']}")).json()
    return answer


async def history(service: Service, booking: dict[str, Any]) -> list[str]:
    async with owner(service.settings) as session:
        rows = text("select state from availability.booking_change where booking_id = :id order by id")
        return list((await run(session, rows, id=booking["id"])).scalars())


async def test_a_place_is_held_confirmed_and_honoured(service: Service, territory: Territory) -> None:
    matching = await service.machine()
    slot = await a_slot(matching, territory)
    held = await a_hold(matching, slot)
    assert held["state"] == "held"
    confirmed = await matching.post(f"/bookings/{held['id']}/confirmation", json={})
    assert confirmed.json()["state"] == "confirmed"
    honoured = await matching.post(f"/bookings/{held['id']}/honoured")
    assert honoured.json()["state"] == "honoured"
    now = await state_of(matching, slot)
    assert (now["taken"], now["held"], now["bookings"][0]["state"]) == (1, 0, "honoured")
    assert await history(service, held) == ["held", "confirmed", "honoured"]


async def test_of_twenty_rivals_for_three_places_exactly_three_win(service: Service, territory: Territory) -> None:
    matching = await service.machine()
    slot = await a_slot(matching, territory, capacity=3)

    async def rival(number: int) -> int:
        answer = await matching.post(f"/slots/{slot['id']}/bookings", json={"request_id": f"r{number}"})
        assert answer.status_code == 201 or answer.json()["code"] == "slot_unavailable"
        return answer.status_code

    answers = Counter(await asyncio.gather(*(rival(number) for number in range(20))))
    assert answers == {201: 3, 409: 17}
    assert (await state_of(matching, slot))["taken"] == 3


async def test_eight_identical_holds_are_one(service: Service, territory: Territory) -> None:
    matching = await service.machine()
    slot = await a_slot(matching, territory, capacity=3)
    held = await asyncio.gather(*(a_hold(matching, slot) for _ in range(8)))
    assert len({booking["id"] for booking in held}) == 1
    assert (await state_of(matching, slot))["taken"] == 1


async def test_confirming_twice_is_confirming_once(service: Service, territory: Territory) -> None:
    matching = await service.machine()
    slot = await a_slot(matching, territory)
    held = await a_hold(matching, slot)
    answers = await asyncio.gather(*(matching.post(f"/bookings/{held['id']}/confirmation") for _ in range(6)))
    assert [answer.status_code for answer in answers] == [200] * 6
    assert await history(service, held) == ["held", "confirmed"]


async def test_a_lapsed_hold_cannot_be_confirmed_and_its_place_is_freed(service: Service, territory: Territory) -> None:
    matching = await service.machine()
    slot = await a_slot(matching, territory)
    held = await a_hold(matching, slot, minutes=3)
    await show(service.settings, MORNING + timedelta(minutes=4))
    late = await matching.post(f"/bookings/{held['id']}/confirmation")
    assert (late.status_code, late.json()["code"]) == (409, "hold_expired")
    await sweep(read_parts(service.app)[Wiring], EACH_TIME)
    now = await state_of(matching, slot)
    assert (now["taken"], now["bookings"]) == (0, [])
    assert (await a_hold(matching, slot, "r2"))["state"] == "held"


async def test_who_let_a_hold_lapse_may_hold_again(service: Service, territory: Territory) -> None:
    matching = await service.machine()
    slot = await a_slot(matching, territory)
    first = await a_hold(matching, slot)
    await show(service.settings, MORNING + timedelta(minutes=4))
    again = await a_hold(matching, slot)
    assert again["id"] != first["id"]
    assert (await state_of(matching, slot))["taken"] == 1


async def test_a_started_slot_is_not_available(service: Service, territory: Territory) -> None:
    matching = await service.machine()
    slot = await a_slot(matching, territory)
    await show(service.settings, MORNING + timedelta(hours=3))
    answer = await matching.post(f"/slots/{slot['id']}/bookings", json={"request_id": "r1"})
    assert (answer.status_code, answer.json()["code"]) == (409, "slot_unavailable")


@pytest.mark.parametrize(("action", "state"), [("release", "released"), ("cancellation", "cancelled")])
async def test_a_place_given_up_is_free_again(service: Service, territory: Territory, action: str, state: str) -> None:
    matching = await service.machine()
    slot = await a_slot(matching, territory)
    held = await a_hold(matching, slot)
    body = {"reason": "le patient va mieux"} if action == "cancellation" else None
    for _ in range(2):
        answer = await matching.post(f"/bookings/{held['id']}/{action}", json=body)
        assert answer.json()["state"] == state
    assert (await state_of(matching, slot))["taken"] == 0
    assert await history(service, held) == ["held", state]


async def test_a_released_place_cannot_be_confirmed(service: Service, territory: Territory) -> None:
    matching = await service.machine()
    held = await a_hold(matching, await a_slot(matching, territory))
    await matching.post(f"/bookings/{held['id']}/release")
    answer = await matching.post(f"/bookings/{held['id']}/confirmation")
    assert (answer.status_code, answer.json()["code"]) == (409, "booking_settled")


async def test_a_no_show_may_be_corrected(service: Service, territory: Territory) -> None:
    matching = await service.machine()
    held = await a_hold(matching, await a_slot(matching, territory))
    await matching.post(f"/bookings/{held['id']}/confirmation")
    assert (await matching.post(f"/bookings/{held['id']}/no-show")).json()["state"] == "no_show"
    assert (await matching.post(f"/bookings/{held['id']}/honoured")).json()["state"] == "honoured"


async def test_a_practitioner_takes_someone_on_top_and_it_is_counted_apart(
    service: Service, territory: Territory
) -> None:
    doctor = await service.person(Role.PRACTITIONER, territory.practitioners[0])
    slot = await a_slot(doctor, territory)
    answer = await doctor.post(f"/slots/{slot['id']}/overbookings", json={"reason": "enfant fébrile"})
    assert answer.status_code == 201
    assert answer.json()["overbooked"] is True
    now = await state_of(doctor, slot)
    assert (now["taken"], now["overbooked"]) == (0, 1)
    coordinator = await service.person(Role.COORDINATOR)
    refused = await coordinator.post(f"/slots/{slot['id']}/overbookings", json={"reason": "pression"})
    assert refused.status_code == 403
    state = (await doctor.get("/live/snapshot", params={"cpts": territory.cpts})).json()["state"]
    mine = state["practitioners"][str(territory.practitioners[0])]
    assert (mine["on_top_this_week"], mine["on_top_limit"], mine["served_this_week"]) == (1, None, 1)
    await doctor.post(f"/bookings/{answer.json()['id']}/cancellation", json={"reason": "annulé"})
    state = (await doctor.get("/live/snapshot", params={"cpts": territory.cpts})).json()["state"]
    assert state["practitioners"][str(territory.practitioners[0])]["on_top_this_week"] == 0


async def test_somebody_on_top_counts_in_the_week_of_its_slot(service: Service, territory: Territory) -> None:
    doctor = await service.person(Role.PRACTITIONER, territory.practitioners[0])
    for days in (5, 6):  # Sunday of this week, Monday of the next one
        slot = await a_slot(doctor, territory, starts_at=(MORNING + timedelta(days=days)).isoformat())
        taken = await doctor.post(f"/slots/{slot['id']}/overbookings", json={"reason": "enfant fébrile"})
        assert taken.status_code == 201
    state = (await doctor.get("/live/snapshot", params={"cpts": territory.cpts})).json()["state"]
    assert state["practitioners"][str(territory.practitioners[0])]["on_top_this_week"] == 1


async def test_who_was_sent_and_is_not_their_own_patient_is_counted_as_unknown(
    service: Service, territory: Territory
) -> None:
    matching, doctor = await service.machine(), await service.person(Role.PRACTITIONER, territory.practitioners[0])
    slot = await a_slot(matching, territory, capacity=2)
    for own in (True, False):
        body = {"request_id": f"own {own}", "own_patient": own}
        held = (await matching.post(f"/slots/{slot['id']}/bookings", json=body)).json()
        await matching.post(f"/bookings/{held['id']}/confirmation")
    await doctor.post(f"/slots/{slot['id']}/overbookings", json={"reason": "habituel"})
    state = (await doctor.get("/live/snapshot", params={"cpts": territory.cpts})).json()["state"]
    mine = state["practitioners"][str(territory.practitioners[0])]
    assert (mine["served_this_week"], mine["unknown_this_week"], mine["on_top_this_week"]) == (3, 1, 1)


async def test_what_a_practitioner_served_is_counted(service: Service, territory: Territory) -> None:
    matching = await service.machine()
    held = await a_hold(matching, await a_slot(matching, territory))
    await matching.post(f"/bookings/{held['id']}/confirmation")
    who = str(territory.practitioners[0])
    people = (await matching.get("/live/snapshot", params={"cpts": territory.cpts})).json()["state"]["practitioners"]
    assert (people[who]["served_4_weeks"], people[who]["served_this_week"]) == (1, 1)
    await matching.post(f"/bookings/{held['id']}/cancellation", json={"reason": "annulé"})
    people = (await matching.get("/live/snapshot", params={"cpts": territory.cpts})).json()["state"]["practitioners"]
    assert people[who]["served_4_weeks"] == 0


async def test_confirmations_of_one_practitioner_at_once_are_all_counted(
    service: Service, territory: Territory
) -> None:
    matching = await service.machine()
    slots = [
        await a_slot(matching, territory, starts_at=(MORNING + timedelta(hours=2 + each)).isoformat())
        for each in range(6)
    ]
    held = [await a_hold(matching, slot) for slot in slots]
    await asyncio.gather(*(matching.post(f"/bookings/{each['id']}/confirmation") for each in held))
    state = (await matching.get("/live/snapshot", params={"cpts": territory.cpts})).json()["state"]
    assert state["practitioners"][str(territory.practitioners[0])]["served_4_weeks"] == 6


async def test_only_who_holds_a_place_may_settle_it(service: Service, territory: Territory) -> None:
    one, other = await service.person(Role.PHARMACIST), await service.person(Role.PHARMACIST)
    slot = await a_slot(await service.machine(), territory)
    held = await a_hold(one, slot)
    assert (await other.post(f"/bookings/{held['id']}/release")).status_code == 403
    assert (await one.post(f"/bookings/{held['id']}/release")).status_code == 200


async def test_nobody_holds_a_slot_that_is_not_for_them(service: Service, territory: Territory) -> None:
    slot = await a_slot(await service.machine(), territory, types=["SNP"])
    for role, status in ((Role.PHARMACIST, 404), (Role.REGULATOR, 201), (Role.COMMITTEE, 403)):
        client = await service.person(role)
        answer = await client.post(f"/slots/{slot['id']}/bookings", json={"request_id": role})
        assert answer.status_code == status


async def test_who_is_coming_is_encrypted_told_to_the_practitioner_and_traced(
    service: Service, territory: Territory
) -> None:
    matching = await service.machine()
    doctor = await service.person(Role.PRACTITIONER, territory.practitioners[0])
    slot = await a_slot(matching, territory)
    held = await a_hold(matching, slot)
    patient = {"name": "ESSAI-PATIENT", "phone": "0600000000", "note": "fièvre"}
    await matching.post(f"/bookings/{held['id']}/confirmation", json={"patient": patient})
    async with owner(service.settings) as session:
        sealed = (await run(session, text("select patient_sealed from availability.booking"))).scalar_one()
        bodies = (await run(session, text("select string_agg(body::text, '') from availability.event"))).scalar_one()
    assert b"ESSAI-PATIENT" not in sealed
    assert "ESSAI-PATIENT" not in bodies
    seen = await doctor.get(f"/bookings/{held['id']}/patient")
    assert seen.json()["name"] == "ESSAI-PATIENT"
    for stranger in (
        matching,
        await service.person(Role.PHARMACIST),
        await service.person(Role.PRACTITIONER, territory.practitioners[1]),
    ):
        assert (await stranger.get(f"/bookings/{held['id']}/patient")).status_code == 403
    async with owner(service.settings) as session:
        trace = await run(session, text("select action, role from common.access_log order by at"))
        assert [tuple(row) for row in trace] == [("write", "machine"), ("read", "practitioner")]


async def test_a_national_number_is_refused_and_not_repeated(service: Service, territory: Territory) -> None:
    matching = await service.machine()
    held = await a_hold(matching, await a_slot(matching, territory))
    number = "2 55 08 14 168 025 38"
    answer = await matching.post(f"/bookings/{held['id']}/confirmation", json={"patient": {"note": f"nir {number}"}})
    assert answer.status_code == 422
    assert number not in answer.text
    assert (await history(service, held)) == ["held"]


async def test_a_place_is_cancelled_and_closed_in_one_instant_and_once(service: Service, territory: Territory) -> None:
    matching = await service.machine()
    doctor = await service.person(Role.PRACTITIONER, territory.practitioners[0])
    later = (MORNING + timedelta(hours=5)).isoformat()
    alone, shared = await a_slot(matching, territory), await a_slot(matching, territory, starts_at=later, capacity=2)
    held = [await a_hold(matching, slot, who) for slot, who in ((alone, "r1"), (shared, "r2"), (shared, "r3"))]
    body = {"reason": "essai", "close_slot": True}
    for booking in [*held[:2], held[0]]:
        answer = await doctor.post(f"/bookings/{booking['id']}/cancellation", json=body)
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled"), answer.text
    now = await state_of(matching, alone)
    assert (now["status"], now["taken"]) == ("withdrawn", 0)
    now = await state_of(matching, shared)
    assert (now["status"], now["capacity"], now["taken"]) == ("published", 1, 1)
    stranger = await service.person(Role.PHARMACIST)
    assert (await stranger.post(f"/bookings/{held[2]['id']}/cancellation", json=body)).status_code == 403
