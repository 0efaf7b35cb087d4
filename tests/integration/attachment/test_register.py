"""Entering the register: what is kept, what is refused, who sees it, what time does to it."""

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from shared.auth import Role
from shared.db import Scope, run, set_scope
from tests.builders import CPTS, MORNING, NEIGHBOUR, owner, show
from tests.integration.attachment.conftest import PATIENT, Register, a_person, a_round, entered, posted, state_of
from tests.statements import rows_changed


async def test_someone_entered_waits_in_the_first_class_that_takes_them(register: Register) -> None:
    pharmacist = await register.person(Role.PHARMACIST)
    old = await entered(pharmacist, age=75, flags=["disability"])
    ill = await entered(pharmacist, age=75, flags=["ald"])
    other = await entered(pharmacist)
    assert [each["priority_class"] for each in (old, ill, other)] == ["age_70", "ald", "other"]
    story = (await pharmacist.get(f"/attachments/{old['id']}")).json()["story"]
    assert [(line["code"], line["to_state"]) for line in story] == [("registered", "waiting")]


async def test_classes_are_data_of_the_cpts(register: Register) -> None:
    coordinator = await register.person(Role.COORDINATOR)
    classes = [{"code": "student", "flag": "student"}, {"code": "other"}]
    path = f"/attachment-parameters/{CPTS}"
    assert (await coordinator.put(path, json={"classes": classes, "revalidate_months": 3})).status_code == 200
    entry = await entered(coordinator, flags=["student"])
    assert entry["priority_class"] == "student"
    assert entry["revalidate_by"].startswith("2027-02-24")
    pharmacist = await register.person(Role.PHARMACIST)
    assert (await pharmacist.put(path, json={})).status_code == 403
    twice = await coordinator.put(path, json={"classes": [{"code": "a"}, {"code": "a"}]})
    assert (twice.status_code, twice.json()["code"]) == (422, "invalid")


async def test_the_same_key_enters_once_and_another_content_is_refused(register: Register) -> None:
    pharmacist = await register.person(Role.PHARMACIST)
    key = {"Idempotency-Key": "one"}
    first = await pharmacist.post("/attachments", json=a_person(), headers=key)
    again = await pharmacist.post("/attachments", json=a_person(), headers=key)
    other = await pharmacist.post("/attachments", json=a_person(age=41), headers=key)
    assert (first.json(), again.status_code) == (again.json(), 201)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len((await pharmacist.get("/attachments", params={"cpts": CPTS})).json()) == 1


NOBODY = "00000000-0000-7000-8000-000000000000"


WRONG: tuple[tuple[str, Any], ...] = (
    ("insee", "99999"),
    ("flags", ["rich"]),
    ("waiting_since", "2030-01-01T00:00:00Z"),
    ("household_with", NOBODY),
    ("cpts_id", NEIGHBOUR),
    ("age", 131),
    ("source", "a friend"),
    ("nir", "255081416802538"),
)


async def test_what_cannot_be_is_refused_with_the_field_to_change(register: Register) -> None:
    pharmacist = await register.person(Role.PHARMACIST)
    for field, value in WRONG:
        answer = await pharmacist.post("/attachments", json=a_person(**{field: value}))
        problem = answer.json()
        assert answer.status_code in (403, 422), problem
        assert field in (problem.get("field"), *(each["field"] for each in problem.get("errors", ())))
    assert (await pharmacist.get("/attachments", params={"cpts": CPTS})).json() == []


async def test_a_social_security_number_is_refused_wherever_it_is_written(register: Register) -> None:
    pharmacist = await register.person(Role.PHARMACIST)
    for field in ("name", "note"):
        patient = {field: "n° 2 55 08 14 168 025 38"}
        answer = await pharmacist.post("/attachments", json=a_person(patient=patient))
        assert (answer.status_code, answer.json()["code"]) == (422, "nir_refused")
        assert "168 025" not in answer.text


async def test_the_person_is_sealed_and_each_reading_leaves_a_trace(register: Register) -> None:
    pharmacist = await register.person(Role.PHARMACIST)
    coordinator = await register.person(Role.COORDINATOR)
    await register.declare(0, 1)
    entry = await entered(pharmacist, patient=PATIENT)
    where = f"/attachments/{entry['id']}/patient"
    doctor, other = await register.doctor(0), await register.doctor(1)
    assert (await doctor.get(where)).status_code == 403
    await a_round(coordinator)
    # No name before accepting.
    assert (await doctor.get(where)).status_code == 403
    assert (await posted(doctor, entry["id"], "acceptance")).status_code == 200
    assert [(await reader.get(where)).json() for reader in (pharmacist, coordinator, doctor)] == [PATIENT] * 3
    assert (await other.get(where)).status_code == 403
    async with owner(register.town.settings) as session:
        await set_scope(session, Scope(frozenset({"*"})))
        traces = await run(session, text("select role, action, object_kind from common.access_log order by id"))
        roles = [("pharmacist", "write"), ("pharmacist", "read"), ("coordinator", "read"), ("practitioner", "read")]
        assert [tuple(row) for row in traces] == [(*each, "attachment") for each in roles]
        sealed = (await run(session, text("select patient_sealed from matching.attachment"))).scalar_one()
        assert b"Fictif" not in sealed


async def test_each_role_sees_what_it_needs_and_nobody_a_number_of_places(register: Register) -> None:
    pharmacist, stranger = [await register.person(Role.PHARMACIST) for _ in range(2)]
    coordinator, committee = [await register.person(r) for r in (Role.COORDINATOR, Role.COMMITTEE)]
    doctor, other = await register.doctor(0), await register.doctor(1)
    await register.declare(0, 3)
    await entered(pharmacist)
    await a_round(coordinator)

    async def seen(client: Any) -> list[dict[str, Any]]:
        snapshot = (await client.get("/live/snapshot", params={"cpts": CPTS})).json()["state"]["attachments"]
        listed = (await client.get("/attachments", params={"cpts": CPTS})).json()
        assert list(snapshot.values()) == listed
        assert not any("places" in key for entry in listed for key in entry)
        return list(listed)

    assert (await seen(coordinator))[0]["practitioner_id"] == register.gp(0)
    assert (await seen(doctor))[0]["registered_by"] == ""
    assert [each["practitioner_id"] for each in await seen(pharmacist)] == [None]
    assert await seen(committee) == await seen(other) == await seen(stranger) == []
    entry = (await seen(doctor))[0]["id"]
    assert (await other.get(f"/attachments/{entry}")).status_code == 404
    await posted(doctor, entry, "acceptance")
    assert [each["practitioner_id"] for each in await seen(pharmacist)] == [register.gp(0)]


async def test_row_security_hides_another_cpts_even_from_a_wrong_query(register: Register) -> None:
    coordinator = await register.person(Role.COORDINATOR)
    stranger = await register.person(Role.COORDINATOR, cpts=NEIGHBOUR)
    await register.declare(0, 1)
    entry = await entered(coordinator)
    found = await a_round(coordinator)
    assert (await stranger.get(f"/attachments/{entry['id']}")).status_code == 404
    assert (await stranger.get(f"/attachment-rounds/{found['id']}")).status_code == 404
    assert (await posted(stranger, entry["id"], "withdrawal", reason="other")).status_code == 404
    tables = ("attachment", "attachment_change", "attachment_place", "attachment_round", "attachment_outcome")
    for scope, rows in ((CPTS, 1), (NEIGHBOUR, 0)):
        async with register.transaction(scope) as session:
            for table in tables:
                count = (await run(session, text(f"select count(*) from matching.{table}"))).scalar_one()
                assert min(count, 1) == rows, (table, scope)
                written = await rows_changed(session, f"update matching.{table} set cpts_id = cpts_id")
                history = table in ("attachment_change", "attachment_outcome")
                assert min(written, 1) == (0 if history else rows), (table, scope)


async def test_an_unanswered_proposal_ends_and_its_place_is_free_again(register: Register) -> None:
    coordinator = await register.person(Role.COORDINATOR)
    await register.declare(0, 1)
    first, second = await entered(coordinator, age=80), await entered(coordinator)
    await a_round(coordinator)
    assert [await state_of(coordinator, each["id"]) for each in (first, second)] == ["proposed", "waiting"]
    await register.time_passes()
    assert await state_of(coordinator, first["id"]) == "proposed"
    await show(register.town.settings, MORNING + timedelta(days=15, minutes=5))
    await register.time_passes()
    assert await state_of(coordinator, first["id"]) == "waiting"
    story = (await coordinator.get(f"/attachments/{first['id']}")).json()["story"]
    assert (story[-1]["code"], story[-1]["detail"]["by"]) == ("unanswered", "practitioner")
    await posted(coordinator, first["id"], "withdrawal", reason="found_elsewhere")
    assert (await a_round(coordinator))["kept"] == 1
    assert await state_of(coordinator, second["id"]) == "proposed"


async def test_who_still_waits_is_asked_again_then_closed_then_put_away(register: Register) -> None:
    coordinator = await register.person(Role.COORDINATOR)
    kept, lost = await entered(coordinator), await entered(coordinator, patient=PATIENT)
    await show(register.town.settings, MORNING + timedelta(days=190))
    await register.time_passes()
    assert [await state_of(coordinator, each["id"]) for each in (kept, lost)] == ["to_revalidate"] * 2
    again = (await posted(coordinator, kept["id"], "revalidation")).json()
    assert (again["state"], again["registered_at"]) == ("waiting", kept["registered_at"])
    await show(register.town.settings, MORNING + timedelta(days=181 + 61))
    await register.time_passes()
    assert await state_of(coordinator, lost["id"]) == "expired"
    await show(register.town.settings, MORNING + timedelta(days=181 + 61 + 91))
    await register.time_passes()
    snapshot = (await coordinator.get("/live/snapshot", params={"cpts": CPTS})).json()["state"]["attachments"]
    assert list(snapshot) == [kept["id"]]
    assert (await coordinator.get(f"/attachments/{lost['id']}/patient")).status_code == 404
    assert len((await coordinator.get(f"/attachments/{lost['id']}")).json()["story"]) == 4
