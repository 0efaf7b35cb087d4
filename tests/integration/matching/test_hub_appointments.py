"""The SAMU hub is told who gives an appointment: both services, on a real socket."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.matching.hub.messages import Regulator, ServedBy
from services.matching.hub.telling import PATIENCE, news, slots_to_name
from shared.db import Scope, run, set_scope
from shared.http.parts import read_parts
from shared.settings import Settings
from shared.wiring import Wiring
from tests.builders import CPTS, MORNING, owner, show
from tests.hub_cases import a_case, a_message, said
from tests.towns import Town, a_town, until

pytestmark = pytest.mark.reference
REGULATOR = Regulator("Essai", "Une", "regulation@exemple.invalid")


@pytest.fixture
async def town(settings: Settings, reference: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Town]:
    """Both services, that speak with the hub."""
    monkeypatch.setenv("AIGUILLAGE_HUB_SCHEMAS", str(reference / "samu-hub" / "json-schema"))
    async with a_town(settings) as found:
        async with owner(found.settings) as session:
            numbered = "update availability.practitioner set rpps = '19999999999' where id = :id"
            await run(session, text(numbered), id=found.territory.practitioners[0])
            placed = "update availability.place set key = 'finess:130000001' where id = :id"
            await run(session, text(placed), id=found.territory.places[0])
        yield found


async def booked(town: Town) -> tuple[str, dict[str, Any]]:
    """A case with an appointment, and its request."""
    case = a_case()
    machine = await town.machine("matching")
    assert (await machine.post("/hub/messages", params={"cpts_id": CPTS}, json=a_message(case))).status_code == 200
    (request,) = (await machine.get("/live/snapshot", params={"cpts": CPTS})).json()["state"]["requests"].values()
    slot = await town.slot(types=["SNP"])
    held = await machine.post(f"/requests/{request['id']}/hold", json={"slot_id": slot["id"]})
    assert held.status_code == 201, held.text
    confirmed = await machine.post(f"/requests/{request['id']}/confirmation", json={})
    assert confirmed.status_code == 200, confirmed.text
    return case["caseId"], await until(machine, request["id"], "confirmed")


async def told(town: Town, served: Mapping[UUID, ServedBy | None]) -> list[dict[str, Any]]:
    """What the line would put into the post now."""
    async with read_parts(town.matching)[Wiring].open_session() as session:
        await set_scope(session, Scope(frozenset({CPTS})))
        await news(session, REGULATOR, served)
        await session.flush()
        return [row.content["appointment"] for row in await run(session, text("select * from matching.hub_outgoing"))]


async def test_an_appointment_names_its_practitioner_and_their_place(town: Town) -> None:
    case_id, request = await booked(town)
    answer = await (await town.machine("matching")).post(f"/hub/cases/{case_id}/appointment")
    assert answer.status_code == 200, answer.text
    appointment = said(answer.json())["appointment"]
    assert appointment["practitioner"]["rppsId"] == "819999999999"
    assert appointment["practitioner"]["lastName"].startswith("ESSAI")
    assert appointment["practitioner"]["professionCode"] == "10"
    assert appointment["organization"] == {"organizationId": "130000001", "name": "Cabinet 0"}
    assert appointment["end"] == (MORNING + timedelta(hours=3, minutes=15)).strftime("%Y-%m-%dT%H:%M:%S+01:00")
    assert "Fictive" not in answer.text
    assert request["state"] == "confirmed"


async def test_an_appointment_waits_a_little_for_the_name_of_its_practitioner(town: Town) -> None:
    _, request = await booked(town)
    async with read_parts(town.matching)[Wiring].open_session() as session:
        await set_scope(session, Scope(frozenset({CPTS})))
        slots = await slots_to_name(session)
    assert slots == {UUID(request["slot_id"]): CPTS}
    assert await told(town, {}) == []
    await show(town.settings, MORNING + PATIENCE * 2)
    (appointment,) = await told(town, {})
    assert (appointment["status"], "practitioner" in appointment) == ("booked", False)
    assert len(await told(town, {})) == 1
