"""What is written to be told of a request, in the transaction of each change."""

import asyncio
from datetime import timedelta

from shared.auth import Role
from tests.builders import MORNING, a_slot, show
from tests.notices import told
from tests.towns import Town, a_request, until


async def test_who_asked_and_who_gives_the_care_are_told_that_a_round_served_and_that_it_was_lost(town: Town) -> None:
    doctor = await town.person(Role.PRACTITIONER, town.territory.practitioners[0], at="availability")
    delegate = await town.person(Role.DELEGATE, town.territory.practitioners[0], at="availability")
    colleague = await town.person(Role.PRACTITIONER, town.territory.practitioners[1], at="availability")
    slot = await a_slot(doctor.client, town.territory)
    asker = await town.person(Role.REGULATOR)
    request = (await asker.client.post("/requests", json=a_request(answer_by=MORNING.isoformat()))).json()
    await until(asker.client, request["id"], "confirmed")
    assert await told(town.settings, asker.account) == ["request_assigned"]
    withdrawn = {"reason": "urgence", "booked": "cancel"}
    assert (await doctor.client.post(f"/slots/{slot['id']}/withdrawal", json=withdrawn)).status_code == 200
    await until(asker.client, request["id"], "open", "escalated")
    assert await told(town.settings, asker.account) == ["request_assigned", "request_lost"]
    assert await told(town.settings, doctor.account) == ["booked", "own cancelled"]
    assert await told(town.settings, delegate.account) == ["booked", "cancelled"]
    assert await told(town.settings, colleague.account) == []


async def test_who_picks_by_hand_is_told_nothing_of_their_own_doing(town: Town) -> None:
    slot = await town.slot()
    asker = await town.person(Role.PHARMACIST)
    request = (await asker.client.post("/requests", json=a_request())).json()
    async with asyncio.timeout(15):
        while (await asker.client.post(f"/requests/{request['id']}/hold", json={"slot_id": slot["id"]})).is_error:
            await asyncio.sleep(0.05)
    assert (await asker.client.post(f"/requests/{request['id']}/confirmation", json={})).status_code == 200
    assert await told(town.settings, asker.account) == ["own request_assigned"]


async def test_a_practitioner_asked_for_one_more_is_told_until_it_is_settled(town: Town) -> None:
    doctor = await town.person(Role.PRACTITIONER, town.territory.practitioners[0])
    await town.slot(0, hours=0.5, acts=["wound"])
    asker = await town.person(Role.PHARMACIST)
    request = (await asker.client.post("/requests", json=a_request())).json()
    await until(asker.client, request["id"], "open", having=lambda view: view["blockers"])
    asked = await asker.client.post(f"/requests/{request['id']}/overbooking-asks", json={})
    assert asked.status_code == 201, asked.text
    assert await told(town.settings, doctor.account) == ["overbooking_asked"]
    assert (await asker.client.post(f"/requests/{request['id']}/cancellation", json={"reason": "patient"})).is_success
    assert await told(town.settings, doctor.account) == ["overbooking_asked", "settled"]


async def test_who_runs_the_board_is_told_of_a_p1_that_waits_and_of_who_is_left_unserved(town: Town) -> None:
    coordinator, neighbour = await town.person(Role.COORDINATOR), await town.person(Role.PHARMACIST)
    asker = await town.person(Role.PHARMACIST)
    urgent = (await asker.client.post("/requests", json=a_request(board=True))).json()["id"]
    calm = (await asker.client.post("/requests", json=a_request(urgency=3, board=True))).json()["id"]
    assert await told(town.settings, coordinator.account) == []
    await show(town.settings, MORNING + timedelta(minutes=11))
    await until(asker.client, urgent, "escalated")
    assert await told(town.settings, coordinator.account) == ["p1_waiting"]
    await show(town.settings, MORNING + timedelta(hours=5))
    await until(asker.client, urgent, "unserved")
    assert await told(town.settings, coordinator.account) == ["p1_waiting", "request_unserved"]
    assert await told(town.settings, neighbour.account) == []
    body = {"request_ids": [urgent, calm], "reason": "emergency"}
    assert (await coordinator.client.post("/requests/closures", json=body)).is_success
    assert await told(town.settings, coordinator.account) == ["p1_waiting", "request_unserved", "settled"]


async def test_who_took_charge_is_not_told_twice_of_an_unserved_request(town: Town) -> None:
    coordinator, asker = await town.person(Role.COORDINATOR), await town.person(Role.PHARMACIST)
    asked = (await asker.client.post("/requests", json=a_request(urgency=2, board=True))).json()["id"]
    assert (await coordinator.client.post(f"/requests/{asked}/ownership", json={})).is_success
    await show(town.settings, MORNING + timedelta(hours=20))
    await until(asker.client, asked, "unserved")
    assert await told(town.settings, coordinator.account) == ["request_call_back"]
