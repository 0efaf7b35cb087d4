"""Whose slot is moved with a patient in it is told, once, and not of their own act."""

from datetime import timedelta
from typing import Any

import httpx

from tests.builders import MORNING
from tests.integration.notices.conftest import Desk


async def moved(client: httpx.AsyncClient, slot: dict[str, Any], hours: float) -> None:
    start = MORNING + timedelta(hours=hours)
    span = {"starts_at": start.isoformat(), "ends_at": (start + timedelta(minutes=15)).isoformat()}
    assert (await client.patch(f"/slots/{slot['id']}", json=span)).status_code == 200


async def the_slot(desk: Desk) -> dict[str, Any]:
    span = {"cpts": "990000001", "from": "2026-11-24T00:00:00Z", "to": "2026-11-25T00:00:00Z"}
    slot: dict[str, Any] = (await desk.doctor.client.get("/slots", params=span)).json()["slots"][0]
    return slot


async def test_a_practitioner_is_told_that_an_appointment_moved(desk: Desk) -> None:
    await desk.booked("r1")
    sender = await desk.sender()
    await sender.turn()
    await moved(await desk.service.machine(), await the_slot(desk), 5)
    await sender.turn()
    subjects = [letter["Subject"] for letter in desk.mailroom.letters]
    assert subjects == ["Un patient est attendu aujourd'hui à 11:00", "Un rendez-vous est déplacé aujourd'hui à 14:00"]


async def test_who_moves_it_themselves_is_told_nothing(desk: Desk) -> None:
    await desk.booked("r1")
    sender = await desk.sender()
    await sender.turn()
    await moved(desk.doctor.client, await the_slot(desk), 5)
    await sender.turn()
    assert len(desk.mailroom.letters) == 1
