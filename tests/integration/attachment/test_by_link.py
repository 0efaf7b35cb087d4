"""Practitioners answer by a link, no account: no name before a yes, a no for good, the doctor seen already first."""

from typing import Any

import httpx

from shared.auth import Role
from tests.integration.attachment.conftest import PATIENT, Register, a_round, entered


async def link_of(register: Register, coordinator: httpx.AsyncClient, index: int) -> str:
    """The secret of a new link of a practitioner."""
    body = {"practitioner_id": register.gp(index)}
    answer = await coordinator.post("/attachments/doctor-links", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["url"]).partition("#")[2]


async def said(client: httpx.AsyncClient, secret: str, **body: Any) -> list[dict[str, Any]]:
    """What is asked by a link, once this answer, if any, is given."""
    answer = await client.post("/doctor/answer" if body else "/doctor/link", json={"secret": secret, **body})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


async def test_a_link_shows_no_name_and_a_no_is_not_asked_again(register: Register) -> None:
    coordinator = await register.person(Role.COORDINATOR)
    await register.declare(0, 3)
    entry = await entered(coordinator, patient=PATIENT)
    await a_round(coordinator)
    old = await link_of(register, coordinator, 0)
    secret = await link_of(register, coordinator, 0)
    url = str(coordinator.base_url)
    async with httpx.AsyncClient(base_url=url) as client:
        for wrong in (old, "x" * 22):
            refused = await client.post("/doctor/link", json={"secret": wrong})
            assert (refused.status_code, refused.json()["code"]) == (403, "doctor_link_closed")
        [asked] = await said(client, secret)
        assert (asked["kind"], asked["household"], asked["who"]) == ("proposal", 1, "")
        assert asked["travel_s"] is not None
        assert await said(client, secret, attachment_id=entry["id"], answer="no", reason="too_far") == []
    again = await a_round(coordinator)
    assert again["proposed"] == 0
    story = (await coordinator.get(f"/attachments/{entry['id']}")).json()
    assert (story["state"], story["reason"]) == ("refused_by_practitioner", "too_far")
    pharmacist = await register.person(Role.PHARMACIST)
    body = {"practitioner_id": register.gp(0)}
    assert (await pharmacist.post("/attachments/doctor-links", json=body)).status_code == 403


async def test_the_doctor_already_seen_is_asked_before_any_round(register: Register) -> None:
    coordinator = await register.person(Role.COORDINATOR)
    await register.declare(1, 5)
    seen = {"seen_practitioner_id": register.gp(0), "patient": PATIENT}
    mine, taken, other = [await entered(coordinator, **seen) for _ in range(3)]
    assert (await a_round(coordinator))["proposed"] == 0
    secret = await link_of(register, coordinator, 0)
    asked = await said(coordinator, secret)
    assert [each["kind"] for each in asked] == ["own"] * 3
    assert asked[0]["who"] == "E. F. · 1950-02-03"
    await said(coordinator, secret, attachment_id=mine["id"], answer="mine")
    await said(coordinator, secret, attachment_id=taken["id"], answer="take")
    assert await said(coordinator, secret, attachment_id=other["id"], answer="no", reason="not_received") == []
    stands = [(await coordinator.get(f"/attachments/{each['id']}")).json() for each in (mine, taken, other)]
    assert [each["state"] for each in stands] == ["confirmed", "accepted_by_practitioner", "waiting"]
    assert (stands[0]["reason"], stands[0]["practitioner_id"]) == ("declaration_only", register.gp(0))
    # No place was used; whoever was told no goes to the next round, never to that doctor again.
    await register.declare(0, 5)
    await a_round(coordinator)
    proposed = (await coordinator.get(f"/attachments/{other['id']}")).json()
    assert (proposed["state"], proposed["practitioner_id"]) == ("proposed", register.gp(1))


async def test_who_is_entered_twice_is_shown_to_who_runs_the_register_and_never_merged(register: Register) -> None:
    coordinator, pharmacist = await register.person(Role.COORDINATOR), await register.person(Role.PHARMACIST)
    one = await entered(pharmacist, patient=PATIENT)
    other = await entered(coordinator, patient={**PATIENT, "name": "FICTIF Esai"})
    await entered(coordinator, patient={**PATIENT, "name": "Fictif Jeanne", "birth_date": "1982-01-01"})
    [found] = (await coordinator.get("/attachments/duplicates", params={"cpts": "990000001"})).json()
    assert (set(found["ids"]), found["sure"]) == ({one["id"], other["id"]}, True)
    assert (await pharmacist.get("/attachments/duplicates", params={"cpts": "990000001"})).status_code == 403
    states = [(await coordinator.get(f"/attachments/{each['id']}")).json()["state"] for each in (one, other)]
    assert states == ["waiting", "waiting"]
