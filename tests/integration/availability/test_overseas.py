"""Overseas, a place has its own hours: openings, what other software reads, the ticket."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.availability.app import upkeep
from services.availability.sweeper import EACH_TIME, sweep
from shared.http.parts import read_parts
from shared.wiring import Wiring
from tests.builders import CPTS, a_hold, a_slot, show
from tests.integration.availability.test_agendas import Practice, practice  # noqa: F401  the fixture

REUNION = {"cpts_id": CPTS, "name": "Cabinet fictif", "insee": "97411", "lat": -20.88, "lon": 55.45}


async def test_an_opening_is_in_the_hours_of_its_place(practice: Practice) -> None:  # noqa: F811
    machine, who = await practice.service.machine(), practice.territory.practitioners[0]
    where = (await machine.put("/places/essai:outre-mer", json=REUNION)).json()["id"]
    await machine.put(f"/practitioners/{who}/schedules/{where}/{CPTS}")
    opening = {"practitioner_id": str(who), "place_id": where, "weekdays": [3], "first_day": "2026-11-25"}
    times = {"from_time": "08:00", "to_time": "08:30", "minutes": 30}
    assert (await practice.client.post("/openings", json={**opening, **times})).status_code == 201
    await sweep(read_parts(practice.service.app)[Wiring], EACH_TIME)
    window = {"cpts": CPTS, "from": "2026-11-25T00:00:00Z", "to": "2026-11-26T00:00:00Z"}
    (slot,) = (await practice.client.get("/slots", params=window)).json()["slots"]
    assert slot["starts_at"] == "2026-11-25T04:00:00Z"
    said = {"start": "2026-11-25", "end": "2026-11-26", "location-reference": f"Location/{where}"}
    answer = await practice.client.get("/booking/Appointment/$find", params=said)
    (entry,) = answer.json()["entry"]
    assert entry["resource"]["start"] == "2026-11-25T08:00:00.000+04:00"


async def test_the_week_the_day_and_other_software_go_by_the_territory_s_clocks(practice: Practice) -> None:  # noqa: F811
    """Saint-Pierre, three hours behind UTC: at 01:00 UTC on Monday it is still Sunday there."""
    machine, who = await practice.service.machine(), practice.territory.practitioners[0]
    islands = {"name": "CPTS fictive des îles", "size": 1, "communes": ["97502"]}
    assert (await machine.put(f"/cpts/{CPTS}", json=islands)).status_code == 204
    monday = datetime(2026, 11, 30, 1, tzinfo=UTC)
    await show(practice.service.settings, monday - timedelta(hours=2))
    slot = await a_slot(practice.client, practice.territory, starts_at=(monday - timedelta(hours=1)).isoformat())
    hold = await a_hold(machine, slot)
    assert (await machine.post(f"/bookings/{hold['id']}/confirmation")).status_code == 200
    await show(practice.service.settings, monday)
    assert (await served_this_week(practice, who)) == 1
    bare = {"start": "2026-11-29", "end": "2026-11-29", "practitioner": str(who)}
    late = await a_slot(practice.client, practice.territory, starts_at=(monday + timedelta(hours=1)).isoformat())
    found = (await practice.client.get("/booking/Appointment/$find", params=bare)).json()["entry"]
    assert [entry["resource"]["slot"][0]["reference"] for entry in found] == [f"Slot/{late['id']}"]
    await show(practice.service.settings, monday + timedelta(hours=2, minutes=5))
    await sweep(read_parts(practice.service.app)[Wiring], (upkeep.count_new_day,))
    assert (await served_this_week(practice, who)) == 0


async def served_this_week(practice: Practice, who: UUID) -> int:  # noqa: F811
    state = (await practice.client.get(f"/live/snapshot?cpts={CPTS}")).json()["state"]
    return int(state["practitioners"][str(who)]["served_this_week"])
