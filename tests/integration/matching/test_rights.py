"""A machine holds for people what they may see themselves, and nothing else."""

import asyncio
from uuid import uuid4

from shared.auth import Role
from tests.towns import Town, a_request


async def test_a_slot_that_a_role_may_not_see_is_not_held_through_the_machine_that_sees_it(town: Town) -> None:
    slot = await town.slot(types=["SNP"])
    pharmacy = (await town.person(Role.PHARMACIST)).client
    asked = (await pharmacy.post("/requests", json=a_request(urgency=4))).json()["id"]
    async with asyncio.timeout(15):
        while (
            answer := await pharmacy.post(f"/requests/{asked}/hold", json={"slot_id": slot["id"]})
        ).status_code == 409:
            await asyncio.sleep(0.05)
    assert (answer.status_code, answer.json()["field"]) == (403, "slot_id")
    coordinator = (await town.person(Role.COORDINATOR)).client
    assert (await coordinator.post(f"/requests/{asked}/hold", json={"slot_id": slot["id"]})).status_code == 201


async def test_a_slot_for_another_cpts_is_refused_before_anything_of_it_is_looked_up(town: Town) -> None:
    pharmacy = (await town.person(Role.PHARMACIST)).client
    asked = a_request(cpts_id="199999999", hold={"slot_id": str(uuid4())})
    for path in ("/requests", "/options"):
        answer = await pharmacy.post(path, json=asked)
        assert (answer.status_code, answer.json()["field"]) == (403, "cpts_id"), path
