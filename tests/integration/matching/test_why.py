"""Why a slot is not proposed, asked by its practitioner: the engine's rules, one by one, over all who wait."""

import asyncio
from typing import Any

import httpx

from shared.auth import Role
from tests.builders import CPTS
from tests.towns import Town, a_request, until


async def asked(client: httpx.AsyncClient, slot: dict[str, Any]) -> dict[str, Any]:
    """The answer, once the matching knows the slot."""
    async with asyncio.timeout(15):
        while True:
            answer = await client.get(f"/slots/{slot['id']}/why", params={"cpts": CPTS})
            if answer.status_code != 404:
                assert answer.status_code == 200, answer.text
                return {**answer.json(), **{rule["rule"]: rule for rule in answer.json()["rules"]}}
            await asyncio.sleep(0.05)


async def test_each_rule_says_whom_it_keeps_away_and_what_they_want(town: Town) -> None:
    slot = await town.slot(acts=["wound"], types=["PUBLIC"], audience=[])
    asker = await town.person(Role.PHARMACIST)
    for more in ({"age": 4}, {"modes": ["VR"]}):
        request = (await asker.client.post("/requests", json=a_request(**more))).json()
        await until(asker.client, request["id"], "open", having=lambda view: view["blockers"])
    doctor = await town.person(Role.PRACTITIONER, town.territory.practitioners[0])
    found = await asked(doctor.client, slot)
    assert (found["waiting"], found["suits"]) == (2, 0)
    assert (found["act"]["ok"], found["act"]["blocked"], found["act"]["wanted"]) == (False, 2, "fever_child")
    assert (found["act"]["alone"], found["mode"]["blocked"], found["mode"]["wanted"]) == (1, 1, "VR")
    assert {rule["rule"] for rule in found["rules"] if not rule["ok"]} == {"act", "mode"}


async def test_without_anyone_waiting_the_rules_still_answer_for_each_kind_of_asker(town: Town) -> None:
    slot = await town.slot(types=["SNP"])
    doctor = await town.person(Role.PRACTITIONER, town.territory.practitioners[0])
    found = await asked(doctor.client, slot)
    assert (found["waiting"], found["visibility"]["ok"]) == (0, False)
    assert found["visibility"]["askers"] == ["pharmacist"]
    settings = f"/practitioners/{town.territory.practitioners[0]}/settings"
    assert (await (await town.doctor()).put(settings, json={"paused": True, "week_cap": 0})).status_code == 204
    async with asyncio.timeout(15):
        while found["paused"]["ok"]:
            found = await asked(doctor.client, slot)
    assert not found["week_cap"]["ok"]
    other = await town.person(Role.PRACTITIONER, town.territory.practitioners[1])
    assert (await other.client.get(f"/slots/{slot['id']}/why", params={"cpts": CPTS})).status_code == 403
