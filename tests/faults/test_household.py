"""A household comes and goes together: one call takes its places, makes them firm, and gives them back."""

import asyncio

import pytest

from shared.auth import Role
from tests.faults.conftest import Wired
from tests.integration.matching.test_losing_nobody import bookings_of
from tests.towns import a_request

TOGETHER, ONE_BY_ONE = "/bookings/batch", ("/bookings", "/confirmation", "/release", "/cancellation")


@pytest.mark.parametrize(
    ("firm", "path", "body", "after"),
    [(False, "release", {}, "released"), (True, "cancellation", {"reason": "patient"}, "cancelled")],
)
async def test_a_household_asks_the_other_service_once_for_each_step(
    wired: Wired, firm: bool, path: str, body: dict[str, str], after: str
) -> None:
    town = wired.town
    slot = await town.slot(capacity=3)
    asker = await town.person(Role.PHARMACIST)
    wired.wire.delay_s = 0.3  # each call over the wire
    form = a_request(hold={"slot_id": slot["id"]}, party=3)
    request = (await asker.client.post("/requests", json=form)).json()
    if firm:
        made = await asker.client.post(f"/requests/{request['id']}/confirmation", json={})
        assert made.json()["state"] == "confirmed", made.text
    assert await bookings_of(town, request["id"]) == ["confirmed" if firm else "held"] * 3
    ended = await asker.client.post(f"/requests/{request['id']}/{path}", json=body)
    assert ended.json()["state"] == "cancelled", ended.text
    async with asyncio.timeout(30):
        while await bookings_of(town, request["id"]) != [after] * 3:
            await asyncio.sleep(0.05)
    assert wired.wire.times(TOGETHER) >= 2 + firm
    assert {path: wired.wire.times(path) for path in ONE_BY_ONE} == dict.fromkeys(ONE_BY_ONE, 0)
