"""Who gives care, where; what administrators write and practitioners set."""

from sqlalchemy import text

from shared.auth import Role
from shared.db import run
from tests.builders import CPTS, NEIGHBOUR, Service, Territory, a_slot, owner

PERSON = {"last_name": "ESSAI", "first_name": "Fictif", "profession": "10", "specialty": "SM26", "cpts_id": CPTS}
PLACE = {"name": "Cabinet d'essai", "insee": "48095", "lat": 44.5, "lon": 3.5, "cpts_id": CPTS}


async def events(service: Service) -> int:
    async with owner(service.settings) as session:
        found: int = (await run(session, text("select count(*) from availability.event"))).scalar_one()
        return found


async def test_an_administrator_declares_a_practitioner_and_twice_is_once(
    service: Service, territory: Territory
) -> None:
    admin = await service.person(Role.ADMIN)
    seen = []
    for _ in range(2):
        person = (await admin.put("/practitioners/10000000001", json=PERSON)).json()["id"]
        place = (await admin.put("/places/finess:480000001", json=PLACE)).json()["id"]
        member = f"/practitioners/{person}/memberships/{CPTS}"
        assert (await admin.put(member, json={})).status_code == 204
        assert (await admin.put(f"/practitioners/{person}/schedules/{place}/{CPTS}")).status_code == 204
        seen.append((person, place, await events(service)))
    assert seen[0] == seen[1]
    directory = (await admin.get("/directory", params={"cpts": CPTS})).json()["practitioners"]
    (entry,) = (entry for entry in directory if entry["rpps"] == "10000000001")
    assert (entry["last_name"], entry["places"][0]["name"]) == ("ESSAI", "Cabinet d'essai")


async def test_an_administrator_writes_their_own_territory_only(service: Service, territory: Territory) -> None:
    other = await service.person(Role.ADMIN, cpts=[NEIGHBOUR])
    cpts = {"name": "CPTS", "size": 1, "communes": []}
    assert (await other.put(f"/cpts/{CPTS}", json=cpts)).status_code == 403
    assert (await other.put(f"/cpts/{NEIGHBOUR}", json=cpts)).status_code == 204
    admin = await service.person(Role.ADMIN)
    await admin.put("/practitioners/10000000001", json=PERSON)
    stolen = await other.put("/practitioners/10000000001", json={**PERSON, "cpts_id": NEIGHBOUR})
    assert (stolen.status_code, stolen.json()["code"]) == (403, "not_allowed")
    pharmacist = await service.person(Role.PHARMACIST)
    assert (await pharmacist.put(f"/cpts/{CPTS}", json=cpts)).status_code == 403


async def test_settings_reach_the_live_state(service: Service, territory: Territory) -> None:
    me = territory.practitioners[0]
    doctor = await service.person(Role.PRACTITIONER, me)
    settings = {"paused": True, "week_cap": 12, "on_top_limit": 3}
    assert (await doctor.put(f"/practitioners/{me}/settings", json=settings)).status_code == 204
    state = (await doctor.get("/live/snapshot", params={"cpts": CPTS})).json()["state"]
    mine = state["practitioners"][str(me)]
    assert (mine["paused"], mine["week_cap"], mine["on_top_limit"]) == (True, 12, 3)


async def test_a_panel_is_for_its_practitioner_the_coordinator_and_the_matching(
    service: Service, territory: Territory
) -> None:
    me = territory.practitioners[0]
    doctor = await service.person(Role.PRACTITIONER, me)
    panel = {"places": 12, "criteria": {"communes": ["48095"], "min_age": 16, "ald_share": 30, "home_visits": True}}
    path = f"/practitioners/{me}/panel"
    before = await events(service)
    assert (await doctor.put(path, json=panel)).status_code == 204
    for reader in (doctor, await service.person(Role.COORDINATOR), await service.machine()):
        found = (await reader.get(path)).json()
        assert (found["places"], found["criteria"]["ald_share"]) == (12, 30)
    for stranger in (Role.PHARMACIST, Role.REGULATOR, Role.COMMITTEE):
        assert (await (await service.person(stranger)).get(path)).status_code == 403
    assert await events(service) == before
    everyone = (await (await service.machine()).get("/panels", params={"cpts": CPTS})).json()
    assert [each["practitioner_id"] for each in everyone] == [str(me)]


async def test_the_directory_names_who_gives_care(service: Service, territory: Territory) -> None:
    await a_slot(await service.machine(), territory)
    pharmacist = await service.person(Role.PHARMACIST)
    entries = (await pharmacist.get("/directory", params={"cpts": CPTS})).json()["practitioners"]
    assert [entry["last_name"] for entry in entries] == ["ESSAI-1-0", "ESSAI-1-1"]
    assert entries[0]["places"][0]["id"] == str(territory.places[0])


async def test_who_works_at_a_place_says_how_to_get_in_and_an_import_leaves_it(
    service: Service, territory: Territory
) -> None:
    here = territory.places[0]
    access = {"access_note": "2e étage, code 1234", "phone": "04 66 00 00 00", "wheelchair": True}
    other = await service.person(Role.PRACTITIONER, territory.practitioners[1])
    assert (await other.put(f"/places/{here}/access", json=access)).status_code == 403
    doctor = await service.person(Role.DELEGATE, territory.practitioners[0])
    assert (await doctor.put(f"/places/{here}/access", json=access)).status_code == 204
    admin = await service.person(Role.ADMIN)
    imported = {"cpts_id": CPTS, "name": "Cabinet 0", "insee": "48095", "lat": 44.5, "lon": 3.5, "wheelchair": True}
    assert (await admin.put("/places/essai:1-0", json={**imported, "phone": access["phone"]})).status_code == 200
    entries = (await doctor.get("/directory", params={"cpts": CPTS})).json()["practitioners"]
    shown = next(place for entry in entries for place in entry["places"] if place["id"] == str(here))
    assert {name: shown[name] for name in access} == access
    state = (await doctor.get("/live/snapshot", params={"cpts": CPTS})).json()["state"]
    assert state["places"][str(here)]["wheelchair"] is True
