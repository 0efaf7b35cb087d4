"""Empty slots go back to their practitioners: late, in order, told before, undone in a press, never while wanted."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.availability.sweeper import EACH_TIME, sweep
from shared.auth import Role
from shared.db import run
from shared.http.parts import read_parts
from shared.wiring import Wiring
from tests.builders import CPTS, MORNING, NEIGHBOUR, a_hold, a_slot, a_territory, owner, show
from tests.integration.availability.test_agendas import Practice, practice

__all__ = ["practice"]


async def at(practice: Practice, minutes: float) -> None:
    """So many minutes after the morning, everything that is due is done."""
    await show(practice.service.settings, MORNING + timedelta(minutes=minutes))
    await sweep(read_parts(practice.service.app)[Wiring], EACH_TIME)


async def status(practice: Practice, *slots: dict[str, Any]) -> list[str]:
    return [(await practice.client.get(f"/slots/{slot['id']}")).json()["status"] for slot in slots]


async def says(practice: Practice, *slots: dict[str, Any], cpts: str = CPTS) -> None:
    """The matching says which slots somebody who waits could take."""
    machine = await practice.service.machine()
    body = {"slot_ids": [slot["id"] for slot in slots]}
    assert (await machine.put(f"/cpts/{cpts}/wanted-slots", json=body)).status_code == 204


async def silent(practice: Practice) -> None:
    """The matching has said nothing for a minute."""
    async with owner(practice.service.settings) as session:
        await run(session, text("update availability.waiting set heard_at = heard_at - interval '1 minute'"))


async def slots_at(practice: Practice, *minutes: float, **more: Any) -> Sequence[dict[str, Any]]:
    starts = [(MORNING + timedelta(minutes=each)).isoformat() for each in minutes]
    return [await a_slot(practice.client, practice.territory, starts_at=each, **more) for each in starts]


async def test_a_free_slot_goes_back_a_quarter_of_an_hour_before_its_time(practice: Practice) -> None:
    (slot,) = await slots_at(practice, 60)
    assert slot["give_back_at"] == "2026-11-24T08:45:00Z"
    await at(practice, 44)
    assert await status(practice, slot) == ["published"]
    await at(practice, 46)
    assert await status(practice, slot) == ["given_back"]


async def test_a_slot_that_somebody_could_take_stays_until_just_before_it_begins(practice: Practice) -> None:
    wanted, other = await slots_at(practice, 60, 80)
    await says(practice, wanted)
    for minutes in (46, 54):
        await at(practice, minutes)
        await says(practice, wanted)
        await at(practice, minutes + 0.5)
    assert await status(practice, wanted, other) == ["published", "published"]
    assert await found_by_others(practice) == {wanted["id"], other["id"]}
    await at(practice, 56)
    assert await status(practice, wanted) == ["given_back"]
    assert await found_by_others(practice) == {other["id"]}


async def found_by_others(practice: Practice) -> set[str]:
    """The slots of the day that a software which books here finds."""
    asked = {"start": "2026-11-24", "end": "2026-11-25"}
    bundle = (await practice.client.get("/booking/Appointment/$find", params=asked)).json()
    return {entry["resource"]["slot"][0]["reference"].split("/")[-1] for entry in bundle.get("entry", [])}


async def test_a_matching_that_falls_silent_has_not_said_that_nobody_waits(practice: Practice) -> None:
    (slot,) = await slots_at(practice, 60)
    await says(practice)
    await silent(practice)
    await at(practice, 50)
    assert await status(practice, slot) == ["published"]
    await says(practice)
    await at(practice, 50)
    assert await status(practice, slot) == ["given_back"]


async def test_a_silent_matching_does_not_keep_a_slot_for_ever(practice: Practice) -> None:
    (slot,) = await slots_at(practice, 60)
    await says(practice)
    await silent(practice)
    await at(practice, 55.5)
    assert await status(practice, slot) == ["given_back"]


async def test_somebody_who_waits_in_a_neighbouring_territory_counts(practice: Practice) -> None:
    await a_territory(practice.service.settings, NEIGHBOUR)
    (shared, own) = [*await slots_at(practice, 60, audience=[NEIGHBOUR]), *await slots_at(practice, 90)]
    await says(practice, shared, cpts=NEIGHBOUR)
    await at(practice, 46)
    assert await status(practice, shared) == ["published"]
    await at(practice, 76)
    assert await status(practice, own) == ["given_back"]


@pytest.mark.parametrize("role", [Role.PRACTITIONER, Role.COORDINATOR, Role.ADMIN])
async def test_only_a_matching_says_who_waits(practice: Practice, role: Role) -> None:
    person = await practice.service.person(role, practice.territory.practitioners[0])
    assert (await person.put(f"/cpts/{CPTS}/wanted-slots", json={"slot_ids": []})).status_code == 403


async def test_a_later_slot_never_goes_back_before_an_earlier_one(practice: Practice) -> None:
    await show(practice.service.settings, MORNING + timedelta(minutes=35))
    # Published at 9:35 with an hour's notice: the moment of the first two has passed already.
    first, second, third = await slots_at(practice, 75, 90, 105, give_back_minutes=60)
    assert [each["give_back_at"] for each in (first, second)] == [None, None]
    await at(practice, 50)
    assert await status(practice, first, second, third) == ["published"] * 3
    await a_hold(await practice.service.machine(), first)
    await at(practice, 60)
    assert await status(practice, third) == ["published"]
    await at(practice, 91)
    assert await status(practice, third) == ["given_back"]


async def test_a_slot_given_back_is_reopened_in_one_press_and_stays(practice: Practice) -> None:
    (slot,) = await slots_at(practice, 60)
    await at(practice, 46)
    reopened = await practice.client.post(f"/slots/{slot['id']}/reopening")
    assert reopened.json()["status"] == "published"
    await at(practice, 58)
    assert await status(practice, slot) == ["published"]
    assert await a_hold(await practice.service.machine(), slot)


async def test_one_slot_is_kept_by_its_own_notice(practice: Practice) -> None:
    (slot,) = await slots_at(practice, 60)
    kept = await practice.client.patch(f"/slots/{slot['id']}", json={"give_back_minutes": 0})
    assert kept.json()["give_back_at"] is None
    sooner = await practice.client.patch(f"/slots/{slot['id']}", json={"give_back_minutes": 30})
    assert sooner.json()["give_back_at"] == "2026-11-24T08:30:00Z"
    await at(practice, 31)
    assert await status(practice, slot) == ["given_back"]


async def test_a_changed_notice_holds_for_what_is_published_only_when_asked(practice: Practice) -> None:
    usual, own = [*await slots_at(practice, 120), *await slots_at(practice, 180, give_back_minutes=45)]
    path = f"/practitioners/{practice.territory.practitioners[0]}/settings"

    async def moments() -> list[str | None]:
        return [(await practice.client.get(f"/slots/{each['id']}")).json()["give_back_at"] for each in (usual, own)]

    before = await moments()
    assert (await practice.client.put(path, json={"give_back_minutes": 30})).status_code == 204
    assert await moments() == before
    asked = {"give_back_minutes": 30, "apply_to_published": True}
    assert (await practice.client.put(path, json=asked)).status_code == 204
    assert await moments() == ["2026-11-24T09:30:00Z", before[1]]
    await practice.client.put(path, json={"give_back_minutes": 0, "apply_to_published": True})
    assert await moments() == [None, before[1]]
    settings = (await practice.client.get(path)).json()
    assert settings["give_back_minutes"] == 0
    assert "apply_to_published" not in settings


async def test_who_sets_nothing_gets_a_quarter_of_an_hour(practice: Practice) -> None:
    path = f"/practitioners/{practice.territory.practitioners[0]}/settings"
    assert (await practice.client.get(path)).json()["give_back_minutes"] == 15
    (slot,) = await slots_at(practice, 240)
    moment = datetime.fromisoformat(slot["give_back_at"])
    assert datetime.fromisoformat(slot["starts_at"]) - moment == timedelta(minutes=15)
