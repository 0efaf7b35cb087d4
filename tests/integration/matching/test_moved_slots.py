"""A practitioner moves a slot with who is in it: the request follows, and nobody counts as told of the new hour."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import httpx

from shared.auth import Role
from tests.builders import MORNING
from tests.integration.matching.test_losing_nobody import NOW, submitted
from tests.notices import told
from tests.towns import Town, until


async def until_status(client: httpx.AsyncClient, slot_id: str, status: str) -> dict[str, Any]:
    """Read a slot until it has this status."""
    view: dict[str, Any] = {}
    async with asyncio.timeout(60):
        while view.get("status") != status:
            await asyncio.sleep(0.05)
            view = (await client.get(f"/slots/{slot_id}")).json()
    return view


async def test_a_confirmed_request_follows_its_slot_and_the_patient_is_to_be_called(town: Town) -> None:
    slot = await town.slot(0, hours=2)
    asker = await town.person(Role.REGULATOR)
    request = await submitted(asker, answer_by=NOW)
    await until(asker.client, request["id"], "confirmed")
    assert (await asker.client.post(f"/requests/{request['id']}/told")).json()["told_at"]
    doctor = await town.doctor(0)
    later = MORNING + timedelta(hours=9)
    span = {"starts_at": later.isoformat(), "ends_at": (later + timedelta(minutes=15)).isoformat()}
    assert (await doctor.patch(f"/slots/{slot['id']}", json=span)).status_code == 200
    moved = await until(
        asker.client, request["id"], "confirmed", having=lambda view: datetime.fromisoformat(view["starts_at"]) == later
    )
    assert moved["told_at"] is None
    assert moved["slot_id"] == slot["id"]
    assert [change["code"] for change in moved["story"]][-1] == "slot_moved"
    assert "request_moved" in await told(town.settings, asker.account)
    assert (await asker.client.post(f"/requests/{request['id']}/told")).json()["told_at"]


async def test_a_hold_follows_its_slot_too(town: Town) -> None:
    slot = await town.slot(0, hours=6)
    asker = await town.person(Role.PHARMACIST)
    request = await submitted(asker, urgency=4, motive="renewal")
    await until(asker.client, request["id"], "proposed")
    held = await asker.client.post(f"/requests/{request['id']}/hold", json={"slot_id": slot["id"]})
    assert held.status_code == 201, held.text
    doctor = await town.doctor(0)
    later = MORNING + timedelta(hours=7)
    span = {"starts_at": later.isoformat(), "ends_at": (later + timedelta(minutes=15)).isoformat()}
    assert (await doctor.patch(f"/slots/{slot['id']}", json=span)).status_code == 200
    await until(
        asker.client, request["id"], "held", having=lambda view: datetime.fromisoformat(view["starts_at"]) == later
    )
    confirmed = await asker.client.post(f"/requests/{request['id']}/confirmation", json={})
    assert confirmed.status_code == 200, confirmed.text


async def test_a_slot_that_nobody_could_take_goes_back_while_the_matching_looks_on(town: Town) -> None:
    slot = await town.slot(0, hours=0.253)
    doctor = await town.doctor(0)
    view = await until_status(doctor, slot["id"], "given_back")
    assert view["taken"] == 0
