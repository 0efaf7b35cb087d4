"""Reading other editors as the SAS reads us: the other editor is our own FHIR interface, behind mutual TLS."""

from pathlib import Path

from services.availability.interop.sas.seed import NORTH, SOUTH
from shared.auth import Role
from tests.contract.sas.elsewhere import OU, PLACES, SHARED, SINGLE, TWO, Here, Other


async def test_free_slots_are_read_with_the_address_where_one_books_them(here: Here, other: Other) -> None:
    async with other.answering():
        await here.read(other.editor(mode="CPTS"))
    found = await here.seen()
    assert found["sources"][0] | {"read_at": ""} == {
        "editor": "Autre agenda",
        "read_at": "",
        "stale": False,
        "error": "",
    }
    slot = next(each for each in found["slots"] if each["practitioner_id"] == str(here.people[SINGLE]))
    assert slot["agenda_url"] == f"https://agenda.invalid/{SINGLE}?vue=jour"
    assert (slot["postal_code"], slot["city"], slot["phone"]) == ("31000", "Toulouse", "+33500000000")
    assert (slot["lat"], slot["lon"]) == (43.5, 1.5)
    assert not slot["stale"]
    assert await here.people_seen() == {SINGLE, PLACES, SHARED, TWO}


async def test_a_search_of_practitioners_shows_no_slot_for_cpts_alone(here: Here, other: Other) -> None:
    async with other.answering():
        await here.read(other.editor(mode="PS"))
    assert await here.people_seen() == {SINGLE, PLACES}


async def test_each_role_is_shown_the_types_open_to_it(here: Here, other: Other) -> None:
    async with other.answering():
        await here.read(other.editor(mode="PS"))
    kinds = {
        role: {kind for slot in (await here.seen(role))["slots"] for kind in slot["types"]}
        for role in Role
        if role in (Role.PHARMACIST, Role.REGULATOR)
    }
    assert kinds == {Role.PHARMACIST: {"PUBLIC", "PRO"}, Role.REGULATOR: {"PUBLIC", "PRO", "SNP"}}
    doctor = await here.service.person(Role.PRACTITIONER, here.people[SINGLE], cpts=[NORTH])
    assert (await doctor.get("/foreign-slots", params={"cpts": NORTH})).status_code == 403
    stranger = await here.service.person(Role.COORDINATOR, cpts=[SOUTH])
    assert (await stranger.get("/foreign-slots", params={"cpts": NORTH})).status_code == 403


async def test_our_own_slot_at_that_time_wins_and_an_absence_closes(here: Here, other: Other) -> None:
    async with other.answering():
        await here.read(other.editor(mode="PS"))
    before = [each for each in (await here.seen())["slots"] if each["practitioner_id"] == str(here.people[SINGLE])]
    machine = await here.service.machine()
    places = (await machine.get("/directory", params={"cpts": NORTH})).json()["practitioners"]
    place = next(each["places"][0]["id"] for each in places if each["id"] == str(here.people[SINGLE]))
    ours = {
        "practitioner_id": str(here.people[SINGLE]),
        "place_id": place,
        "starts_at": before[0]["starts_at"],
        "minutes": 5,
    }
    assert (await machine.post("/slots", json=ours)).status_code == 201
    away = {
        "practitioner_id": str(here.people[SINGLE]),
        "starts_at": before[1]["starts_at"],
        "ends_at": before[1]["ends_at"],
    }
    assert (await machine.post("/absences", json=away)).status_code == 201
    after = [each for each in (await here.seen())["slots"] if each["practitioner_id"] == str(here.people[SINGLE])]
    assert [each["their_id"] for each in after] == [each["their_id"] for each in before[2:]]


async def test_two_editors_of_the_same_slot_show_it_once(here: Here, other: Other) -> None:
    both = (other.editor(name="A", mode="PS"), other.editor(name="B", mode="PS"))
    async with other.answering():
        await here.read(*both)
        once = len((await here.seen())["slots"])
        await here.read(*both)
    found = await here.seen()
    assert {source["editor"] for source in found["sources"] if source["read_at"]} == {"A", "B"}
    assert len(found["slots"]) == once
    assert {slot["editor"] for slot in found["slots"]} == {"A"}


async def test_what_is_booked_over_there_goes(here: Here, other: Other) -> None:
    editor = other.editor(mode="CPTS")
    async with other.answering():
        await here.read(editor)
        await other.book(TWO)
        await here.read(editor, minutes=5)
    assert await here.people_seen() == {SINGLE, PLACES, SHARED}


async def test_a_stopped_editor_keeps_its_last_good_state_and_says_so(here: Here, other: Other) -> None:
    editor = other.editor(mode="PS")
    async with other.answering():
        await here.read(editor)
    fresh = await here.seen()
    await here.read(editor, minutes=5)
    old = await here.seen()
    assert [slot["their_id"] for slot in old["slots"]] == [slot["their_id"] for slot in fresh["slots"]]
    assert {slot["stale"] for slot in old["slots"]} == {True}
    assert old["sources"][0]["read_at"] == fresh["sources"][0]["read_at"]
    assert "ConnectError" in old["sources"][0]["error"]
    async with other.answering():
        await here.read(editor, minutes=10)
    assert not (await here.seen())["sources"][0]["stale"]


async def test_a_certificate_that_the_editor_does_not_admit_is_said(here: Here, other: Other, tmp_path: Path) -> None:
    stranger = other.authority.issue("someone.else.invalid", OU)
    async with other.answering():
        await here.read(other.editor(certificate=stranger[0], key=stranger[1]))
        assert "403" in (await here.seen())["sources"][0]["error"]
        await here.read(other.editor(certificate=None, key=None), minutes=5)
        assert "Ne répond pas" in (await here.seen())["sources"][0]["error"]
        await here.read(other.editor(certificate=tmp_path / "absent.pem"), minutes=10)
        assert "Certificat illisible" in (await here.seen())["sources"][0]["error"]
        await here.read(other.editor(issuers=None), minutes=15)
        assert "ConnectError" in (await here.seen())["sources"][0]["error"]
