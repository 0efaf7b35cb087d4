"""The socket between the services stays open and says nothing: nobody is moved, and what truly ends is still seen."""

import asyncio

from services.matching.sameday.edges.following import Territories, Territory
from shared.auth import Role
from shared.http.parts import read_parts
from tests.builders import CPTS, MORNING
from tests.faults.conftest import Wired
from tests.notices import told
from tests.towns import a_request, until

PATIENTS = 10
ASK = "/bookings/answers"


def territory(wired: Wired) -> Territory:
    """What matching knows of the slots."""
    return read_parts(wired.town.matching)[Territories][CPTS]


async def known(wired: Wired, slots: int) -> None:
    """Wait until matching knows these slots."""
    async with asyncio.timeout(20):
        while len(territory(wired).items("slots")) < slots:
            await asyncio.sleep(0.02)


async def asked_again(wired: Wired, times: int) -> None:
    """Wait until the availability service was asked so many times more about bookings that nothing shows."""
    until_then = wired.wire.times(ASK) + times
    async with asyncio.timeout(60):
        while wired.wire.times(ASK) < until_then:
            await asyncio.sleep(0.05)


async def test_confirmed_patients_stay_where_they_are_while_the_socket_is_silent(wired: Wired) -> None:
    town = wired.town
    for index in (0, 1):
        await town.slot(index, hours=0.5, count=PATIENTS)
    asker = await town.person(Role.REGULATOR)
    await known(wired, 2 * PATIENTS)
    wired.wire.silent = True
    made = await asyncio.gather(
        *(asker.client.post("/requests", json=a_request(answer_by=MORNING.isoformat())) for _ in range(PATIENTS))
    )
    ids = [answer.json()["id"] for answer in made]
    before = [await until(asker.client, each, "confirmed") for each in ids]
    for each in ids:
        assert (await asker.client.post(f"/requests/{each}/told")).status_code == 200
    await asked_again(wired, 3)
    after = [(await asker.client.get(f"/requests/{each}")).json() for each in ids]
    assert [view["booking_id"] for view in after] == [view["booking_id"] for view in before]
    assert {view["state"] for view in after} == {"confirmed"}
    assert all(view["told_at"] for view in after)

    # One is cancelled for good, in the silence: they are served again, and have to be called back.
    doctor = await town.doctor(0 if before[0]["practitioner_id"] == str(town.territory.practitioners[0]) else 1)
    gone = await doctor.post(f"/bookings/{before[0]['booking_id']}/cancellation", json={"reason": "absence"})
    assert gone.status_code == 200, gone.text
    moved = await until(asker.client, ids[0], "confirmed", having=lambda view: view["told_at"] is None)
    assert moved["booking_id"] != before[0]["booking_id"]
    assert "booking_ended" in [change["code"] for change in moved["story"]]
    assert "request_lost" in await told(town.settings, asker.account)

    wired.wire.speak()
    async with asyncio.timeout(30):
        while len(territory(wired).bookings()) < PATIENTS:
            await asyncio.sleep(0.05)
    still = [(await asker.client.get(f"/requests/{each}")).json()["booking_id"] for each in ids[1:]]
    assert still == [view["booking_id"] for view in before[1:]]
