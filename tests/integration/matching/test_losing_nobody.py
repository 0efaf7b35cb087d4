"""Nobody is lost from sight: when a slot goes, a hold lapses, a process dies, or two people act at once."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from shared.auth import Role
from shared.db import run
from tests.builders import CPTS, MORNING, owner, show
from tests.notices import told
from tests.towns import Person, Town, a_request, until

NOW = MORNING.isoformat()


async def submitted(person: Person, **more: Any) -> dict[str, Any]:
    """A request that was made."""
    answer = await person.client.post("/requests", json=a_request(**more))
    assert answer.status_code == 201, answer.text
    view: dict[str, Any] = answer.json()
    return view


async def bookings_of(town: Town, request_id: str) -> list[str]:
    """The states of the bookings that name a request, in the availability service's own table."""
    async with owner(town.settings) as session:
        await run(session, text("select set_config('aiguillage.cpts', '*', true)"))
        found = await run(
            session,
            text("select state from availability.booking where request_id like :name order by id"),
            name=f"{request_id}%",
        )
        return list(found.scalars())


async def test_a_withdrawn_slot_puts_its_request_back_and_the_next_one_serves_it(town: Town) -> None:
    slot, spare = await town.slot(0, hours=2), await town.slot(1, hours=2.5)
    asker = await town.person(Role.REGULATOR)
    request = await submitted(asker, answer_by=NOW)
    first = await until(asker.client, request["id"], "confirmed")
    lost, kept, doctor = (slot, spare, 0) if first["slot_id"] == slot["id"] else (spare, slot, 1)
    client = await town.doctor(doctor)
    gone = await client.post(f"/slots/{lost['id']}/withdrawal", json={"reason": "absence", "booked": "cancel"})
    assert gone.status_code == 200, gone.text
    view = await until(asker.client, request["id"], "confirmed", having=lambda each: each["slot_id"] == kept["id"])
    codes = [change["code"] for change in view["story"]]
    assert codes == ["submitted", "held", "confirmed", "slot_withdrawn", "held", "confirmed"]
    assert await bookings_of(town, request["id"]) == ["cancelled", "confirmed"]


async def test_a_hold_that_lapses_opens_the_request_again(town: Town) -> None:
    slot = await town.slot(hours=6)
    asker = await town.person(Role.PHARMACIST)
    request = await submitted(asker, urgency=4, motive="renewal")
    await until(asker.client, request["id"], "proposed")
    held = await asker.client.post(f"/requests/{request['id']}/hold", json={"slot_id": slot["id"]})
    assert held.status_code == 201, held.text
    await show(town.settings, MORNING + timedelta(minutes=4))
    view = await until(asker.client, request["id"], "proposed")
    assert [change["code"] for change in view["story"]][-3:] == ["held", "expired", "proposed"]


async def test_two_people_who_hold_for_one_request_get_one_slot_between_them(town: Town) -> None:
    slots = [await town.slot(index, hours=6) for index in (0, 1)]
    asker, coordinator = await town.person(Role.PHARMACIST), await town.person(Role.COORDINATOR)
    request = await submitted(asker, urgency=4, motive="renewal")
    await until(asker.client, request["id"], "proposed")
    answers = await asyncio.gather(
        *(
            person.client.post(f"/requests/{request['id']}/hold", json={"slot_id": slot["id"]})
            for person, slot in zip((asker, coordinator), slots, strict=True)
        )
    )
    winners = [answer for answer in answers if answer.status_code == 201]
    (loser,) = [answer.json() for answer in answers if answer.status_code != 201]
    assert (len(winners), loser["code"], loser["state"]) == (1, "request_moved", "held")
    assert sorted(await bookings_of(town, request["id"])) == ["held", "released"]


async def test_many_requests_for_few_places_are_never_given_the_same_one(town: Town) -> None:
    await town.slot(0, count=3)
    asker = await town.person(Role.REGULATOR)
    made = await asyncio.gather(*(submitted(asker, answer_by=NOW) for _ in range(8)))
    coordinator = await town.person(Role.COORDINATOR)

    async def board() -> list[dict[str, Any]]:
        return list((await coordinator.client.get("/requests", params={"cpts": CPTS})).json())

    async with asyncio.timeout(30):
        while sum(view["state"] == "confirmed" for view in await board()) < 3 or not all(
            view["blockers"] == {"taken": 3} for view in await board() if view["state"] != "confirmed"
        ):
            await asyncio.sleep(0.1)
    views = await board()
    assert len(views) == len(made)
    served = [view["slot_id"] for view in views if view["state"] == "confirmed"]
    assert len(set(served)) == len(served) == 3
    assert all(view["blockers"] == {"taken": 3} for view in views if view["state"] != "confirmed")


async def test_a_hold_that_nobody_recorded_is_recorded_by_the_next_round(town: Town) -> None:
    slot = await town.slot(hours=6)
    asker = await town.person(Role.REGULATOR)
    request = await submitted(asker, urgency=4, motive="renewal")
    await until(asker.client, request["id"], "proposed")
    # As a process leaves it that dies between the hold and its record.
    machine = await town.machine()
    left = await machine.post(f"/slots/{slot['id']}/bookings", json={"request_id": request["id"], "minutes": 3})
    assert left.status_code == 201, left.text
    view = await until(asker.client, request["id"], "held")
    assert view["booking_id"] == left.json()["id"]
    firm = await asker.client.post(f"/requests/{request['id']}/confirmation", json={})
    assert firm.json()["state"] == "confirmed"


async def test_a_booking_of_a_closed_request_is_given_back(town: Town) -> None:
    slot = await town.slot(hours=6)
    coordinator = await town.person(Role.COORDINATOR)
    request = await submitted(coordinator, urgency=4, motive="renewal")
    closed = await coordinator.client.post(f"/requests/{request['id']}/closure", json={"reason": "served_elsewhere"})
    assert (closed.json()["state"], closed.json()["reason"]) == ("cancelled", "served_elsewhere")
    machine = await town.machine()
    await machine.post(f"/slots/{slot['id']}/bookings", json={"request_id": request["id"], "minutes": 30})
    async with asyncio.timeout(15):
        while await bookings_of(town, request["id"]) != ["released"]:
            await asyncio.sleep(0.1)


async def test_cancelling_gives_the_slot_to_who_waits_for_it(town: Town) -> None:
    slot = await town.slot(hours=2)
    asker = await town.person(Role.REGULATOR)
    first = await submitted(asker, answer_by=NOW)
    await until(asker.client, first["id"], "confirmed")
    second = await submitted(asker, answer_by=NOW)
    await until(asker.client, second["id"], "open", having=lambda each: each["blockers"])
    cancelled = await asker.client.post(f"/requests/{first['id']}/cancellation", json={"reason": "patient"})
    assert cancelled.json()["state"] == "cancelled"
    assert (await until(asker.client, second["id"], "confirmed"))["slot_id"] == slot["id"]


def reached(level: int) -> Callable[[dict[str, Any]], bool]:
    """Whether a request was escalated so many times."""
    return lambda view: bool(view["escalation"] == level)


async def test_who_is_not_served_ages_escalates_and_stays_on_the_board(town: Town) -> None:
    asker = await town.person(Role.REGULATOR)
    request = await submitted(asker)
    seen: list[tuple[str, int]] = []
    for minutes in (11, 21, 41):
        await show(town.settings, MORNING + timedelta(minutes=minutes))
        view = await until(asker.client, request["id"], "escalated", having=reached(len(seen) + 1))
        seen.append((view["story"][-1]["detail"]["step"], view["max_travel_minutes"]))
    assert seen == [("widen", 45), ("ask_overbooking", 60), ("call_back", 60)]
    assert await told(town.settings, asker.account) == ["request_call_back"]
    await show(town.settings, MORNING + timedelta(hours=3, minutes=1))
    view = await until(asker.client, request["id"], "unserved")
    assert view["reason"] == "no_slot"
    listed = (await asker.client.get("/requests", params={"cpts": CPTS, "state": "unserved"})).json()
    assert [each["id"] for each in listed] == [request["id"]]


async def test_steps_that_came_due_while_nobody_ran_are_taken_one_after_the_other(town: Town) -> None:
    asker = await town.person(Role.REGULATOR)
    request = await submitted(asker)
    await show(town.settings, MORNING + timedelta(minutes=41))
    view = await until(asker.client, request["id"], "escalated", having=reached(3))
    steps = [change["detail"]["step"] for change in view["story"] if change["code"] == "escalated"]
    assert steps == ["widen", "ask_overbooking", "call_back"]


async def test_whether_the_patient_came_is_copied_from_the_practitioner(town: Town) -> None:
    await town.slot(hours=2)
    asker = await town.person(Role.REGULATOR)
    request = await submitted(asker, answer_by=NOW)
    booking = (await until(asker.client, request["id"], "confirmed"))["booking_id"]
    doctor = await town.doctor(0)
    assert (await doctor.post(f"/bookings/{booking}/honoured")).status_code == 200
    await until(asker.client, request["id"], "honoured")


async def test_a_household_is_seen_together_or_not_at_all(town: Town) -> None:
    alone = await town.slot(0, hours=2)
    wide = await town.slot(1, hours=3, capacity=3)
    asker = await town.person(Role.REGULATOR)
    request = await submitted(asker, party=3, answer_by=NOW)
    view = await until(asker.client, request["id"], "confirmed")
    assert view["slot_id"] == wide["id"] != alone["id"]
    assert await bookings_of(town, request["id"]) == ["confirmed"] * 3
    await asker.client.post(f"/requests/{request['id']}/cancellation", json={"reason": "patient"})
    assert await bookings_of(town, request["id"]) == ["cancelled"] * 3


async def test_a_practitioner_sees_who_comes_and_nobody_else(town: Town) -> None:
    await town.slot(0, hours=2)
    asker = await town.person(Role.REGULATOR)
    coming = await submitted(asker, answer_by=NOW, patient={"name": "Essai Fictif"})
    await until(asker.client, coming["id"], "confirmed")
    await submitted(asker, answer_by=NOW)
    own, other = town.territory.practitioners
    for practitioner, seen in ((own, [coming["id"]]), (other, [])):
        person = await town.person(Role.PRACTITIONER, practitioner)
        snapshot = (await person.client.get("/live/snapshot", params={"cpts": CPTS})).json()
        assert list(snapshot["state"]["requests"]) == seen
        answer = await person.client.get(f"/requests/{coming['id']}/patient")
        assert answer.status_code == (200 if seen else 403)


async def test_a_patient_that_no_key_opens_keeps_nobody_from_their_place(town: Town) -> None:
    asker = await town.person(Role.REGULATOR)
    both = [await submitted(asker, answer_by=NOW, patient={"name": "Essai Fictif"}) for _ in range(2)]
    async with owner(town.settings) as session:
        await run(session, text("select set_config('aiguillage.cpts', '*', true)"))
        spoil = text("update matching.request set patient_sealed = 'lost:x'::bytea where id = :id")
        await run(session, spoil, id=both[0]["id"])
    await town.slot(hours=1, capacity=2)
    for each in both:
        await until(asker.client, each["id"], "confirmed")
    day = {"cpts_id": CPTS, "since": MORNING.isoformat(), "until": (MORNING + timedelta(days=1)).isoformat()}
    found = await (await town.person(Role.COORDINATOR)).client.post("/requests/search", json=day)
    assert found.status_code == 200, found.text
