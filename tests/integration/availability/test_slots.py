"""Publishing, changing, withdrawing and giving back."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.availability.sweeper import EACH_TIME, sweep
from shared.auth import Role
from shared.db import run
from shared.http.parts import read_parts
from shared.wiring import Wiring
from tests.builders import CPTS, MORNING, Service, Territory, a_hold, a_slot, owner, show, slots_order


async def count(service: Service, what: str) -> int:
    async with owner(service.settings) as session:
        found: int = (await run(session, text(f"select count(*) from availability.{what}"))).scalar_one()
        return found


async def test_three_quarters_from_two_o_clock_are_one_call(service: Service, territory: Territory) -> None:
    doctor = await service.person(Role.PRACTITIONER, territory.practitioners[0])
    answer = await doctor.post("/slots", json=slots_order(territory, count=3, minutes=15))
    slots = answer.json()["slots"]
    starts = [datetime.fromisoformat(slot["starts_at"]) for slot in slots]
    assert [start - starts[0] for start in starts] == [timedelta(minutes=15 * each) for each in range(3)]
    assert {slot["status"] for slot in slots} == {"published"}


async def test_one_practitioner_is_never_at_two_slots_at_once_at_any_place(
    service: Service, territory: Territory
) -> None:
    matching = await service.machine()
    await a_slot(matching, territory)
    path = f"/practitioners/{territory.practitioners[0]}/schedules/{territory.places[1]}/{CPTS}"
    assert (await matching.put(path)).status_code == 204
    elsewhere = slots_order(territory, place_id=str(territory.places[1]))
    answer = await matching.post("/slots", json=elsewhere)
    assert (answer.status_code, answer.json()["code"]) == (409, "slot_overlaps")
    # Three in a row of which the last overlaps: none is written.
    first = (MORNING + timedelta(hours=1, minutes=30)).isoformat()
    assert (await matching.post("/slots", json={**elsewhere, "starts_at": first, "count": 3})).status_code == 409
    assert await count(service, "slot") == 1


async def test_ten_rivals_publish_the_same_time_and_one_wins(service: Service, territory: Territory) -> None:
    matching = await service.machine()
    orders = [slots_order(territory, count=3) for _ in range(10)]
    answers = Counter(
        [answer.status_code for answer in await asyncio.gather(*(matching.post("/slots", json=o) for o in orders))]
    )
    assert answers == {201: 1, 409: 9}


async def test_a_slot_moves_and_grows_but_never_below_who_is_in_it(service: Service, territory: Territory) -> None:
    matching = await service.machine()
    slot = await a_slot(matching, territory, capacity=2)
    await a_hold(matching, slot, "r1")
    await a_hold(matching, slot, "r2")
    path = f"/slots/{slot['id']}"
    refused = await matching.patch(path, json={"capacity": 1})
    assert (refused.status_code, refused.json()["field"]) == (422, "capacity")
    later = {
        "starts_at": (MORNING + timedelta(hours=4)).isoformat(),
        "ends_at": (MORNING + timedelta(hours=5)).isoformat(),
    }
    changed = (await matching.patch(path, json={"capacity": 3, "modes": ["VR"], **later})).json()
    assert (changed["capacity"], changed["modes"], changed["taken"]) == (3, ["VR"], 2)
    assert changed["version"] > slot["version"]


async def test_moving_a_slot_onto_another_is_refused(service: Service, territory: Territory) -> None:
    matching = await service.machine()
    slots = (await matching.post("/slots", json=slots_order(territory, count=2))).json()["slots"]
    answer = await matching.patch(f"/slots/{slots[0]['id']}", json={"ends_at": slots[1]["ends_at"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "slot_overlaps")


async def test_withdrawing_asks_what_happens_to_who_is_booked(service: Service, territory: Territory) -> None:
    matching = await service.machine()
    slot = await a_slot(matching, territory, capacity=2)
    held = await a_hold(matching, slot)
    path = f"/slots/{slot['id']}/withdrawal"
    refused = await matching.post(path, json={"reason": "visite"})
    assert (refused.status_code, refused.json()["code"]) == (409, "slot_booked")
    done = (await matching.post(path, json={"reason": "visite", "booked": "cancel"})).json()
    assert (done["status"], done["taken"], done["bookings"]) == ("withdrawn", 0, [])
    again = await matching.post(f"/bookings/{held['id']}/confirmation")
    assert again.json()["code"] == "booking_settled"


async def test_withdrawing_may_keep_who_is_booked(service: Service, territory: Territory) -> None:
    matching = await service.machine()
    slot = await a_slot(matching, territory, capacity=2)
    held = await a_hold(matching, slot)
    done = (await matching.post(f"/slots/{slot['id']}/withdrawal", json={"reason": "plein", "booked": "keep"})).json()
    assert (done["status"], done["taken"]) == ("withdrawn", 1)
    assert (await matching.post(f"/bookings/{held['id']}/confirmation")).status_code == 200
    late = await matching.post(f"/slots/{slot['id']}/bookings", json={"request_id": "r2"})
    assert late.status_code == 409
    # The time is still taken by who comes.
    assert (await matching.post("/slots", json=slots_order(territory))).json()["code"] == "slot_overlaps"


async def test_holding_and_withdrawing_at_once_leave_nobody_without_an_answer(
    service: Service, territory: Territory
) -> None:
    matching = await service.machine()
    for turn in range(5):
        slot = await a_slot(matching, territory, starts_at=(MORNING + timedelta(hours=2 + turn)).isoformat())
        held, withdrawn = await asyncio.gather(
            matching.post(f"/slots/{slot['id']}/bookings", json={"request_id": "r1"}),
            matching.post(f"/slots/{slot['id']}/withdrawal", json={"reason": "urgence"}),
        )
        assert {held.status_code, withdrawn.status_code} in ({201, 409}, {409, 200})


async def test_an_empty_slot_goes_back_by_hand_or_in_time(service: Service, territory: Territory) -> None:
    doctor = await service.person(Role.PRACTITIONER, territory.practitioners[0])
    first, second, third = (
        await doctor.post("/slots", json=slots_order(territory, count=3, give_back_minutes=60))
    ).json()["slots"]
    assert (await doctor.post(f"/slots/{first['id']}/give-back")).json()["status"] == "given_back"
    await a_hold(await service.machine(), second)
    refused = await doctor.post(f"/slots/{second['id']}/give-back")
    assert refused.json()["code"] == "slot_booked"
    await show(service.settings, MORNING + timedelta(minutes=91))
    await sweep(read_parts(service.app)[Wiring], EACH_TIME)
    assert (await doctor.get(f"/slots/{third['id']}")).json()["status"] == "given_back"


async def test_a_practitioner_sets_the_notice_for_giving_back(service: Service, territory: Territory) -> None:
    doctor = await service.person(Role.PRACTITIONER, territory.practitioners[0])
    me = territory.practitioners[0]
    assert (await doctor.put(f"/practitioners/{me}/settings", json={"give_back_minutes": 30})).status_code == 204
    slot = await a_slot(doctor, territory)
    notice = datetime.fromisoformat(slot["starts_at"]) - datetime.fromisoformat(slot["give_back_at"])
    assert notice == timedelta(minutes=30)


async def test_a_past_day_leaves_the_live_state_after_the_night(service: Service, territory: Territory) -> None:
    matching = await service.machine()
    slot = await a_slot(matching, territory)
    held = await a_hold(matching, slot)
    await matching.post(f"/bookings/{held['id']}/confirmation")
    for hours, shown in ((18, True), (19.5, False)):  # 3:00, then 4:30 in Paris
        await show(service.settings, MORNING + timedelta(hours=hours))
        await sweep(read_parts(service.app)[Wiring], EACH_TIME)
        state = (await matching.get("/live/snapshot", params={"cpts": CPTS})).json()["state"]
        assert (slot["id"] in state["slots"]) is shown
    assert state["practitioners"][str(territory.practitioners[0])]["served_4_weeks"] == 1


async def test_a_repeated_publication_with_its_key_is_one(service: Service, territory: Territory) -> None:
    matching = await service.machine()
    key = {"idempotency-key": "k-1"}
    order = slots_order(territory, count=2)
    answers = await asyncio.gather(*(matching.post("/slots", json=order, headers=key) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {201}
    assert all(answer.json() == answers[0].json() for answer in answers)
    assert await count(service, "slot") == 2
    other = await matching.post("/slots", json={**order, "count": 3}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


BAD: list[tuple[dict[str, Any], str]] = [
    ({"minutes": 0}, "minutes"),
    ({"count": 0}, "count"),
    ({"modes": ["FAX"]}, "modes.0"),
    ({"types": []}, "types"),
    ({"min_age": 20, "max_age": 10}, "body"),
    ({"starts_at": "2026-11-24T14:00:00"}, "starts_at"),
    ({"surprise": 1}, "surprise"),
    ({"practitioner_id": "x"}, "practitioner_id"),
]


@pytest.mark.parametrize(("change", "field"), BAD)
async def test_bad_input_says_what_to_change(
    service: Service, territory: Territory, change: dict[str, Any], field: str
) -> None:
    matching = await service.machine()
    answer = await matching.post("/slots", json=slots_order(territory, **change))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert field in {error["field"] for error in answer.json()["errors"]}
    assert await count(service, "slot") == 0


async def test_a_slot_in_the_past_or_where_nobody_works_is_refused(service: Service, territory: Territory) -> None:
    matching = await service.machine()
    past = await matching.post("/slots", json=slots_order(territory, starts_at=MORNING.isoformat()))
    assert (past.status_code, past.json()["field"]) == (422, "starts_at")
    unknown = await matching.post("/slots", json=slots_order(territory, audience=["990000009"]))
    assert (unknown.status_code, unknown.json()["field"], unknown.json()["value"]) == (422, "audience", ["990000009"])
    nowhere = await matching.post("/slots", json=slots_order(territory, place_id=str(territory.places[1])))
    assert (nowhere.status_code, nowhere.json()["field"]) == (422, "place_id")
    assert await count(service, "slot") == 0
