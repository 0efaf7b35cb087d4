"""The clerk of the register: rounds seen first and undone until told, somebody found by what is known of them."""

from datetime import timedelta

import httpx

from shared.auth import Role
from tests.builders import CPTS, MORNING, show
from tests.integration.attachment.conftest import PATIENT, Register, entered, posted, state_of


async def test_a_round_is_looked_at_run_as_it_was_seen_and_undone_until_its_practitioners_are_told(
    register: Register,
) -> None:
    coordinator, doctor = await register.person(Role.COORDINATOR), await register.doctor(0)
    await register.declare(0, 1)
    first = (await entered(coordinator, age=90, reference="M-17"))["id"]
    seen = (await coordinator.post("/attachment-rounds/preview", json={})).json()
    assert [(each["attachment_id"], each["practitioner_id"]) for each in seen["outcomes"]] == [(first, register.gp(0))]
    assert await state_of(coordinator, first) == "waiting"
    # Somebody who comes first now changes what would be proposed: what was not seen is not done.
    second = (await entered(coordinator, age=90, flags=["ald"]))["id"]
    stale = await coordinator.post("/attachment-rounds", json={"seen": seen["mark"], "tell_after_minutes": 10})
    assert (stale.status_code, stale.json()["code"]) == (409, "preview_stale")
    seen = (await coordinator.post("/attachment-rounds/preview", json={})).json()
    wanted = {"seen": seen["mark"], "tell_after_minutes": 10}
    run = (await coordinator.post("/attachment-rounds", json=wanted)).json()
    assert await state_of(coordinator, second) == "proposed"
    assert (await doctor.get("/attachments", params={"cpts": CPTS})).json() == []
    assert (await posted(doctor, second, "acceptance")).status_code == 403
    undone = await coordinator.post(f"/attachment-rounds/{run['id']}/undoing")
    assert (undone.status_code, bool(undone.json()["undone_at"])) == (200, True)
    assert await state_of(coordinator, second) == "waiting"
    assert (await coordinator.post(f"/attachment-rounds/{run['id']}/telling")).json()["code"] == "round_told"
    # Their place is free again, they keep their turn; when its time comes, the round is told by itself.
    await coordinator.post("/attachment-rounds", json=wanted)
    await show(register.town.settings, MORNING + timedelta(minutes=11))
    await register.time_passes()
    assert [each["id"] for each in (await doctor.get("/attachments", params={"cpts": CPTS})).json()] == [second]
    assert (await posted(doctor, second, "acceptance")).status_code == 200


async def test_somebody_is_found_by_name_initials_or_reference_and_only_marks_leave(register: Register) -> None:
    pharmacist, other = await register.person(Role.PHARMACIST), await register.person(Role.PHARMACIST)
    known = (await entered(pharmacist, age=71, reference="M-17", patient=PATIENT))["id"]
    await entered(pharmacist, age=30, reference="M-30")

    async def found(client: httpx.AsyncClient, q: str) -> list[tuple[str, str, int, str]]:
        answer = await client.post("/attachments/search", json={"cpts_id": CPTS, "q": q})
        assert "Fictif" not in answer.text
        return [(each["id"], each["initials"], each["age"], each["reference"]) for each in answer.json()]

    for q in ("fictif", "ESSAI fic", "ef", "m-17", "m17"):
        assert await found(pharmacist, q) == [(known, "E. F.", 71, "M-17")], q
    assert len(await found(pharmacist, "")) == 2
    assert await found(pharmacist, "quelquun") == []
    assert await found(other, "") == []
