"""Asking for a slot: what is kept, what is refused, and who sees it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from shared.auth import Role
from shared.db import run
from shared.settings import Settings
from tests.builders import CPTS, NEIGHBOUR, owner
from tests.towns import SignIn, a_request


async def test_a_request_is_on_the_board_with_the_times_of_its_class(sign_in_as: SignIn) -> None:
    asker = await sign_in_as(Role.PHARMACIST)
    answer = await asker.client.post("/requests", json=a_request())
    view = answer.json()
    assert answer.status_code == 201, view
    assert (view["state"], view["cpts_id"], view["professions"]) == ("open", CPTS, ["10"])
    submitted = datetime.fromisoformat(view["submitted_at"])
    assert datetime.fromisoformat(view["deadline_at"]) == submitted + timedelta(hours=3)
    story = (await asker.client.get(f"/requests/{view['id']}")).json()["story"]
    assert [(change["code"], change["to_state"]) for change in story] == [("submitted", "open")]


async def test_the_same_key_gives_the_same_request_and_another_content_is_refused(sign_in_as: SignIn) -> None:
    asker = await sign_in_as(Role.REGULATOR)
    key = {"Idempotency-Key": "one"}
    first = await asker.client.post("/requests", json=a_request(), headers=key)
    again = await asker.client.post("/requests", json=a_request(), headers=key)
    other = await asker.client.post("/requests", json=a_request(urgency=2), headers=key)
    assert (first.json(), again.status_code) == (again.json(), 201)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len((await asker.client.get("/requests", params={"cpts": CPTS})).json()) == 1


async def test_what_cannot_be_is_refused_with_the_field_to_change(sign_in_as: SignIn) -> None:
    asker = await sign_in_as(Role.PHARMACIST)
    for body, field in (
        (a_request(insee="99999"), "insee"),
        (a_request(motive="nothing_like_it"), "motive"),
        (a_request(deadline_at="2020-01-01T10:00:00Z"), "deadline_at"),
        (a_request(cpts_id="999999999"), "cpts_id"),
    ):
        problem = (await asker.client.post("/requests", json=body)).json()
        assert problem["field"] == field, problem
    malformed = (await asker.client.post("/requests", json=a_request(urgency=7))).json()
    assert malformed["errors"][0]["field"] == "urgency"


async def test_a_point_is_kept_to_100_m_in_its_nearest_commune(sign_in_as: SignIn, settings: Settings) -> None:
    asker = await sign_in_as(Role.PHARMACIST)
    body = {**a_request(), "insee": None, "point": {"lat": 43.361234, "lon": 5.312345}}
    answer = await asker.client.post("/requests", json=body)
    assert answer.json()["insee"] == "13216"
    async with owner(settings) as session:
        await run(session, text("set local aiguillage.cpts = '*'"))
        point = (await run(session, text("select lat, lon from matching.request"))).one()
        assert tuple(point) == (43.361, 5.312)


@pytest.mark.parametrize(
    "point",
    [{"lat": 5.35, "lon": 43.35}, {"lat": 0, "lon": 0}, {"lat": 48.85, "lon": 2.35}, {"lat": 43350000, "lon": 5}],
)
async def test_a_point_that_cannot_be_in_its_commune_is_refused(sign_in_as: SignIn, point: dict[str, float]) -> None:
    asker = await sign_in_as(Role.PHARMACIST)
    for path in ("/requests", "/options"):
        answer = await asker.client.post(path, json=a_request(insee="13214", point=point))
        assert answer.status_code == 422, answer.text
        assert "point" in answer.text


async def test_a_social_security_number_is_refused_wherever_it_is_written(sign_in_as: SignIn) -> None:
    asker = await sign_in_as(Role.PHARMACIST)
    for patient in (
        {"name": "2 55 08 14 168 025 38"},
        {"note": "INS urn:oid:1.2.250.1.213.1.4.8 fourni"},
    ):
        answer = await asker.client.post("/requests", json=a_request(patient=patient))
        assert (answer.status_code, answer.json()["code"]) == (422, "nir_refused")
        assert not any(value in answer.text for value in patient.values())


async def test_the_patient_is_sealed_and_each_reading_leaves_a_trace(sign_in_as: SignIn, settings: Settings) -> None:
    asker, other = await sign_in_as(Role.PHARMACIST), await sign_in_as(Role.PHARMACIST)
    patient = {"name": "Essai Fictif", "phone": "06 00 00 00 00", "birth_date": "2019-02-03", "note": "toux"}
    request = (await asker.client.post("/requests", json=a_request(patient=patient))).json()
    where = f"/requests/{request['id']}/patient"
    assert (await asker.client.get(where)).json() == patient
    assert (await other.client.get(where)).status_code == 403
    async with owner(settings) as session:
        await run(session, text("set local aiguillage.cpts = '*'"))
        traces = await run(session, text("select account, action from common.access_log order by id"))
        assert [tuple(row) for row in traces] == [(asker.account, "write"), (asker.account, "read")]


async def test_each_role_sees_what_it_needs_of_the_board(sign_in_as: SignIn) -> None:
    asker = await sign_in_as(Role.PHARMACIST)
    await asker.client.post("/requests", json=a_request())

    async def seen(role: Role, cpts: str = CPTS) -> list[dict[str, Any]]:
        person = await sign_in_as(role, cpts=cpts)
        snapshot = (await person.client.get("/live/snapshot", params={"cpts": CPTS})).json()
        listed = (await person.client.get("/requests", params={"cpts": CPTS})).json()
        if "state" not in snapshot:
            return [snapshot]
        assert list(snapshot["state"]["requests"].values()) == listed
        return list(listed)

    (full,) = await seen(Role.COORDINATOR)
    (counted,) = await seen(Role.REGULATOR)
    assert (full["act"], full["asked_by"]) == ("fever_child", asker.account)
    assert (counted["act"], counted["asked_by"], counted["urgency"]) == ("", "", 1)
    assert await seen(Role.PRACTITIONER) == []
    assert (await seen(Role.COORDINATOR, cpts=NEIGHBOUR))[0]["code"] == "not_allowed"


async def test_row_security_hides_another_cpts_even_from_a_wrong_query(sign_in_as: SignIn) -> None:
    asker = await sign_in_as(Role.PHARMACIST)
    stranger = await sign_in_as(Role.COORDINATOR, cpts=NEIGHBOUR)
    request = (await asker.client.post("/requests", json=a_request())).json()
    assert (await stranger.client.get(f"/requests/{request['id']}")).status_code == 404
    assert (
        await stranger.client.post(f"/requests/{request['id']}/closure", json={"reason": "other"})
    ).status_code == 404


async def test_communes_are_found_by_name_former_name_and_postal_code(sign_in_as: SignIn) -> None:
    person = await sign_in_as(Role.PHARMACIST)

    async def found(typed: str) -> list[str]:
        return [each["insee"] for each in (await person.client.get("/communes", params={"q": typed})).json()]

    assert await found("MARSEILLE 15") == ["13215"]
    assert await found("ste marthe") == ["13214"]
    assert await found("l’estaque") == ["13216"]
    assert await found("20000") == ["2A004"]
    assert await found("zz") == []


async def test_motives_come_with_their_words_and_wait_for_the_cpts_to_validate_them(sign_in_as: SignIn) -> None:
    person = await sign_in_as(Role.PHARMACIST)
    listed = {each["code"]: each for each in (await person.client.get("/motives")).json()}
    assert listed["fever_child"]["label"] == "Fièvre de l'enfant"
    assert not any(each["validated"] for each in listed.values())


async def test_a_cpts_sets_its_parameters_and_new_requests_follow_them(sign_in_as: SignIn) -> None:
    coordinator, asker = await sign_in_as(Role.COORDINATOR), await sign_in_as(Role.PRACTITIONER)
    where = f"/parameters/{CPTS}"
    assert (await asker.client.put(where, json={})).status_code == 403
    assert (await coordinator.client.put(where, json={"weights": {"nonsense": 1}})).status_code == 422
    still = (await coordinator.client.put(where, json={"weights": {"speed_kmh": 0, "nearest_k": 40}})).json()
    assert [(each["field"], each["label"]) for each in still["errors"]] == [
        ("weights.speed_kmh", "Vitesse en voiture (km/h)"),
    ]
    late = {"step": "widen", "after_minutes": [1, 1, 1, -1]}
    refused = (await coordinator.client.put(where, json={"escalation": [late]})).json()
    assert refused["errors"][0]["field"] == "escalation.0.after_minutes.3"
    answer = await coordinator.client.put(where, json={"confirm_after_minutes": [5, 10, 20, 40]})
    assert answer.json()["changed_by"] == coordinator.account, answer.text
    assert (await asker.client.get(where)).json()["now"]["confirm_after_minutes"] == [5, 10, 20, 40]
    view = (await asker.client.post("/requests", json=a_request())).json()
    waited = datetime.fromisoformat(view["answer_by"]) - datetime.fromisoformat(view["submitted_at"])
    assert waited == timedelta(minutes=5)


async def test_a_cpts_chooses_its_policy_and_answers_come_when_it_says(sign_in_as: SignIn) -> None:
    coordinator, asker = await sign_in_as(Role.COORDINATOR), await sign_in_as(Role.PRACTITIONER)
    where = f"/parameters/{CPTS}"
    refused = await coordinator.client.put(where, json={"policy": "clairvoyant"})
    assert refused.status_code == 422
    assert "defer_short" in refused.json()["errors"][0]["rule"]
    waits = []
    for policy in ("defer", "defer_short", "batch_30s"):
        (await coordinator.client.put(where, json={"policy": policy})).raise_for_status()
        view = (await asker.client.post("/requests", json=a_request(urgency=3))).json()
        waits.append(datetime.fromisoformat(view["answer_by"]) - datetime.fromisoformat(view["submitted_at"]))
    assert waits == [timedelta(hours=1), timedelta(minutes=30), timedelta(0)]


async def test_who_runs_the_board_takes_care_of_a_request(sign_in_as: SignIn) -> None:
    coordinator, asker = await sign_in_as(Role.COORDINATOR), await sign_in_as(Role.PHARMACIST)
    request = (await asker.client.post("/requests", json=a_request())).json()
    assert (await asker.client.post(f"/requests/{request['id']}/ownership")).status_code == 403
    owned = await coordinator.client.post(f"/requests/{request['id']}/ownership")
    assert (owned.json()["owner"], owned.json()["state"]) == (coordinator.account, "open")


async def test_a_cpts_says_what_words_mean_there_and_goes_back_to_what_everyone_means(sign_in_as: SignIn) -> None:
    admin, asker = await sign_in_as(Role.ADMIN), await sign_in_as(Role.PHARMACIST)
    otite = {"cpts_id": CPTS, "kind": "motive", "words": "Otite", "means": "sprain"}

    async def meant() -> set[str]:
        listed = (await asker.client.get("/motives", params={"cpts": CPTS})).json()
        return {each["code"] for each in listed if "otite" in {word.lower() for word in each["synonyms"]}}

    assert await meant() == {"ear_pain"}
    assert (await asker.client.put("/words", json=otite)).status_code == 403
    assert (await admin.client.put("/words", json=otite | {"means": "nothing_ours"})).json()["field"] == "means"
    assert (await admin.client.put("/words", json=otite)).status_code == 200
    assert await meant() == {"sprain"}
    assert (await admin.client.put("/words", json=otite | {"means": ""})).status_code == 200
    assert await meant() == set()
    back = {"cpts": CPTS, "kind": "motive", "key": "otite"}
    assert (await admin.client.delete("/words", params=back)).status_code == 204
    assert await meant() == {"ear_pain"}
    alarm = {"cpts_id": CPTS, "kind": "alarm", "words": "avalé une aiguille", "means": "Ne faites pas vomir."}
    assert (await admin.client.put("/words", json=alarm)).status_code == 200
    rings = (await asker.client.get("/alarms", params={"cpts": CPTS})).json()
    assert {"advice": "Ne faites pas vomir.", "words": ["avalé une aiguille"]} in rings


async def test_other_words_for_a_motive_hold_no_national_number(sign_in_as: SignIn) -> None:
    asker = await sign_in_as(Role.PHARMACIST)
    said = {
        "insee": "13215",
        "urgency": 2,
        "motive": "other",
        "patient": {"motive": "doigt vert 2 55 08 14 168 025 38"},
    }
    refused = await asker.client.post("/requests", json=said)
    assert refused.status_code == 422
    assert "168" not in refused.text
    long = said | {"patient": {"motive": "a" * 81}}
    assert (await asker.client.post("/requests", json=long)).status_code == 422
