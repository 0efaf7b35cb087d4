"""The live equation of requests: while people and rounds act at once, stale snapshot + events = fresh snapshot."""

import asyncio
import copy
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given
from hypothesis import settings as tuned
from hypothesis import strategies as st

from services.matching.live import view
from services.matching.sameday.reads import read_state
from services.matching.sameday.store.tables import OUTBOX
from shared.auth import OWN_SLOTS_ONLY, Caller, Role
from shared.contracts.events import State
from shared.db import Scope, set_scope
from shared.http.parts import read_parts
from shared.live.api import narrow_to_caller
from shared.live.follow import Replica
from shared.live.push import Hub
from shared.live.store import Position
from shared.settings import Settings
from shared.wiring import Wiring
from tests.builders import CPTS, MORNING, show, slots_order
from tests.towns import Person, Town, a_request, a_town, with_communes

Step = tuple[Any, ...]
WHICH, WHO = st.integers(0, 5), st.integers(0, 2)
ACTIONS: dict[str, dict[str, Any]] = {
    "confirmation": {},
    "release": {},
    "cancellation": {"reason": "patient"},
    "closure": {"reason": "other"},
    "relaxation": {"max_travel_minutes": 60},
}
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.just("submit"), WHO, st.integers(1, 4), st.booleans()),
    st.tuples(st.just("publish"), st.integers(0, 1), st.integers(2, 6)),
    st.tuples(st.just("withdraw"), WHICH),
    st.tuples(st.just("hold"), WHO, WHICH, WHICH),
    st.tuples(st.just("rivals"), WHICH, WHICH),
    st.tuples(st.sampled_from(sorted(ACTIONS)), WHO, WHICH),
)
ROUNDS = st.lists(
    st.tuples(st.lists(STEPS, min_size=1, max_size=4), st.sampled_from([0, 0, 0, 4, 45])), min_size=1, max_size=6
)
"""Steps that happen at once, then how many minutes pass."""


@dataclass
class World:
    """A town, the matching service inside it, and what was made so far."""

    town: Town
    matching: FastAPI
    people: Sequence[Person]
    doctors: Sequence[Any]
    requests: list[str] = field(default_factory=list)
    slots: list[str] = field(default_factory=list)
    minutes: int = 0

    async def post(self, who: int, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await self.people[who].client.post(path, json=body)
        assert answer.status_code < 500 or answer.json()["code"] in ("slots_unknown", "availability_away"), answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def step(self, kind: str, *given_: Any) -> None:
        if kind == "submit":
            who, urgency, now = given_
            at_once = {"answer_by": (MORNING + timedelta(minutes=self.minutes)).isoformat()} if now else {}
            self.requests.append((await self.post(who, "/requests", a_request(urgency=urgency, **at_once)))["id"])
        elif kind == "publish":
            who, hours = given_
            starts_at = MORNING + timedelta(hours=hours, minutes=self.minutes)
            order = slots_order(self.town.territory, who, starts_at=starts_at.isoformat())
            answer = await self.doctors[who].post("/slots", json=order)
            self.slots += [slot["id"] for slot in answer.json().get("slots", [])]
        elif kind == "withdraw":
            for doctor in self.doctors if self.slots else ():
                order = {"reason": "essai", "booked": "cancel"}
                await doctor.post(f"/slots/{self.slots[given_[0] % len(self.slots)]}/withdrawal", json=order)
        elif self.requests:
            await self.on_request(kind, *given_)

    async def on_request(self, kind: str, *given_: Any) -> None:
        if kind == "rivals":
            await asyncio.gather(*(self.hold(who, *given_) for who in range(3)))
        elif kind == "hold":
            await self.hold(*given_)
        else:
            who, which = given_
            await self.post(who, f"/requests/{self.requests[which % len(self.requests)]}/{kind}", ACTIONS[kind])

    async def hold(self, who: int, which: int, slot: int) -> None:
        if self.slots:
            body = {"slot_id": self.slots[slot % len(self.slots)]}
            await self.post(who, f"/requests/{self.requests[which % len(self.requests)]}/hold", body)

    async def snapshot(self) -> tuple[Position, State]:
        async with read_parts(self.matching)[Wiring].open_session() as session:
            await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            await set_scope(session, Scope(frozenset({CPTS})))
            return await OUTBOX.position(session, CPTS), await read_state(session, CPTS)

    def viewers(self) -> list[Caller]:
        own = frozenset({str(self.town.territory.practitioners[0])})
        names = ["someone", *(person.account for person in self.people)]
        return [
            Caller(name, role, frozenset({CPTS}), own if role in OWN_SLOTS_ONLY else None)
            for role in Role
            for name in names
        ]

    async def holds(self, stale: tuple[Position, State]) -> None:
        hub = read_parts(self.matching)[Hub]
        (before, old), (after, fresh) = stale, await self.snapshot()
        async with hub.reading(CPTS) as session:
            entries = await OUTBOX.after(session, CPTS, before.seq, limit=100_000)
        entries = [entry for entry in entries if entry.seq <= after.seq]
        assert [entry.seq for entry in entries] == list(range(before.seq + 1, after.seq + 1))
        for viewer in self.viewers():
            replica = Replica(
                CPTS, state=copy.deepcopy(narrow_to_caller(view, viewer, old)), epoch=before.epoch, seq=before.seq
            )
            if entries:
                replica.take(json.loads(hub.message(viewer, before.epoch, before.seq, entries)))
            assert replica.state == narrow_to_caller(view, viewer, fresh), viewer.role
            assert replica.seq == after.seq


@pytest.fixture
async def world(settings: Settings) -> AsyncIterator[World]:
    """A town in which the examples follow one another: each starts from what the ones before left."""
    async with a_town(await with_communes(settings)) as town:
        people = [await town.person(role) for role in (Role.PHARMACIST, Role.PHARMACIST, Role.COORDINATOR)]
        yield World(town, town.matching, people, [await town.doctor(index) for index in (0, 1)])


@tuned(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(rounds=ROUNDS)
async def test_a_stale_snapshot_and_the_events_are_a_fresh_snapshot(world: World, rounds: Any) -> None:
    stale = [await world.snapshot()]
    for steps, minutes in rounds:
        await asyncio.gather(*(world.step(*step) for step in steps))
        if minutes:
            world.minutes += minutes
            await show(world.town.settings, MORNING + timedelta(minutes=world.minutes))
        stale.append(await world.snapshot())
    for snapshot in stale:
        await world.holds(snapshot)
