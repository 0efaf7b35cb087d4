"""Overseas, a place has its own hours: openings, what other software reads, the ticket."""

from services.availability.sweeper import EACH_TIME, sweep
from tests.builders import CPTS
from tests.integration.availability.test_agendas import Practice, practice  # noqa: F401  the fixture

REUNION = {"cpts_id": CPTS, "name": "Cabinet fictif", "insee": "97411", "lat": -20.88, "lon": 55.45}


async def test_an_opening_is_in_the_hours_of_its_place(practice: Practice) -> None:  # noqa: F811
    machine, who = await practice.service.machine(), practice.territory.practitioners[0]
    where = (await machine.put("/places/essai:outre-mer", json=REUNION)).json()["id"]
    await machine.put(f"/practitioners/{who}/schedules/{where}/{CPTS}")
    opening = {"practitioner_id": str(who), "place_id": where, "weekdays": [3], "first_day": "2026-11-25"}
    times = {"from_time": "08:00", "to_time": "08:30", "minutes": 30}
    assert (await practice.client.post("/openings", json={**opening, **times})).status_code == 201
    await sweep(practice.service.app.state.wiring, EACH_TIME)
    window = {"cpts": CPTS, "from": "2026-11-25T00:00:00Z", "to": "2026-11-26T00:00:00Z"}
    (slot,) = (await practice.client.get("/slots", params=window)).json()["slots"]
    assert slot["starts_at"] == "2026-11-25T04:00:00Z"
    said = {"start": "2026-11-25", "end": "2026-11-26", "location-reference": f"Location/{where}"}
    answer = await practice.client.get("/booking/Appointment/$find", params=said)
    (entry,) = answer.json()["entry"]
    assert entry["resource"]["start"] == "2026-11-25T08:00:00.000+04:00"
