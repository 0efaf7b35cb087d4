"""Running the board by hand: handing over, calls, notes, closing many at once and taking it back, finding again."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from services.matching.sameday.store.erasing import erase_patients
from shared.auth import Role
from shared.db import run
from tests.builders import CPTS, MORNING, NEIGHBOUR, owner, show
from tests.towns import SignIn, Town, a_request, until

PATIENT = {"name": "Modèle Désirée", "phone": "04 66 00 00 00"}


async def story(client: Any, request_id: str) -> list[str]:
    return [change["code"] for change in (await client.get(f"/requests/{request_id}")).json()["story"]]


async def test_a_request_is_handed_over_let_go_and_says_so_in_its_story(sign_in_as: SignIn) -> None:
    asker, coordinator = await sign_in_as(Role.PHARMACIST), await sign_in_as(Role.COORDINATOR)
    other = await sign_in_as(Role.REGULATOR)
    asked = (await asker.client.post("/requests", json=a_request())).json()["id"]
    given = await coordinator.client.put(f"/requests/{asked}/owner", json={"account": other.account})
    assert given.json()["owner"] == other.account
    dropped = await coordinator.client.put(f"/requests/{asked}/owner", json={})
    assert dropped.json()["owner"] == ""
    told = await story(coordinator.client, asked)
    assert told.index("handed_over") < told.index("let_go")
    for wrong in (asker.account, str(uuid4())):
        refused = await coordinator.client.put(f"/requests/{asked}/owner", json={"account": wrong})
        assert (refused.status_code, refused.json()["field"]) == (422, "account")
    for who in (asker, other):
        assert (await who.client.put(f"/requests/{asked}/owner", json={})).status_code == 403
    names = {each["account"]: each for each in (await coordinator.client.get(f"/colleagues?cpts={CPTS}")).json()}
    assert names[asker.account]["label"] == "essai pharmacist"
    assert (await asker.client.get(f"/colleagues?cpts={CPTS}")).status_code == 403


async def test_who_made_a_request_is_called_on_the_number_they_gave(town: Town) -> None:
    asker, coordinator = await town.person(Role.PHARMACIST), await town.person(Role.COORDINATOR)
    at = f"{town.settings.public_url}/availability/notifications"
    assert (await asker.client.put(f"{at}/phone", json={"phone": "04 66 00 00 01"})).status_code == 200
    assert (await asker.client.get(at)).json()["account_phone"] == "04 66 00 00 01"
    assert (await asker.client.put(f"{at}/phone", json={"phone": "demain"})).status_code == 422
    names = {each["account"]: each for each in (await coordinator.client.get(f"/colleagues?cpts={CPTS}")).json()}
    assert names[asker.account]["phone"] == "04 66 00 00 01"


async def test_calls_and_notes_are_traced_and_a_note_is_sealed(sign_in_as: SignIn) -> None:
    asker, coordinator = await sign_in_as(Role.PHARMACIST), await sign_in_as(Role.COORDINATOR)
    asked = (await asker.client.post("/requests", json=a_request())).json()["id"]
    assert (await coordinator.client.post(f"/requests/{asked}/calls", json={"whom": "asker"})).status_code == 200
    assert (await coordinator.client.post(f"/requests/{asked}/notes", json={"text": "rappeler à 15 h"})).is_success
    notes = (await coordinator.client.get(f"/requests/{asked}/notes")).json()["notes"]
    assert [(each["text"], each["by"]) for each in notes] == [("rappeler à 15 h", "essai coordinator")]
    assert {"called", "noted"} <= set(await story(coordinator.client, asked))
    seen = (await coordinator.client.get(f"/requests/{asked}")).text
    assert "15 h" not in seen
    refused = await coordinator.client.post(f"/requests/{asked}/notes", json={"text": "2 55 08 14 168 025 38"})
    assert (refused.status_code, refused.json()["code"]) == (422, "nir_refused")
    assert (await asker.client.get(f"/requests/{asked}/notes")).status_code == 403


async def test_notes_are_erased_with_what_was_known_of_the_patient(town: Town) -> None:
    coordinator = await town.person(Role.COORDINATOR)
    asked = (await coordinator.client.post("/requests", json=a_request(patient=PATIENT))).json()["id"]
    assert (await coordinator.client.post(f"/requests/{asked}/notes", json={"text": "essai"})).is_success
    closed = await coordinator.client.post("/requests/closures", json={"request_ids": [asked], "reason": "other"})
    assert closed.json() == {"request_ids": [asked]}
    await show(town.settings, MORNING + timedelta(days=32))
    async with owner(town.settings) as session:
        await run(session, text("select set_config('aiguillage.cpts', '*', true)"))
        await erase_patients(session, CPTS, MORNING + timedelta(days=32))
        assert (await run(session, text("select count(*) from matching.request_note"))).scalar_one() == 0


async def test_many_are_closed_with_one_reason_and_that_is_taken_back(sign_in_as: SignIn) -> None:
    asker, coordinator = await sign_in_as(Role.PHARMACIST), await sign_in_as(Role.COORDINATOR)
    ids = [(await asker.client.post("/requests", json=a_request(urgency=n % 4 + 1))).json()["id"] for n in range(42)]
    body = {"request_ids": ids, "reason": "no_solution", "note": "passé à la garde"}
    assert (await asker.client.post("/requests/closures", json=body)).status_code == 403
    assert (await coordinator.client.post("/requests/closures", json={"request_ids": ids})).status_code == 422
    closed = await coordinator.client.post("/requests/closures", json=body)
    assert closed.json()["request_ids"] == ids
    again = await coordinator.client.post("/requests/closures", json=body)
    assert again.json()["request_ids"] == []
    opened = await coordinator.client.post("/requests/openings", json={"request_ids": ids[:41]})
    assert opened.json()["request_ids"] == ids[:41]
    seen = (await coordinator.client.get("/requests", params={"cpts": CPTS})).json()
    left = {each["id"]: each for each in seen if each["state"] == "cancelled"}
    assert list(left) == [ids[41]]
    back = next(each for each in seen if each["id"] == ids[0])
    assert (back["state"], back["reason"], bool(back["next_step_at"])) == ("open", "", True)
    cancelled = await asker.client.post(f"/requests/{ids[0]}/cancellation", json={"reason": "patient"})
    assert cancelled.is_success
    refused = await coordinator.client.post("/requests/openings", json={"request_ids": [ids[0]]})
    assert refused.json()["request_ids"] == []


async def test_closing_many_leaves_who_has_an_appointment_alone(town: Town) -> None:
    await town.slot(0, hours=3)
    asker, coordinator = await town.person(Role.PHARMACIST), await town.person(Role.COORDINATOR)
    served = (await asker.client.post("/requests", json=a_request(answer_by=MORNING.isoformat()))).json()["id"]
    await until(asker.client, served, "confirmed")
    body = {"request_ids": [served], "reason": "other"}
    assert (await coordinator.client.post("/requests/closures", json=body)).json()["request_ids"] == []
    await until(asker.client, served, "confirmed")


async def test_a_request_is_found_again_by_time_initials_commune_and_state(sign_in_as: SignIn, settings: Any) -> None:
    asker, other = await sign_in_as(Role.PHARMACIST), await sign_in_as(Role.PHARMACIST)
    coordinator = await sign_in_as(Role.COORDINATOR)
    known = (await asker.client.post("/requests", json=a_request(patient=PATIENT, age=6))).json()["id"]
    gone = (await asker.client.post("/requests", json=a_request(insee="13215", urgency=3))).json()["id"]
    await asker.client.post(f"/requests/{gone}/cancellation", json={"reason": "patient"})

    async def found(who: Any, **body: Any) -> list[str]:
        answer = await who.client.post("/requests/search", json={"cpts_id": CPTS, **body})
        assert answer.status_code == 200, answer.text
        return [each["request"]["id"] for each in answer.json()["found"]]

    assert await found(coordinator) == [gone, known]
    assert await found(asker) == [gone, known]
    assert await found(other) == []
    for typed in ("MD", "M. D.", "dm", "m"):
        assert await found(coordinator, initials=typed) == [known], typed
    assert await found(coordinator, initials="md x") == []
    assert await found(coordinator, insee="13215") == [gone]
    assert await found(coordinator, states=["cancelled"]) == [gone]
    assert await found(coordinator, urgency=1) == [known]
    early = (MORNING - timedelta(hours=1)).isoformat()
    assert await found(coordinator, until=early) == []
    await show(settings, MORNING + timedelta(days=1, hours=3))
    yesterday = {"since": MORNING.isoformat(), "until": (MORNING + timedelta(hours=12)).isoformat()}
    assert await found(coordinator, **yesterday) == [gone, known]
    row = (await coordinator.client.post("/requests/search", json={"cpts_id": CPTS, **yesterday})).json()["found"][1]
    assert (row["initials"], row["age"], row["asked_by_name"]) == ("M. D.", 6, "essai pharmacist")
    assert "Modèle" not in str(row)
    neighbour = await coordinator.client.post("/requests/search", json={"cpts_id": NEIGHBOUR})
    assert neighbour.status_code == 403


async def test_who_comes_is_told_by_initials_to_who_receives_them_and_leaves_a_trace(town: Town) -> None:
    await town.slot(0, hours=3)
    asker, doctor = (
        await town.person(Role.PHARMACIST),
        await town.person(Role.PRACTITIONER, town.territory.practitioners[0]),
    )
    other = await town.person(Role.PRACTITIONER, town.territory.practitioners[1])
    body = a_request(answer_by=MORNING.isoformat(), patient=PATIENT, age=6)
    served = (await asker.client.post("/requests", json=body)).json()["id"]
    await until(asker.client, served, "confirmed")
    form = {"request_ids": [served]}
    assert (await asker.client.post("/requests/comers", json=form)).status_code == 403
    assert (await other.client.post("/requests/comers", json=form)).json() == []
    found = (await doctor.client.post("/requests/comers", json=form)).json()
    assert [(each["initials"], each["age"], each["asked_by_name"]) for each in found] == [
        ("M. D.", 6, "essai pharmacist")
    ]
    assert "Désirée" not in str(found)
    async with owner(town.settings) as session:
        traces = await run(session, text("select role from common.access_log where action = 'list'"))
        assert [row.role for row in traces] == ["practitioner"]
