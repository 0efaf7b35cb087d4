"""A hand is obeyed: what a person chooses, lets go or leaves to the board is what happens, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from services.matching.sameday.edges.availability import Availability
from shared.auth import Role
from shared.http.parts import read_parts
from shared.settings import Settings
from tests.builders import CPTS, MORNING, show
from tests.integration.matching.test_losing_nobody import NOW, bookings_of, submitted
from tests.towns import Person, Town, a_request, until

SOON = 29 / 60
"""Hours: a slot so near that a round would not wait to give it."""


async def ended(town: Town, request: dict[str, Any], *, booked: list[str]) -> None:
    """Wait until the bookings of a request stand so."""
    async with asyncio.timeout(15):
        while await bookings_of(town, request["id"]) != booked:
            await asyncio.sleep(0.05)


async def a_round_gave(town: Town, hours: float = 3) -> None:
    """Wait until a round has given a slot to somebody else: it had the time to give one to anybody."""
    await town.slot(1, hours=hours)
    machine = await town.machine("matching")
    body = a_request(cpts_id=CPTS, answer_by=NOW, urgency=4, motive="renewal")
    other = (await machine.post("/requests", json=body)).json()
    await until(machine, other["id"], "confirmed")


async def chosen(asker: Person, slot: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A request born with the slot that its asker chose."""
    return await submitted(asker, hold={"slot_id": slot["id"]}, **more)


async def test_a_request_is_born_with_the_slot_that_was_chosen(town: Town) -> None:
    slot = await town.slot()
    asker = await town.person(Role.PHARMACIST)
    patient = {"name": "Essai Fictif", "phone": "0600000000"}
    request = await chosen(asker, slot, patient=patient)
    assert (request["state"], request["slot_id"], request["version"]) == ("held", slot["id"], 1)
    assert (request["automatic"], request["in_hand_by"]) == (False, asker.account)
    assert request["in_hand_until"] == request["held_until"]
    view = (await asker.client.get(f"/requests/{request['id']}")).json()
    assert [(each["code"], each["by"]) for each in view["story"]] == [("submitted", asker.account)]
    assert view["has_patient"]
    assert await bookings_of(town, request["id"]) == ["held"]


async def test_a_slot_that_was_taken_makes_no_request(town: Town) -> None:
    slot = await town.slot()
    asker, rival = await town.person(Role.PHARMACIST), await town.person(Role.REGULATOR)
    await chosen(rival, slot)
    answer = await asker.client.post("/requests", json=a_request(hold={"slot_id": slot["id"]}))
    assert (answer.status_code, answer.json()["code"]) == (409, "slot_unavailable")
    listed = (await asker.client.get("/requests", params={"cpts": CPTS})).json()
    assert len(listed) == 1


async def test_the_same_key_finds_the_request_and_its_slot_again(town: Town) -> None:
    slot = await town.slot()
    asker = await town.person(Role.PHARMACIST)
    body, key = a_request(hold={"slot_id": slot["id"]}), {"Idempotency-Key": "one press"}
    first, *others = await asyncio.gather(*(asker.client.post("/requests", json=body, headers=key) for _ in range(4)))
    assert first.status_code == 201, first.text
    assert [each.json() for each in others] == [first.json()] * 3
    assert await bookings_of(town, first.json()["id"]) == ["held"]


async def test_a_household_is_held_by_one_call_all_or_none(town: Town) -> None:
    narrow, wide = await town.slot(0, capacity=2), await town.slot(1, capacity=3)
    asker = await town.person(Role.PHARMACIST)
    refused = await asker.client.post("/requests", json=a_request(hold={"slot_id": narrow["id"]}, party=3))
    assert refused.status_code == 409
    request = await chosen(asker, wide, party=3)
    assert await bookings_of(town, request["id"]) == ["held"] * 3
    firm = await asker.client.post(f"/requests/{request['id']}/confirmation", json={})
    assert firm.json()["state"] == "confirmed"
    assert await bookings_of(town, request["id"]) == ["confirmed"] * 3


async def test_no_round_decides_for_who_is_choosing_however_near_the_slot(town: Town) -> None:
    await town.slot(hours=SOON)
    asker = await town.person(Role.PHARMACIST)
    waiting = await submitted(asker)
    await a_round_gave(town)
    view = (await asker.client.get(f"/requests/{waiting['id']}")).json()
    assert (view["automatic"], view["in_hand_by"], view["booking_id"]) == (False, asker.account, None)
    assert {"held", "confirmed"}.isdisjoint(change["code"] for change in view["story"])


async def test_choosing_another_slot_swaps_in_one_call(town: Town) -> None:
    one, other = await town.slot(0), await town.slot(1)
    asker = await town.person(Role.PHARMACIST)
    request = await chosen(asker, one)
    path = f"/requests/{request['id']}/hold"
    swapped = await asker.client.post(path, json={"slot_id": other["id"]})
    assert (swapped.status_code, swapped.json()["slot_id"]) == (201, other["id"]), swapped.text
    await ended(town, request, booked=["released", "held"])
    assert (await asker.client.post(path, json={"slot_id": other["id"]})).json()["version"] == 2


async def test_a_swap_for_a_slot_that_is_gone_keeps_the_first(town: Town) -> None:
    one, other = await town.slot(0), await town.slot(1)
    asker, rival = await town.person(Role.PHARMACIST), await town.person(Role.REGULATOR)
    request = await chosen(asker, one)
    await chosen(rival, other)
    refused = await asker.client.post(f"/requests/{request['id']}/hold", json={"slot_id": other["id"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "slot_unavailable")
    firm = await asker.client.post(f"/requests/{request['id']}/confirmation", json={})
    assert (firm.json()["state"], firm.json()["slot_id"]) == ("confirmed", one["id"])


async def test_a_slot_let_go_ends_the_request_and_nothing_is_booked_for_it(town: Town) -> None:
    slot = await town.slot(hours=SOON)
    asker = await town.person(Role.PHARMACIST)
    request = await chosen(asker, slot)
    answer = await asker.client.post(f"/requests/{request['id']}/release")
    assert (answer.status_code, answer.json()["state"], answer.json()["reason"]) == (200, "cancelled", "released")
    await a_round_gave(town)
    assert await bookings_of(town, request["id"]) == ["released"]


THEN = {
    "other_slot": lambda one, _other: [one["id"]],
    "other_practitioner": lambda one, _other: [one["id"]],
    "other_day": lambda one, other: [one["id"], other["id"]],
}


@pytest.mark.parametrize("then", THEN)
async def test_what_the_patient_refuses_is_not_proposed_again_and_nothing_is_booked(town: Town, then: str) -> None:
    one, same, other = await town.slot(0), await town.slot(0, hours=2.5), await town.slot(1, hours=2)
    asker = await town.person(Role.PHARMACIST)
    request = await chosen(asker, one)
    answer = await asker.client.post(f"/requests/{request['id']}/release", json={"then": then})
    assert (answer.status_code, answer.json()["state"]) == (200, "open"), answer.text
    await a_round_gave(town)
    found = (await asker.client.get(f"/requests/{request['id']}/options")).json()["options"]
    left = {
        "other_slot": {same["id"], other["id"]},
        "other_practitioner": {other["id"]},
        "other_day": set(),
    }[then]
    assert {each["slot_id"] for each in found} & {one["id"], same["id"], other["id"]} == left
    view = (await asker.client.get(f"/requests/{request['id']}")).json()
    assert (view["automatic"], view["booking_id"]) == (False, None)
    assert await bookings_of(town, request["id"]) == ["released"]


async def test_only_the_board_gives_a_slot_by_itself_and_never_the_one_let_go(town: Town) -> None:
    one, other = await town.slot(0, hours=SOON), await town.slot(1, hours=SOON)
    asker = await town.person(Role.PHARMACIST)
    request = await chosen(asker, one)
    answer = await asker.client.post(f"/requests/{request['id']}/release", json={"then": "board"})
    assert (answer.json()["automatic"], answer.json()["in_hand_by"]) == (True, "")
    view = await until(asker.client, request["id"], "confirmed")
    assert view["slot_id"] == other["id"]


async def test_a_hold_that_lapses_waits_for_its_person(town: Town) -> None:
    slot = await town.slot(hours=SOON + 5 / 60)
    asker = await town.person(Role.PHARMACIST)
    request = await chosen(asker, slot)
    await show(town.settings, MORNING + timedelta(minutes=4))
    view = await until(asker.client, request["id"], "open")
    assert view["reason"] == "expired"
    await a_round_gave(town)
    view = (await asker.client.get(f"/requests/{request['id']}")).json()
    assert (view["state"], view["automatic"]) == ("open", False)
    boarded = await asker.client.post(f"/requests/{request['id']}/board")
    assert boarded.json()["automatic"]
    await until(asker.client, request["id"], "confirmed")


@pytest.mark.parametrize("more", [{"board": True}, {"answer_by": NOW}])
async def test_what_a_person_puts_on_the_board_is_served_by_a_round(town: Town, more: dict[str, Any]) -> None:
    await town.slot(hours=SOON)
    asker = await town.person(Role.PHARMACIST)
    request = await submitted(asker, **more)
    assert request["automatic"]
    await until(asker.client, request["id"], "confirmed")


async def test_what_a_machine_asks_is_served_by_a_round(town: Town) -> None:
    await town.slot(hours=SOON)
    machine = await town.machine("matching")
    answer = await machine.post("/requests", json=a_request(cpts_id=CPTS))
    assert answer.json()["automatic"]
    await until(machine, answer.json()["id"], "confirmed")


async def test_the_way_they_meet_is_the_one_that_was_agreed(town: Town) -> None:
    both = await town.slot(0, modes=["AMB", "HH"])
    video = await town.slot(1, modes=["AMB", "VR"])
    asker = await town.person(Role.PHARMACIST)
    at_home = await chosen(asker, both, modes=["HH"])
    assert at_home["mode"] == "HH"
    body = a_request(hold={"slot_id": video["id"], "mode": "VR"}, modes=["AMB", "VR"])
    assert (await asker.client.post("/requests", json=body)).json()["mode"] == "VR"
    wrong = await asker.client.post("/requests", json=a_request(hold={"slot_id": video["id"], "mode": "HH"}))
    assert (wrong.status_code, wrong.json()["field"]) == (422, "mode")


async def test_who_comes_is_known_on_both_sides_when_it_is_said_at_the_end(town: Town) -> None:
    slot = await town.slot()
    asker = await town.person(Role.PHARMACIST)
    request = await chosen(asker, slot)
    patient = {"name": "Essai Fictif", "phone": "0600000000"}
    firm = await asker.client.post(f"/requests/{request['id']}/confirmation", json={"patient": patient})
    assert (firm.json()["state"], firm.json()["told_at"] is None) == ("confirmed", False)
    known = (await asker.client.get(f"/requests/{request['id']}/patient")).json()
    doctor = await town.doctor(0)
    told = (await doctor.get(f"/bookings/{firm.json()['booking_id']}/patient")).json()
    assert known["phone"] == told["phone"] == "0600000000"


async def test_a_confirmation_lost_by_its_practitioner_is_offered_again_by_a_person_only(town: Town) -> None:
    slot, spare = await town.slot(0), await town.slot(1)
    asker = await town.person(Role.PHARMACIST)
    request = await chosen(asker, slot)
    await asker.client.post(f"/requests/{request['id']}/confirmation", json={})
    doctor = await town.doctor(0)
    await doctor.post(f"/slots/{slot['id']}/withdrawal", json={"reason": "absence", "booked": "cancel"})
    view = await until(asker.client, request["id"], "proposed", having=lambda each: each["slot_id"] == spare["id"])
    assert (view["reason"], view["told_at"], view["booking_id"]) == ("slot_withdrawn", None, None)


@asynccontextmanager
async def availability_that_hangs(town: Town) -> AsyncIterator[None]:
    """From now on the availability service takes matching's calls and never answers."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    bookings: Any = read_parts(town.matching)[Availability]
    real = bookings._client
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", timeout=30
    ) as stuck:
        bookings._client = stuck
        try:
            yield
        finally:
            bookings._client = real
            server.close()


async def test_twenty_confirmations_that_wait_do_not_stop_matching_for_everyone(town: Town, settings: Settings) -> None:
    slot = await town.slot(capacity=22)
    asker = await town.person(Role.PHARMACIST)
    requests = [await chosen(asker, slot) for _ in range(22)]
    async with availability_that_hangs(town):
        waiting = [
            asyncio.create_task(asker.client.post(f"/requests/{each['id']}/confirmation", json={})) for each in requests
        ]
        async with asyncio.timeout(20):
            answers = [(await asker.client.get(f"/requests/{each['id']}")).status_code for each in requests]
            made = await asker.client.post("/requests", json=a_request(urgency=4, motive="renewal"))
        assert (set(answers), made.status_code) == ({200}, 201)
        assert not any(each.done() for each in waiting)
        for each in waiting:
            each.cancel()
        await asyncio.wait(waiting)
    firm = await asker.client.post(f"/requests/{requests[0]['id']}/confirmation", json={})
    assert firm.json()["state"] == "confirmed"
    assert datetime.fromisoformat(firm.json()["told_at"]) >= MORNING
