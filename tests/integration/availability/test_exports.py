"""A practitioner's lists leave as files: for them and for who runs the CPTS, without a word of a patient."""

from datetime import timedelta

from shared.auth import Role
from tests.builders import CPTS, MORNING, Service, Territory, a_hold, a_slot


def sheet(content: bytes) -> list[list[str]]:
    """The cells of a CSV file."""
    return [line.split(";") for line in content.decode("utf-8-sig").splitlines()]


async def test_a_practitioner_takes_their_day_their_ledger_and_their_calendar_away(
    service: Service, territory: Territory
) -> None:
    own, other = territory.practitioners
    matching, doctor = await service.machine(), await service.person(Role.PRACTITIONER, own)
    held = await a_hold(matching, await a_slot(matching, territory))
    patient = {"patient": {"name": "Nom-Fictif"}}
    assert (await matching.post(f"/bookings/{held['id']}/confirmation", json=patient)).status_code == 200
    where = {"place_id": str(territory.places[0]), "practitioner_id": str(own)}
    week = {**where, "weekdays": [3], "from_time": "09:00", "to_time": "10:00", "minutes": 15, "types": ["CPTS"]}
    assert (await doctor.post("/openings", json={**week, "first_day": "2026-11-23"})).status_code == 201
    away = {"practitioner_id": str(own), "starts_at": (MORNING + timedelta(days=9)).isoformat()}
    away["ends_at"] = (MORNING + timedelta(days=10)).isoformat()
    assert (await doctor.post("/absences", json=away)).status_code == 201

    asked = {"cpts": CPTS, "practitioner_id": str(own)}
    day = sheet((await doctor.get("/exports/day.csv", params=asked)).content)
    assert [line[-1] for line in day] == ["État", "Confirmé"]
    ledger = sheet((await doctor.get("/exports/ledger.csv", params=asked)).content)
    assert ledger == [
        ["Semaine du", "Patients vus", "Dont inconnus", "Surnuméraires"], ["23/11/2026", "1", "1", "0"],
    ]  # fmt: skip
    openings = sheet((await doctor.get("/exports/openings.csv", params=asked)).content)
    assert openings[1][:4] == ["mercredi", "09:00", "10:00", "15"]
    assert len(sheet((await doctor.get("/exports/absences.csv", params=asked)).content)) == 2
    assert "Nom-Fictif" not in str(day)
    assert (await doctor.get("/exports/ledger.xlsx", params=asked)).content.startswith(b"PK")

    assert (await doctor.get("/exports/nothing.csv", params=asked)).status_code == 404
    far = {**asked, "from": MORNING.isoformat(), "to": (MORNING + timedelta(days=90)).isoformat()}
    assert (await doctor.get("/exports/day.csv", params=far)).status_code == 422
    assert (await doctor.get("/exports/day.csv", params={**asked, "practitioner_id": str(other)})).status_code == 403
    pharmacy = await service.person(Role.PHARMACIST)
    assert (await pharmacy.get("/exports/day.csv", params=asked)).status_code == 403
