"""What happens in the other services becomes figures, with the list behind each; nothing of it is ever changed."""

import asyncio
from typing import Any

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.auth import Role
from shared.db import run
from tests.builders import CPTS, owner
from tests.towns import Town, a_request

DAYS = {"cpts": CPTS, "since": "2026-11-01", "until": "2026-11-30"}


async def served(town: Town, pharmacy: httpx.AsyncClient, hours: float) -> str:
    """A request of the pharmacy, held and confirmed."""
    slot = await town.slot(hours=hours)
    answer = await pharmacy.post("/requests", json=a_request(cpts_id=CPTS, hold={"slot_id": slot["id"]}))
    assert answer.status_code == 201, answer.text
    request: str = answer.json()["id"]
    assert (await pharmacy.post(f"/requests/{request}/confirmation", json={})).status_code == 200
    return request


async def figures(client: httpx.AsyncClient, **wanted: float) -> dict[str, Any]:
    """The figures of the month by code, once they are what they must become."""
    found: dict[str, Any] = {}
    try:
        async with asyncio.timeout(20):
            while any(found.get(code, {}).get("value") != value for code, value in wanted.items()) or not found:
                await asyncio.sleep(0.05)
                answer = await client.get("/figures", params=DAYS)
                assert answer.status_code == 200, answer.text
                found = {each["code"]: each for each in answer.json()}
    except TimeoutError:
        raise AssertionError(found) from None
    return found


async def test_what_happens_is_counted_with_the_list_behind_it(town: Town) -> None:
    pharmacy = (await town.person(Role.PHARMACIST)).client
    requests = {await served(town, pharmacy, 2), await served(town, pharmacy, 3)}
    left = (await pharmacy.post("/requests", json=a_request(cpts_id=CPTS, insee="2A004"))).json()["id"]
    coordinator = (await town.person(Role.COORDINATOR, at="coordination")).client
    found = await figures(coordinator, requests=3, served_within_48_h_share=66.67, places_opened=2)
    assert (found["served_within_48_h_share"]["numerator"], found["served_within_48_h_share"]["denominator"]) == (2, 3)
    assert found["attached_per_gp"]["value"] is None  # nobody to divide by
    behind = (await coordinator.get("/figures/behind", params={**DAYS, "formula": "served / requests"})).json()
    counted = {each["name"]: {thing["id"] for thing in each["things"]} for each in behind}
    assert counted == {"served": requests, "requests": requests | {left}}
    assert not {"asked_by", "patient"} & set(behind[0]["things"][0])
    table = (await coordinator.get("/figures/table", params=DAYS)).json()
    assert (table["rows"], table["counts"]) == (["2A004", "48095"], [[1, 0, 0, 0, 1], [2, 0, 0, 0, 2], [3, 0, 0, 0, 3]])


async def test_a_small_count_is_told_to_no_committee(town: Town) -> None:
    pharmacy = (await town.person(Role.PHARMACIST)).client
    await served(town, pharmacy, 2)
    coordinator = (await town.person(Role.COORDINATOR, at="coordination")).client
    await figures(coordinator, requests=1)
    committee = (await town.person(Role.COMMITTEE, at="coordination")).client
    found = {each["code"]: each for each in (await committee.get("/figures", params=DAYS)).json()}
    assert found["requests"]["hidden"]
    assert found["served_within_48_h_share"] | {"label": ""} == {
        "code": "served_within_48_h_share", "label": "", "formula": "100 * served_within_48_h / requests",
        "is_share": True, "value": None, "numerator": None, "denominator": None, "hidden": True,
    }  # fmt: skip
    counts = (await committee.get("/figures/table", params=DAYS)).json()["counts"]
    assert counts == [[None, 0, 0, 0, None], [None, 0, 0, 0, None]]
    shifted = await committee.get("/figures", params={**DAYS, "until": "2026-11-29"})
    assert (shifted.status_code, shifted.json()["field"]) == (422, "since")
    refused = await committee.get("/figures/behind", params={**DAYS, "formula": "requests"})
    assert refused.status_code == 403
    pharmacist = (await town.person(Role.PHARMACIST, at="coordination")).client
    assert (await pharmacist.get("/figures", params=DAYS)).status_code == 403
    elsewhere = await coordinator.get("/figures", params={**DAYS, "cpts": "990000009"})
    assert elsewhere.status_code == 403


async def test_a_formula_is_reckoned_or_its_wrong_character_shown(town: Town) -> None:
    coordinator = (await town.person(Role.COORDINATOR, at="coordination")).client
    await town.slot(hours=2)
    await figures(coordinator, places_opened=1)
    asked = {**DAYS, "formula": "(places_opened + 0,5) * 2 - requests"}
    right = await coordinator.get("/figures/formula", params=asked)
    assert right.json()["value"] == 3, right.text
    wrong = await coordinator.get("/figures/formula", params={**DAYS, "formula": "requests / __import__('os')"})
    assert (wrong.status_code, wrong.json()["at"], wrong.json()["field"]) == (422, 11, "formula")
    assert "__import__" in wrong.json()["detail"]


async def test_a_fact_is_never_changed_and_hearing_again_adds_none(town: Town) -> None:
    pharmacy = (await town.person(Role.PHARMACIST)).client
    await served(town, pharmacy, 2)
    coordinator = (await town.person(Role.COORDINATOR, at="coordination")).client
    await figures(coordinator, requests=1, served_within_48_h_share=100)
    count = text("select count(*) from coordination.fact")
    async with owner(town.settings) as session:
        before = (await run(session, count)).scalar_one()
        assert before
        # As after a restore of the other service: it tells its whole state again, under another epoch.
        await run(session, text("update matching.event_head set epoch = gen_random_uuid()"))
    await pharmacy.post("/requests", json=a_request(cpts_id=CPTS, insee="2A004"))
    await figures(coordinator, requests=2, served_within_48_h_share=50)
    async with owner(town.settings) as session:
        seen = text("select count(*) from coordination.fact where type = 'seen.v1' and collection = 'requests'")
        assert (await run(session, seen)).scalar_one() <= 1
    engine = create_async_engine(town.settings.role_url("aiguillage_coordination"))
    async with engine.begin() as connection:
        await connection.execute(text("select set_config('aiguillage.cpts', '*', true)"))
        changed = await connection.execute(text("update coordination.fact set type = 'x'"))
        gone = await connection.execute(text("delete from coordination.fact"))
    assert (changed.rowcount, gone.rowcount) == (0, 0)
    await engine.dispose()
