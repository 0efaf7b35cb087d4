"""The level of tension of a territory: weighed from what was heard, noted when it changes, by the rules of its CPTS."""

import asyncio
from typing import Any

import httpx

from services.coordination.following import Following
from services.coordination.watching import Watching
from shared.auth import Role
from shared.wiring import running, wire
from tests.builders import CPTS
from tests.towns import Town, a_request


async def level(client: httpx.AsyncClient, wanted: int) -> dict[str, Any]:
    """The level once so many P1 wait."""
    found: dict[str, Any] = {}
    try:
        async with asyncio.timeout(20):
            while not found or {each["code"]: each for each in found["points"]}["p1_waiting"]["measured"] != wanted:
                await asyncio.sleep(0.05)
                answer = await client.get("/level", params={"cpts": CPTS})
                assert answer.status_code == 200, answer.text
                found = answer.json()
    except TimeoutError:
        raise AssertionError(found) from None
    return found


async def test_a_level_says_why_and_what_to_do_and_its_changes_are_kept(town: Town) -> None:
    client = (await town.person(Role.COORDINATOR, at="coordination")).client
    pharmacy = (await town.person(Role.PHARMACIST)).client
    form = (await client.get("/level/rules", params={"cpts": CPTS})).json()
    assert form["after"] == 0
    form["rules"]["levels"][1]["from"] = 1
    form["rules"]["levels"][1]["actions"] = ["Coordination : appeler"]
    assert (await client.put("/level/rules", json=form)).json() == {"version": 1}
    calm = await level(client, 0)
    assert (calm["level"], calm["total"], calm["next_at"], calm["actions"]) == (1, 0, 1, [])
    await pharmacy.post("/requests", json=a_request(cpts_id=CPTS, insee="2A004"))
    tense = await level(client, 1)
    assert (tense["level"], tense["total"], tense["actions"]) == (2, 1, ["Coordination : appeler"])
    regulator = (await town.person(Role.REGULATOR, at="coordination")).client
    assert (await level(regulator, 1))["level"] == 2
    for role in (Role.PHARMACIST, Role.COMMITTEE, Role.PRACTITIONER):
        other = (await town.person(role, at="coordination")).client
        assert (await other.get("/level", params={"cpts": CPTS})).status_code == 403


async def test_rules_that_make_no_sense_are_refused(town: Town) -> None:
    client = (await town.person(Role.COORDINATOR, at="coordination")).client
    form = (await client.get("/level/rules", params={"cpts": CPTS})).json()
    form["rules"]["levels"].reverse()
    refused = await client.put("/level/rules", json=form)
    assert (refused.status_code, refused.json()["code"]) == (422, "rules_broken")
    assert (
        await client.put("/level/rules", json={**form, "rules": {"levels": 3, "parameters": []}})
    ).status_code == 422


async def test_a_change_is_noted_once_with_the_points_that_made_it(town: Town) -> None:
    pharmacy = (await town.person(Role.PHARMACIST)).client
    client = (await town.person(Role.COORDINATOR, at="coordination")).client
    wiring = wire("coordination", town.settings)
    async with running(wiring):
        await wiring.read_clock()
        watching = Watching(wiring, Following(wiring, {}))
        for _ in range(2):
            await watching.look(CPTS)
        # P1 last: once they are heard, so is all before.
        for urgency in (2, 2, 2, 2, 1, 1, 1):
            await pharmacy.post("/requests", json=a_request(cpts_id=CPTS, insee="2A004", urgency=urgency))
        form = (await client.get("/level/rules", params={"cpts": CPTS})).json()
        form["rules"]["levels"][1]["from"] = 3
        assert (await client.put("/level/rules", json=form)).status_code == 200
        await level(client, 3)
        for _ in range(2):
            await watching.look(CPTS)
    history = (await client.get("/level", params={"cpts": CPTS})).json()["history"]
    assert [each["level"] for each in history] == [2, 1]
    assert {each["code"]: each["points"] for each in history[0]["points"]}["p1_waiting"] == 2
