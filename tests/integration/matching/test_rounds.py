"""From a request to its slot, across both services over a real socket."""

import asyncio
from datetime import timedelta

from shared.auth import Role
from tests.builders import CPTS, MORNING
from tests.towns import Town, a_request, until


async def test_who_must_know_now_gets_a_confirmed_slot(town: Town) -> None:
    slot = await town.slot()
    asker = await town.person(Role.REGULATOR)
    answer = await asker.client.post("/requests", json=a_request(answer_by=MORNING.isoformat()))
    view = await until(asker.client, answer.json()["id"], "confirmed")
    assert (view["slot_id"], view["practitioner_id"]) == (slot["id"], str(town.territory.practitioners[0]))
    assert [change["code"] for change in view["story"]] == ["submitted", "held", "confirmed"]
    assert {change["by"] for change in view["story"][1:]} == {"round"}


async def test_who_can_wait_gets_a_provisional_slot_that_nobody_is_told(town: Town) -> None:
    slot = await town.slot(hours=6)
    asker = await town.person(Role.REGULATOR)
    request = (await asker.client.post("/requests", json=a_request(urgency=4, motive="renewal"))).json()
    view = await until(asker.client, request["id"], "proposed")
    assert (view["slot_id"], view["booking_id"]) == (slot["id"], None)
    assert view["cost"]["total"] == sum(value for term, value in view["cost"].items() if term != "total")


async def test_nobody_served_is_told_what_blocks_and_what_would_serve(town: Town) -> None:
    await town.slot(hours=5)
    asker = await town.person(Role.REGULATOR)
    deadline = (MORNING + timedelta(hours=3)).isoformat()
    request = (await asker.client.post("/requests", json=a_request(deadline_at=deadline))).json()
    view = await until(asker.client, request["id"], "open", having=lambda each: each["relaxations"])
    assert view["blockers"] == {"window": 1}
    assert [(each["kind"], each["amount"]) for each in view["relaxations"]] == [("later", 2 * 3600)]
    relaxed = {"deadline_at": (MORNING + timedelta(hours=6)).isoformat()}
    await asker.client.post(f"/requests/{request['id']}/relaxation", json=relaxed)
    assert (await until(asker.client, request["id"], "proposed", "confirmed"))["blockers"] == {}
    assert view["cpts_id"] == CPTS


async def test_options_are_explained_and_picking_one_holds_it_until_it_is_confirmed(town: Town) -> None:
    near, far = await town.slot(0, hours=2), await town.slot(1, hours=1)
    asker = await town.person(Role.PHARMACIST)
    async with asyncio.timeout(15):
        while len((answer := (await asker.client.post("/options", json=a_request())).json()).get("options", ())) < 2:
            await asyncio.sleep(0.05)
    by_slot = {option["slot_id"]: option for option in answer["options"]}
    assert by_slot[near["id"]]["tags"] == ["nearest"]
    assert "earliest" in by_slot[far["id"]]["tags"]
    request = (await asker.client.post("/requests", json=a_request())).json()
    held = await asker.client.post(f"/requests/{request['id']}/hold", json={"slot_id": near["id"]})
    assert (held.status_code, held.json()["state"]) == (201, "held"), held.text
    patient = {"name": "Essai Fictif", "phone": "0600000000"}
    firm = await asker.client.post(f"/requests/{request['id']}/confirmation", json={"patient": patient})
    assert firm.status_code == 200, firm.text
    doctor = await town.doctor(0)
    told = (await doctor.get(f"/bookings/{firm.json()['booking_id']}/patient")).json()
    assert (told["name"], told["phone"]) == ("Essai Fictif", "0600000000")
