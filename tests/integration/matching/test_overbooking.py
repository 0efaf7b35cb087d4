"""Asking practitioners for one more patient: whom, a yes that opens a slot, a no, and what ends the others."""

from datetime import timedelta
from typing import Any

import pytest

from shared.auth import Role
from shared.settings import Settings
from tests.builders import CPTS, MORNING
from tests.towns import Person, Town, a_request, a_town, until

LATER = (MORNING + timedelta(hours=2, minutes=10)).isoformat()


@pytest.fixture
async def town(settings: Settings) -> Any:
    """Three practitioners who work today, all full."""
    async with a_town(settings, practitioners=3) as found:
        for index in range(3):
            await found.slot(index, hours=0.5, acts=["wound"])
        yield found


async def asked(town: Town, by: Role = Role.PHARMACIST, **more: Any) -> tuple[Person, str, list[dict[str, Any]]]:
    """A request that no slot serves, and the practitioners asked for one more patient."""
    asker = await town.person(by)
    request = (await asker.client.post("/requests", json=a_request(**more))).json()
    await until(asker.client, request["id"], "open", having=lambda view: view["blockers"])
    answer = await asker.client.post(f"/requests/{request['id']}/overbooking-asks", json={})
    assert answer.status_code == 201, answer.text
    return asker, request["id"], answer.json()["asks"]


def yes(town: Town, index: int, **more: Any) -> dict[str, Any]:
    return {"starts_at": LATER, "place_id": str(town.territory.places[index]), **more}


def of(town: Town, asks: list[dict[str, Any]], index: int) -> str:
    """The path of the ask made to one practitioner."""
    own = str(town.territory.practitioners[index])
    return f"/overbooking-asks/{next(each['id'] for each in asks if each['practitioner_id'] == own)}"


async def answers(asker: Person, request: str) -> dict[str, str]:
    """How each practitioner's ask stands."""
    asks = (await asker.client.get(f"/requests/{request}/overbooking-asks")).json()["asks"]
    return {each["practitioner_id"]: each["state"] for each in asks}


async def test_the_nearest_who_work_today_are_asked_and_see_neither_patient_nor_asker(town: Town) -> None:
    asker, request, asks = await asked(town)
    practitioners = [str(each) for each in town.territory.practitioners]
    assert [each["practitioner_id"] for each in asks] == practitioners
    doctor = await town.person(Role.PRACTITIONER, town.territory.practitioners[0])
    seen = (await doctor.client.get("/live/snapshot", params={"cpts": CPTS})).json()["state"]["overbooking_asks"]
    (only,) = seen.values()
    assert (only["practitioner_id"], only["act"], only["asked_by"]) == (practitioners[0], "fever_child", "")
    stranger = await town.person(Role.PHARMACIST)
    assert not (await stranger.client.get("/live/snapshot", params={"cpts": CPTS})).json()["state"]["overbooking_asks"]
    assert (await stranger.client.get(f"/requests/{request}/overbooking-asks")).status_code == 403
    lists = [(await each.client.get("/exports/asks.csv", params={"cpts": CPTS})).text for each in (doctor, stranger)]
    assert [len(each.splitlines()) for each in lists] == [2, 1]
    assert "Fièvre de l'enfant" in lists[0]
    story = (await asker.client.get(f"/requests/{request}")).json()["story"]
    assert "overbooking_asked" in [change["code"] for change in story]


async def test_a_yes_opens_a_slot_held_for_the_request_and_ends_the_other_asks(town: Town) -> None:
    asker, request, asks = await asked(town)
    doctor = await town.person(Role.PRACTITIONER, town.territory.practitioners[1])
    answer = await doctor.client.post(f"{of(town, asks, 1)}/acceptance", json=yes(town, 1))
    assert (answer.status_code, answer.json()["state"]) == (200, "accepted"), answer.text
    held = (await asker.client.get(f"/requests/{request}")).json()
    assert (held["state"], held["slot_id"]) == ("held", answer.json()["slot_id"])
    slot = (await (await town.doctor(1)).get(f"/slots/{held['slot_id']}")).json()
    assert (slot["origin"], slot["capacity"], slot["taken"]) == ("overbooking", 1, 1)
    assert [booking["request_id"] for booking in slot["bookings"]] == [request]
    assert sorted((await answers(asker, request)).values()) == ["accepted", "withdrawn", "withdrawn"]
    late = await town.person(Role.DELEGATE, town.territory.practitioners[0])
    refused = await late.client.post(f"{of(town, asks, 0)}/acceptance", json=yes(town, 0))
    assert (refused.status_code, refused.json()["code"]) == (409, "ask_answered")
    confirmed = await asker.client.post(f"/requests/{request}/confirmation", json={})
    assert confirmed.json()["state"] == "confirmed"
    machine = await town.machine()
    people = (await machine.get("/live/snapshot", params={"cpts": CPTS})).json()["state"]["practitioners"]
    assert people[answer.json()["practitioner_id"]]["on_top_this_week"] == 1


async def test_a_no_leaves_the_others_asked_and_room_to_ask_again(town: Town) -> None:
    asker, request, asks = await asked(town)
    doctor = await town.person(Role.PRACTITIONER, town.territory.practitioners[0])
    where = of(town, asks, 0)
    assert (await doctor.client.post(f"{where}/refusal", json={"reason": "full"})).json()["state"] == "declined"
    assert sorted((await answers(asker, request)).values()) == ["asked", "asked", "declined"]
    again = await doctor.client.post(f"{where}/acceptance", json=yes(town, 0))
    assert again.json()["code"] == "ask_answered"
    nobody = await asker.client.post(f"/requests/{request}/overbooking-asks", json={})
    assert (nobody.status_code, nobody.json()["field"]) == (422, "practitioner_ids")
    other = await town.person(Role.PRACTITIONER, town.territory.practitioners[2])
    assert (await other.client.post(f"{of(town, asks, 1)}/refusal", json={})).status_code == 403


async def test_a_time_already_taken_or_too_late_is_refused_and_the_ask_still_waits(town: Town) -> None:
    asker, request, asks = await asked(town)
    doctor = await town.person(Role.PRACTITIONER, town.territory.practitioners[0])
    busy = (MORNING + timedelta(minutes=35)).isoformat()
    over = await doctor.client.post(f"{of(town, asks, 0)}/acceptance", json=yes(town, 0, starts_at=busy))
    assert (over.status_code, over.json()["rule"]) == (409, "slot_overlaps")
    tomorrow = (MORNING + timedelta(days=1)).isoformat()
    late = await doctor.client.post(f"{of(town, asks, 0)}/acceptance", json=yes(town, 0, starts_at=tomorrow))
    assert (late.status_code, late.json()["field"]) == (422, "starts_at")
    assert set((await answers(asker, request)).values()) == {"asked"}


async def test_three_at_most_are_asked_at_once_and_only_who_may_be(town: Town) -> None:
    asker, request, _asks = await asked(town)
    where = f"/requests/{request}/overbooking-asks"
    own = [str(each) for each in town.territory.practitioners]
    same = await asker.client.post(where, json={"practitioner_ids": own[:1]})
    assert (same.status_code, len(same.json()["asks"])) == (201, 3)
    unknown = await asker.client.post(where, json={"practitioner_ids": [request]})
    assert (unknown.status_code, unknown.json()["field"]) == (422, "practitioner_ids")


async def test_a_request_settled_otherwise_asks_nobody_any_more(town: Town) -> None:
    coordinator, request, _asks = await asked(town, Role.COORDINATOR)
    taken_back = (await coordinator.client.get(f"/requests/{request}/overbooking-asks")).json()["asks"][0]
    await coordinator.client.post(f"/overbooking-asks/{taken_back['id']}/withdrawal")
    await coordinator.client.post(f"/requests/{request}/closure", json={"reason": "served_elsewhere"})
    assert set((await answers(coordinator, request)).values()) == {"withdrawn"}
    machine = await town.machine("matching")
    story = (await machine.get(f"/requests/{request}")).json()["story"]
    assert [change["code"] for change in story][-2:] == ["overbooking_withdrawn", "closed"]
