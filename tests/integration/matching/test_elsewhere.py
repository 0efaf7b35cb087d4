"""Slots that another editor publishes are proposed with the address where one books them, and never given from here."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from services.matching.sameday.edges.foreign import ForeignSlots
from shared.auth import Role
from shared.http.parts import give_parts, read_parts
from shared.settings import Settings
from tests.builders import CPTS
from tests.contract.malformed import foreign_answer
from tests.contract.sas.elsewhere import published_elsewhere
from tests.towns import Town, a_request, a_town, until

RPPS = "99001000000"


@pytest.fixture
async def town(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Town]:
    """Both services, with an editor that publishes one slot of the first practitioner."""
    answer = foreign_answer(RPPS, agenda="https://agenda.invalid/essai")
    async with published_elsewhere(monkeypatch, answer), a_town(settings) as found:
        machine = await found.machine()
        async with asyncio.timeout(20):
            while not (await machine.get("/foreign-slots", params={"cpts": CPTS})).json()["slots"]:
                await asyncio.sleep(0.05)
        yield found


async def options(town: Town, role: Role = Role.PHARMACIST, **asked: Any) -> dict[str, Any]:
    client = read_parts(town.matching)[ForeignSlots]._client
    give_parts(town.matching, ForeignSlots(client, kept_s=0))
    person = await town.person(role)
    answer = await person.client.post("/options", json=a_request(**{"urgency": 2, **asked}))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_slot_of_another_editor_is_proposed_apart_with_its_address(town: Town) -> None:
    found = await options(town)
    assert found["options"] == []
    (slot,) = found["elsewhere"]
    assert slot["agenda_url"] == "https://agenda.invalid/essai"
    assert slot["practitioner_id"] == str(town.territory.practitioners[0])
    assert slot["address"] == "1 rue de l'Essai, 31000 Toulouse"
    assert (slot["editor"], slot["stale"], slot["starts_at"][:19]) == ("Autre agenda", False, "2026-11-24T11:00:00")


async def test_the_same_rules_decide_as_for_our_own(town: Town) -> None:
    assert (await options(town, insee="2A004"))["elsewhere"] == []
    assert (await options(town, modes=["VR"]))["elsewhere"] == []
    assert (await options(town))["elsewhere"] != []
    doctor = await town.doctor()
    practice = {"paused": True, "week_cap": None, "give_back_minutes": 60}
    assert (await doctor.put(f"/practitioners/{town.territory.practitioners[0]}/settings", json=practice)).is_success
    assert (await options(town))["elsewhere"] == []


async def test_their_own_slot_here_is_proposed_instead(town: Town) -> None:
    slot = await town.slot(hours=3, types=["PUBLIC"])
    async with asyncio.timeout(15):
        while not (found := await options(town))["options"]:
            await asyncio.sleep(0.05)
    assert [each["slot_id"] for each in found["options"]] == [slot["id"]]
    assert found["elsewhere"] == []


async def test_nobody_is_given_a_slot_that_is_not_ours(town: Town) -> None:
    asker = await town.person(Role.REGULATOR)
    request = (await asker.client.post("/requests", json=a_request())).json()
    await until(asker.client, request["id"], "open", having=lambda view: view["blockers"] is not None)
    answer = await asker.client.post(f"/requests/{request['id']}/hold", json={"slot_id": "slot-99001000000"})
    assert answer.status_code == 422
    assert (await asker.client.get(f"/requests/{request['id']}")).json()["slot_id"] is None


async def test_when_the_other_slots_do_not_answer_ours_do(town: Town) -> None:
    await town.slot(hours=2, types=["PUBLIC"])
    async with httpx.AsyncClient(base_url="http://127.0.0.1:1") as nobody:
        person = await town.person(Role.PHARMACIST)
        give_parts(town.matching, ForeignSlots(nobody))
        async with asyncio.timeout(15):
            while not (found := (await person.client.post("/options", json=a_request(urgency=2))).json())["options"]:
                await asyncio.sleep(0.05)
    assert found["elsewhere"] == []
