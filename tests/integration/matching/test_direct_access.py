"""A motive goes to who may see the patient directly: asked at the counter, held to by options, requests and slots."""

from typing import Any

from shared.auth import Role
from tests.builders import CPTS
from tests.towns import Town, a_request, until


async def test_a_cystitis_goes_to_a_trained_pharmacist_once_the_questions_are_answered(town: Town) -> None:
    pharmacist = town.territory.practitioners[1]
    admin = await town.person(Role.ADMIN, at="availability")
    entry = {"cpts_id": CPTS, "last_name": "ESSAI", "first_name": "Fictif", "profession": "21"}
    assert (await admin.client.put("/practitioners/99001000001", json=entry)).status_code == 200
    slot = await town.slot(1)
    asker = await town.person(Role.PHARMACIST)
    woman = a_request(motive="cystitis", urgency=2, age=30)
    no: dict[str, Any] = {"sex": "f", "answers": {"fever_or_pregnant": False, "recurrent": False}}

    async def options(**more: Any) -> dict[str, Any]:
        answer = await asker.client.post("/options", json={**woman, **more})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    assert (await options())["questions"] == ["sex", "fever_or_pregnant", "recurrent"]
    man = await options(sex="m")
    assert man["questions"] == []
    assert {"profession": "21", "condition": "sex", "instead": "10"}.items() <= man["closed"][0].items()
    # Not trained yet: nobody has a slot for it; a refusal by name says which condition, and who is next.
    assert (await options(**no))["options"] == []
    fever = {**woman, "sex": "f", "professions": ["21"], "answers": {"fever_or_pregnant": True}}
    refused = (await asker.client.post("/requests", json=fever)).json()
    assert (refused["code"], refused["rule"], refused["instead"]) == ("not_direct", "flagged", "10")
    assert "médecin" in refused["detail"].lower()
    undecided = (await asker.client.post("/requests", json={**woman, "professions": ["21"]})).json()
    assert undecided["field"] == "answers"
    doctor = await town.person(Role.PRACTITIONER, pharmacist, at="availability")
    settings = {"qualifications": ["cystitis"]}
    assert (await doctor.client.put(f"/practitioners/{pharmacist}/settings", json=settings)).status_code == 204
    asked = (await asker.client.post("/requests", json={**woman, **no, "board": True})).json()
    assert asked["professions"] == ["10", "21", "50", "60"]
    served = await until(asker.client, asked["id"], "held", "confirmed", "proposed")
    assert served["slot_id"] == slot["id"]
