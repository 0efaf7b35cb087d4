"""The days a territory lived are replayed with a change, and tell what tomorrow lacks; through the real services."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx

from shared.auth import Role
from tests.builders import CPTS, MORNING, show
from tests.towns import Town, a_request


async def a_day_of(town: Town, *, requests: int, slots: int) -> None:
    """So many people asked yesterday, for so many slots; both services know of them."""
    yesterday = timedelta(days=1)
    await show(town.settings, MORNING - yesterday + timedelta(minutes=5))
    for index in range(slots):
        await town.slot(hours=index / 3 - 23)
    pharmacy = (await town.person(Role.PHARMACIST)).client
    for _ in range(requests):
        answer = await pharmacy.post("/requests", json=a_request(urgency=2))
        assert answer.status_code == 201, answer.text
    await show(town.settings, MORNING)


async def known(client: httpx.AsyncClient, path: str, **asked: Any) -> httpx.Response:
    """The answer, once the slots are known here."""
    async with asyncio.timeout(30):
        while (answer := await client.get(path, timeout=60, **asked)).status_code == 503:
            await asyncio.sleep(0.03)
    return answer


async def told(client: httpx.AsyncClient, **form: Any) -> list[dict[str, Any]]:
    """Every event of a replay."""
    async with client.stream("POST", "/whatif", json={"cpts_id": CPTS, **form}, timeout=60) as answer:
        assert answer.status_code == 200, await answer.aread()
        return [json.loads(line[6:]) async for line in answer.aiter_lines() if line.startswith("data: ")]


async def test_a_lived_day_is_replayed_with_a_change_and_tells_what_tomorrow_lacks(town: Town) -> None:
    await a_day_of(town, requests=4, slots=2)
    board = (await town.person(Role.COORDINATOR)).client
    lack = (await known(board, "/tomorrow", params={"cpts": CPTS})).json()
    assert lack["day"] == "2026-11-24T23:00:00Z"
    assert (lack["days"], lack["published"], sum(lack["mean_by_class"])) == (1, 0, 4)
    assert 0 < lack["to_open"] <= lack["high"]
    assert [block["from_s"] // 3600 for block in lack["blocks"] if block["to_open"]] == [8]

    answers = await told(board, slots=2, insee="48095")
    assert [(each["done"], each["days"]) for each in answers] == [(0, 1), (1, 1), (1, 1)]
    before, after = answers[-1]["before"], answers[-1]["after"]
    assert answers[-1]["first"] == "2026-11-23"
    assert (before["asked"], before["served_within_24_h"]) == (4, 2)
    assert after["served_within_24_h"] == 3  # the other one begins before anybody asked
    nothing = (await told(board))[-1]
    assert nothing["before"] == nothing["after"]

    unknown = (await board.post("/whatif", json={"cpts_id": CPTS, "slots": 1, "insee": "99999"})).json()
    assert unknown["field"] == "insee"
    assert (await board.post("/whatif", json={"cpts_id": CPTS, "slots": 1})).status_code == 422


async def test_a_territory_without_a_past_says_so_to_who_steers_it(town: Town) -> None:
    board = (await town.person(Role.COORDINATOR)).client
    for answer in (
        await known(board, "/tomorrow", params={"cpts": CPTS}),
        await board.post("/whatif", json={"cpts_id": CPTS}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "no_day_lived")
    for role in (Role.PHARMACIST, Role.PRACTITIONER, Role.COMMITTEE):
        someone = (await town.person(role)).client
        for where in ("/tomorrow", "/place-prices"):
            assert (await someone.get(where, params={"cpts": CPTS})).status_code == 403, (role, where)
        assert (await someone.post("/whatif", json={"cpts_id": CPTS})).status_code == 403
        assert (await someone.post("/whatif", json={"cpts_id": CPTS})).status_code == 403


async def test_planners_see_where_one_more_place_would_serve_somebody(town: Town) -> None:
    slot = await town.slot()
    asker = (await town.person(Role.REGULATOR)).client
    asked = [(await asker.post("/requests", json=a_request(answer_by=MORNING.isoformat()))).json() for _ in range(2)]
    board = (await town.person(Role.COORDINATOR)).client
    worth: dict[str, Any] = {"practitioners": []}
    async with asyncio.timeout(30):
        while not any(each["serves"] for each in worth["practitioners"]):
            worth = (await known(board, "/place-prices", params={"cpts": CPTS})).json()
            await asyncio.sleep(0.05)
    (first,) = worth["practitioners"]
    assert (first["slot_id"], first["practitioner_id"]) == (slot["id"], str(town.territory.practitioners[0]))
    assert (first["serves"], first["saves_s"]) == (asked[0]["urgency"], None)
    assert worth["communes"] == [first]
    pharmacist = (await town.person(Role.PHARMACIST)).client
    assert (await pharmacist.get("/place-prices", params={"cpts": CPTS})).status_code == 403


async def test_a_practitioner_away_is_missed_on_the_days_of_the_week_of_their_absence(town: Town) -> None:
    await a_day_of(town, requests=4, slots=2)
    board = (await town.person(Role.COORDINATOR)).client
    gone = str(town.territory.practitioners[0])
    await known(board, "/tomorrow", params={"cpts": CPTS})
    answer = (await told(board, without=gone, away_from="2026-11-30", away_until="2026-12-04"))[-1]
    assert (answer["first"], answer["before"]["served"], answer["after"]["served"]) == ("2026-11-23", 2, 0)
    nobody = await board.post("/whatif", json={"cpts_id": CPTS, "without": str(town.territory.practitioners[1])})
    assert (nobody.status_code, nobody.json()["code"], nobody.json()["field"]) == (422, "nobody_to_miss", "without")
    backwards = {"cpts_id": CPTS, "without": gone, "away_from": "2026-12-04", "away_until": "2026-11-30"}
    assert (await board.post("/whatif", json=backwards)).status_code == 422


async def test_what_tomorrow_lacks_adds_up_with_what_usually_appears(town: Town) -> None:
    await a_day_of(town, requests=4, slots=2)
    board = (await town.person(Role.COORDINATOR)).client
    lack = (await known(board, "/tomorrow", params={"cpts": CPTS})).json()
    assert lack["usual"] > 0
    assert abs(lack["usual"] - sum(block["usual"] for block in lack["blocks"])) < 1e-9
    assert lack["published"] + lack["usual"] + lack["to_open"] >= lack["low"]
