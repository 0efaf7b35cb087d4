"""Rounds on the running services: proposals, both sides' answers, households, and who wins when two come at once."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from services.availability.app import directory
from services.matching.doctors.app.intake import RoundForm
from services.matching.doctors.app.preparing import RoundDesk, RoundRunning
from services.matching.doctors.app.rounds import run_round
from services.matching.doctors.edges.panels import Panels
from services.matching.doctors.reads import read_attachments
from services.matching.doctors.store.register import AttachmentRoundRow
from services.matching.engine.doctors.decision import Decision, decide
from services.matching.engine.doctors.model import AttachmentRound, GpOffer, Seeker
from services.matching.engine.doctors.round import propose
from services.matching.engine.model import Point
from services.matching.sameday.store.tables import OUTBOX
from shared.auth import Caller, Role
from shared.contracts.events import State, apply
from shared.db import in_transaction, run
from shared.http.parts import read_parts
from tests.builders import CPTS, MORNING, NEIGHBOUR, a_territory, owner
from tests.integration.attachment.conftest import COMMUNES, Register, a_round, entered, posted, state_of


async def test_a_whole_round_from_the_register_to_the_declarations(register: Register) -> None:
    """Drawn people, three practitioners: what is stored is what the core says; both sides answer; a second round."""
    coordinator, pharmacist = [await register.person(role) for role in (Role.COORDINATOR, Role.PHARMACIST)]
    panels = {0: 4, 1: 3, 2: 2}
    await register.declare(0, 4, ald_share=50)
    await register.declare(1, 3, min_age=16, home_visits=True)
    await register.declare(2, 2, communes=["48140"])
    drawn = np.random.default_rng(7)
    people: dict[str, dict[str, Any]] = {}
    for number in range(24):
        person = {
            "insee": ("48095", "48140")[int(drawn.integers(2))],
            "age": int(drawn.integers(0, 95)),
            "flags": ["ald"] if drawn.random() < 0.3 else [],
            "home_visits": bool(drawn.random() < 0.2),
            "waiting_since": (MORNING - timedelta(days=number)).isoformat(),
        }
        people[(await entered(pharmacist, **person))["id"]] = person
    found = await a_round(coordinator)

    points = {insee: Point(lat, lon) for insee, _, lat, lon in COMMUNES}
    homes = [Point(44.5 + index / 100, 3.5) for index in range(3)]
    around = AttachmentRound(
        patients=tuple(
            Seeker(
                id=key,
                commune=person["insee"],
                since_at_s=int(MORNING.timestamp()) - 86400 * number,
                flags=frozenset(person["flags"]),
                age=person["age"],
                home_visits=person["home_visits"],
                household=key,
            )
            for number, (key, person) in reversed(list(enumerate(people.items())))
        ),
        offers=tuple(
            sorted(
                (
                    GpOffer(register.gp(0), homes[0], 4, least_ald_percent=50),
                    GpOffer(register.gp(1), homes[1], 3, min_age=16, home_visits=True),
                    GpOffer(register.gp(2), homes[2], 2, frozenset({"48140"})),
                ),
                key=lambda offer: offer.id,
            )
        ),
        communes=points,
    )
    plan = propose(around)
    stored = {each["attachment_id"]: each for each in found["outcomes"]}
    proposed = {key: each["practitioner_id"] for key, each in stored.items() if each["practitioner_id"]}
    assert proposed == {one.patient: one.gp for one in plan.proposals}
    assert {key: each["why"]["travel_s"] for key, each in stored.items() if key in proposed} == {
        one.patient: one.travel_s for one in plan.proposals
    }
    assert {key: each["blocker"] for key, each in stored.items() if key not in proposed} == {
        one.patient: one.blocker for one in plan.unattached
    }
    assert (found["kept"], found["certified"], tuple(found["served_by_class"])) == (9, True, plan.served_by_class)
    assert sum(row["proposed"] for row in found["equity_by_class"]) == 9
    assert sum(row["asked"] for row in found["equity_by_commune"]) == 24

    refused: dict[str, str] = {}
    for key, gp in sorted(proposed.items()):
        doctor = await register.doctor([register.gp(index) for index in range(3)].index(gp))
        if len(refused) < 3:
            answer = await posted(doctor, key, "refusal", reason="outside_practice")
            assert (answer.status_code, answer.json()["state"]) == (200, "refused_by_practitioner")
            refused[key] = gp
            continue
        assert (await posted(doctor, key, "acceptance")).json()["state"] == "accepted_by_practitioner"
        assert (await posted(pharmacist, key, "acceptance")).json()["state"] == "accepted"
        assert (await posted(doctor, key, "confirmation")).json()["state"] == "confirmed"
    again = await a_round(coordinator)
    second = {each["attachment_id"]: each["practitioner_id"] for each in again["outcomes"] if each["kept"]}
    assert all(second.get(key) != gp for key, gp in refused.items())
    given = Counter(gp for key, gp in proposed.items() if key not in refused) + Counter(second.values())
    assert all(given[register.gp(index)] <= places for index, places in panels.items())
    assert again["seeking"] == 24 - 6
    story = (await coordinator.get(f"/attachments/{next(iter(refused))}")).json()["story"]
    assert [line["code"] for line in story][:3] == ["registered", "proposed", "refused_by_practitioner"]
    assert story[2]["detail"]["reason"] == "outside_practice"


async def test_declaring_again_offers_places_on_top_of_the_declarations_made(register: Register) -> None:
    coordinator = await register.person(Role.COORDINATOR)
    doctor = await register.doctor(0)
    await register.declare(0, 1)
    people = [(await entered(coordinator, age=age))["id"] for age in (90, 50)]
    await a_round(coordinator)
    for client, what in ((doctor, "acceptance"), (coordinator, "acceptance"), (coordinator, "confirmation")):
        assert (await posted(client, people[0], what)).status_code == 200
    assert (await a_round(coordinator))["proposed"] == 0
    await register.declare(0, 1)
    assert (await a_round(coordinator))["kept"] == 1
    assert await state_of(coordinator, people[1]) == "proposed"


async def test_a_round_may_be_asked_again_with_its_key_and_is_for_who_runs_the_register(register: Register) -> None:
    coordinator, pharmacist = [await register.person(role) for role in (Role.COORDINATOR, Role.PHARMACIST)]
    await register.declare(0, 5)
    await entered(pharmacist)
    key = {"Idempotency-Key": "tour 1"}
    first = await coordinator.post("/attachment-rounds", json={}, headers=key)
    again = await coordinator.post("/attachment-rounds", json={}, headers=key)
    assert (first.json(), again.headers["idempotent-replayed"]) == (again.json(), "true")
    assert len((await coordinator.get("/attachment-rounds", params={"cpts": CPTS})).json()) == 1
    assert (await pharmacist.post("/attachment-rounds", json={})).status_code == 403
    assert (await pharmacist.get(f"/attachment-rounds/{first.json()['id']}")).status_code == 403
    committee = await register.person(Role.COMMITTEE)
    for where in (f"/attachment-rounds/{first.json()['id']}", f"/attachment-rounds?cpts={CPTS}"):
        assert (await committee.get(where)).status_code == 403
    of = {"cpts": CPTS, "of": first.json()["id"]}
    lines = (await committee.get("/exports/equity.csv", params=of)).text.splitlines()[1:]
    assert lines
    assert all(line.endswith(";moins de 5;moins de 5;") for line in lines)
    assert ";1;1;" in (await coordinator.get("/exports/equity.csv", params=of)).text


async def test_each_side_answers_in_its_turn_and_only_for_itself(register: Register) -> None:
    coordinator = await register.person(Role.COORDINATOR)
    mine, other = await register.doctor(0), await register.doctor(1)
    pharmacist, stranger = await register.person(Role.PHARMACIST), await register.person(Role.PHARMACIST)
    await register.declare(0, 1)
    key = (await entered(pharmacist))["id"]
    await a_round(coordinator)
    assert (await posted(pharmacist, key, "acceptance")).json()["code"] == "attachment_moved"
    for client in (other, stranger):
        for what in ("acceptance", "confirmation"):
            assert (await posted(client, key, what)).status_code == 403
        assert (await posted(client, key, "refusal", reason="other")).status_code == 403
    assert (await posted(mine, key, "withdrawal", reason="other")).status_code == 403
    assert (await posted(mine, key, "refusal", reason="no idea")).json()["code"] == "invalid"
    assert (await posted(mine, key, "acceptance")).status_code == 200
    assert (await posted(mine, key, "acceptance")).json()["code"] == "attachment_moved"
    assert (await posted(pharmacist, key, "refusal", reason="too_far")).json()["state"] == "refused_by_patient"
    assert (await a_round(coordinator))["outcomes"][0]["blocker"] == "criteria"


async def test_a_household_goes_to_one_practitioner_and_is_answered_for_as_one(register: Register) -> None:
    coordinator = await register.person(Role.COORDINATOR)
    await register.declare(0, 2)
    await register.declare(3, 3)
    first = await entered(coordinator)
    rest = [await entered(coordinator, household_with=first["id"]) for _ in range(2)]
    keys = [first["id"], *(each["id"] for each in rest)]
    await a_round(coordinator)
    entries = [(await coordinator.get(f"/attachments/{key}")).json() for key in keys]
    assert {entry["practitioner_id"] for entry in entries} == {register.gp(3)}
    await posted(await register.doctor(3), keys[1], "acceptance")
    assert [await state_of(coordinator, key) for key in keys] == ["accepted_by_practitioner"] * 3
    await posted(coordinator, keys[2], "refusal", reason="prefers_another")
    assert [await state_of(coordinator, key) for key in keys] == ["refused_by_patient"] * 3
    assert {each["blocker"] for each in (await a_round(coordinator))["outcomes"]} == {"household"}


async def test_of_many_answers_at_once_one_wins(register: Register) -> None:
    coordinator, doctor = await register.person(Role.COORDINATOR), await register.doctor(0)
    await register.declare(0, 3)
    keys = [(await entered(coordinator))["id"] for _ in range(3)]
    await a_round(coordinator)
    for key in keys:
        answers = await asyncio.gather(
            *(posted(doctor, key, "acceptance") for _ in range(3)),
            *(posted(doctor, key, "refusal", reason="full") for _ in range(3)),
            posted(coordinator, key, "withdrawal", reason="other"),
        )
        assert {answer.status_code for answer in answers} <= {200, 403, 409}
        story = (await coordinator.get(f"/attachments/{key}")).json()["story"]
        assert len(story) == 2 + sum(answer.status_code == 200 for answer in answers)
        assert [line["version"] for line in story] == list(range(1, len(story) + 1))
    async with register.transaction(CPTS) as session:
        held = text("select count(*) from matching.attachment_place")
        promised = text("select count(*) from matching.attachment where practitioner_id is not null")
        assert (await run(session, held)).scalar_one() == (await run(session, promised)).scalar_one()


async def test_two_rounds_at_once_never_exceed_the_places(register: Register) -> None:
    """Twice in one CPTS, and in two CPTS that share a practitioner."""
    settings = register.town.settings
    neighbour = await a_territory(settings, NEIGHBOUR, practitioners=1)
    async with owner(settings) as session:
        shared = register.town.territory.practitioners[0]
        await directory.put_membership(session, shared, NEIGHBOUR, MORNING)
        await directory.put_schedule(session, shared, neighbour.places[0], NEIGHBOUR)
    await register.declare(0, 3)
    here, there = await register.person(Role.COORDINATOR), await register.person(Role.COORDINATOR, cpts=NEIGHBOUR)
    for client in (here, there):
        for _ in range(4):
            await entered(client)
    answers = await asyncio.gather(*(client.post("/attachment-rounds", json={}) for client in (here, here, there)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"round_running"}
    assert sum(answer.json()["kept"] for answer in answers if answer.status_code == 201) == 3
    async with register.transaction("*") as session:
        places = await run(session, text("select number from matching.attachment_place order by number"))
        assert list(places.scalars()) == [1, 2, 3]


async def test_a_stale_snapshot_and_the_events_since_make_the_fresh_one(register: Register) -> None:
    coordinator, doctor = await register.person(Role.COORDINATOR), await register.doctor(0)
    await register.declare(0, 2)
    keys = [(await entered(coordinator))["id"] for _ in range(3)]
    async with register.transaction(CPTS) as session:
        start, stale = await OUTBOX.position(session, CPTS), await read_attachments(session, CPTS)
    await a_round(coordinator)
    for key in keys:
        await posted(doctor, key, "acceptance")
        await posted(coordinator, key, "refusal", reason="personal")
    await posted(coordinator, keys[0], "withdrawal", reason="moved_away")
    async with register.transaction(CPTS) as session:
        entries = await OUTBOX.after(session, CPTS, start.seq)
        fresh = await read_attachments(session, CPTS)
    state: State = {"attachments": dict(stale["attachments"])}
    for entry in entries:
        assert "name" not in entry.event["value"]
        apply(state, entry.event)
    assert state == fresh
    assert [entry.seq for entry in entries] == list(range(start.seq + 1, start.seq + 1 + len(entries)))


async def test_a_round_holds_no_transaction_while_it_is_computed_and_loses_to_one_recorded_meanwhile(
    register: Register,
) -> None:
    coordinator = await register.person(Role.COORDINATOR)
    await register.declare(0, 3)
    gone, stays = [(await entered(coordinator))["id"] for _ in range(2)]
    open_meanwhile: list[bool] = []

    async def decide_slowly(around: AttachmentRound) -> Decision:
        open_meanwhile.append(in_transaction())
        await meanwhile[-1]()
        return decide(around)

    async def withdraw() -> None:
        assert (await posted(coordinator, gone, "withdrawal", reason="other")).status_code == 200

    async def another_round() -> None:
        assert (await a_round(coordinator))["kept"] == 0

    caller = Caller("machine:test", Role.MACHINE, frozenset({CPTS}))
    panels = read_parts(register.town.matching)[Panels]

    async def run_one() -> AttachmentRoundRow:
        async with register.transaction(CPTS) as session:
            return await run_round(RoundDesk(session, caller, panels, decide_slowly), RoundForm(cpts_id=CPTS))

    meanwhile = [withdraw]
    assert (await run_one()).kept == 1
    assert await state_of(coordinator, stays) == "proposed"
    meanwhile.append(another_round)
    with pytest.raises(RoundRunning):
        await run_one()
    assert open_meanwhile == [False, False]
