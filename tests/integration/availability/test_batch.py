"""Many orders in one transaction, each with its own answer; a household all or none."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from shared.auth import Role
from shared.db import run
from tests.builders import CPTS, MORNING, Service, Territory, a_hold, a_slot, owner, show


async def batch(client: httpx.AsyncClient, **orders: Any) -> dict[str, list[dict[str, Any]]]:
    answer = await client.post("/bookings/batch", json=orders)
    assert answer.status_code == 200, answer.text
    said: dict[str, list[dict[str, Any]]] = answer.json()
    return said


async def slots(client: httpx.AsyncClient, territory: Territory, *capacities: int) -> list[dict[str, Any]]:
    return [
        await a_slot(client, territory, starts_at=(MORNING + timedelta(hours=2 + n)).isoformat(), capacity=capacity)
        for n, capacity in enumerate(capacities)
    ]


def codes(answers: list[dict[str, Any]]) -> list[str]:
    """For each order, the state of its booking or the code of its problem."""
    return [each["booking"]["state"] if each["booking"] else each["problem"]["code"] for each in answers]


async def taken(client: httpx.AsyncClient, slot: dict[str, Any]) -> tuple[int, int, int]:
    now = (await client.get(f"/slots/{slot['id']}")).json()
    return now["taken"], now["held"], len(now["bookings"])


async def test_each_order_has_its_own_answer_in_the_order_given(service: Service, territory: Territory) -> None:
    matching = await service.machine()
    one, two, three = await slots(matching, territory, 1, 2, 1)
    kept, gone = await a_hold(matching, one, "kept"), await a_hold(matching, two, "gone")
    unknown = "00000000-0000-7000-8000-000000000000"
    said = await batch(
        matching,
        hold=[
            {"slot_id": one["id"], "request_id": "late"},
            {"slot_id": two["id"], "request_id": "a"},
            {"slot_id": unknown, "request_id": "b"},
            {"slot_id": two["id"], "request_id": "c"},
            {"slot_id": two["id"], "request_id": "d"},
            {"slot_id": three["id"], "request_id": "e", "confirm": True, "patient": {"name": "ESSAI-PATIENT"}},
        ],
        confirm=[{"booking_id": kept["id"]}, {"booking_id": unknown}],
        release=[{"booking_id": gone["id"], "reason": "autre choix"}],
    )
    assert codes(said["hold"]) == ["slot_unavailable", "held", "not_found", "held", "slot_unavailable", "confirmed"]
    assert [each["status"] for each in said["hold"]] == [409, 201, 404, 201, 409, 201]
    assert codes(said["confirm"]) == ["confirmed", "not_found"]
    assert codes(said["release"]) == ["released"]
    assert [await taken(matching, slot) for slot in (one, two, three)] == [(1, 0, 1), (2, 2, 2), (1, 0, 1)]
    doctor = await service.person(Role.PRACTITIONER, territory.practitioners[0])
    coming = await doctor.get(f"/bookings/{said['hold'][5]['booking']['id']}/patient")
    assert coming.json()["name"] == "ESSAI-PATIENT"


async def test_a_household_is_taken_whole_or_not_at_all(service: Service, territory: Territory) -> None:
    matching = await service.machine()
    narrow, wide = await slots(matching, territory, 2, 3)
    old = await a_hold(matching, narrow, "r1")

    def household(slot: dict[str, Any], group: str) -> list[dict[str, Any]]:
        return [{"slot_id": slot["id"], "request_id": f"{group}.{n}", "all_or_none_group": group} for n in range(3)]

    lost = await batch(matching, hold=household(narrow, "lost"))
    assert codes(lost["hold"]) == ["group_refused", "slot_unavailable", "group_refused"]
    assert await taken(matching, narrow) == (1, 1, 1)
    # The place they have is only given up for the places they get.
    moved = {"booking_id": old["id"], "reason": "autre créneau", "all_or_none_group": "lost again"}
    kept = await batch(matching, hold=[*household(narrow, "lost again")], release=[moved])
    assert codes(kept["release"]) == ["group_refused"]
    assert await taken(matching, narrow) == (1, 1, 1)
    won = await batch(matching, hold=household(wide, "won"), release=[{**moved, "all_or_none_group": "won"}])
    assert (codes(won["hold"]), codes(won["release"])) == (["held"] * 3, ["released"])
    assert [await taken(matching, slot) for slot in (narrow, wide)] == [(0, 0, 0), (3, 3, 3)]


async def test_a_batch_said_twice_is_said_once(service: Service, territory: Territory) -> None:
    matching = await service.machine()
    one, two = await slots(matching, territory, 1, 2)
    old = await a_hold(matching, two, "old")
    orders = {
        "hold": [{"slot_id": slot["id"], "request_id": "new", "confirm": slot is one} for slot in (one, two)],
        "release": [{"booking_id": old["id"], "reason": "essai"}],
    }
    first = await batch(matching, **orders)
    before = await events(service)
    assert await batch(matching, **orders) == first
    assert await events(service) == before


async def events(service: Service) -> list[tuple[int, str]]:
    async with owner(service.settings) as session:
        rows = text("select seq, body->>'type' from availability.event where cpts_id = :cpts order by seq")
        return [tuple(row) for row in await run(session, rows, cpts=CPTS)]


async def test_a_confirmed_place_is_cancelled_and_a_lapsed_hold_is_told_so(
    service: Service, territory: Territory
) -> None:
    matching = await service.machine()
    one, two = await slots(matching, territory, 1, 1)
    firm, lapsed = await a_hold(matching, one, "firm"), await a_hold(matching, two, "lapsed")
    await matching.post(f"/bookings/{firm['id']}/confirmation")
    await show(service.settings, MORNING + timedelta(minutes=4))
    said = await batch(
        matching,
        hold=[{"slot_id": two["id"], "request_id": "lapsed"}],
        confirm=[{"booking_id": lapsed["id"]}],
        release=[{"booking_id": firm["id"], "reason": "guéri"}],
    )
    assert (codes(said["hold"]), codes(said["confirm"]), codes(said["release"])) == (
        ["held"],
        ["hold_expired"],
        ["cancelled"],
    )
    kinds = [kind for _, kind in await events(service)]
    assert kinds[-4:] == ["booking_cancelled.v1", "booking_expired.v1", "slot_held.v1", "practitioner_served.v1"]


async def test_a_released_state_may_be_asked_for_and_a_confirmed_place_refuses_it(
    service: Service, territory: Territory
) -> None:
    matching = await service.machine()
    [one] = await slots(matching, territory, 1)
    firm = await a_hold(matching, one, "firm")
    await matching.post(f"/bookings/{firm['id']}/confirmation")
    said = await batch(matching, release=[{"booking_id": firm["id"], "reason": "essai", "state": "released"}])
    assert codes(said["release"]) == ["booking_settled"]
    assert await taken(matching, one) == (1, 0, 1)


async def test_a_number_of_a_patient_is_refused_for_its_own_order_only(service: Service, territory: Territory) -> None:
    matching = await service.machine()
    one, two = await slots(matching, territory, 1, 1)
    number = "2 55 08 14 168 025 38"
    said = await batch(
        matching,
        hold=[
            {"slot_id": one["id"], "request_id": "a", "confirm": True, "patient": {"note": f"nir {number}"}},
            {"slot_id": two["id"], "request_id": "b", "confirm": True, "patient": {"name": "ESSAI-PATIENT"}},
        ],
    )
    assert [each["status"] for each in said["hold"]] == [422, 201]
    assert number not in str(said)
    assert [await taken(matching, slot) for slot in (one, two)] == [(0, 0, 0), (1, 0, 1)]


@pytest.mark.parametrize("role", [Role.PHARMACIST, Role.COORDINATOR, Role.ADMIN, Role.PRACTITIONER])
async def test_only_machines_send_batches(service: Service, territory: Territory, role: Role) -> None:
    person = await service.person(role, *([territory.practitioners[0]] if role == Role.PRACTITIONER else ()))
    assert (await person.post("/bookings/batch", json={})).status_code == 403


async def test_rival_batches_in_two_orders_fill_every_place_once(service: Service, territory: Territory) -> None:
    matching = await service.machine()
    offered = await slots(matching, territory, 1, 2, 1, 3)

    async def rival(number: int) -> dict[str, list[dict[str, Any]]]:
        order = offered if number % 2 else offered[::-1]
        return await batch(matching, hold=[{"slot_id": slot["id"], "request_id": f"r{number}"} for slot in order])

    said = await asyncio.gather(*(rival(number) for number in range(8)))
    won = sum(codes(each["hold"]).count("held") for each in said)
    assert won == 7
    assert [await taken(matching, slot) for slot in offered] == [(1, 1, 1), (2, 2, 2), (1, 1, 1), (3, 3, 3)]
    told = await events(service)
    assert [seq for seq, _ in told] == list(range(1, len(told) + 1))
