"""The live equation: whatever happens, at once or in turn, a stale snapshot plus the events is a fresh snapshot.

For every role, in each CPTS that sees the slots, and without a gap in `seq`.
"""

import asyncio
import copy
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as tuned
from hypothesis import strategies as st
from sqlalchemy import text

from services.availability.live import view
from services.availability.reads import read_state
from services.availability.sweeper import EACH_TIME, seldom, sweep
from services.availability.tables import OUTBOX
from shared.auth import OWN_SLOTS_ONLY, Caller, Role
from shared.contracts.events import State
from shared.db import Scope, run, set_scope
from shared.http.parts import read_parts
from shared.live.api import narrow_to_caller
from shared.live.follow import Replica
from shared.live.push import Hub
from shared.live.store import Position
from shared.settings import Settings
from shared.wiring import Wiring
from tests.builders import (
    CPTS,
    MORNING,
    NEIGHBOUR,
    Service,
    Territory,
    a_territory,
    availability,
    owner,
    show,
    slots_order,
)

Step = tuple[Any, ...]
SLOT, PLACE, REQUEST = st.integers(0, 4), st.integers(0, 4), st.integers(0, 3)
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.just("publish"), st.integers(0, 1), st.integers(2, 5), st.integers(1, 3), st.booleans()),
    st.tuples(st.just("hold"), SLOT, REQUEST),
    st.tuples(st.just("rivals"), SLOT),
    st.tuples(st.sampled_from(["confirmation", "release", "cancellation", "honoured", "no-show"]), PLACE),
    st.tuples(st.just("withdraw"), SLOT, st.sampled_from(["keep", "cancel", None])),
    st.tuples(st.just("change"), SLOT, st.integers(1, 4)),
    st.tuples(st.just("give-back"), SLOT),
    st.tuples(st.just("settings"), st.integers(0, 1), st.booleans()),
    st.tuples(st.just("overbook"), SLOT),
)
ROUNDS = st.lists(
    st.tuples(st.lists(STEPS, min_size=1, max_size=3), st.sampled_from([0, 0, 0, 4, 61, 1200])), min_size=3, max_size=8
)
"""Steps that happen at once, then how many minutes pass."""
EVERY_KIND: list[Step] = [
    ("confirmation", 0),
    ("honoured", 0),
    ("no-show", 0),
    ("release", 1),
    ("cancellation", 2),
    ("change", 1, 4),
    ("rivals", 1),
    ("overbook", 2),
    ("settings", 0, True),
    ("give-back", 2),
    ("withdraw", 1, "cancel"),
    ("publish", 1, 5, 1, True),
    ("give-back", 3),
]


@dataclass(slots=True)
class World:
    """A running service and what was made in it so far."""

    service: Service
    machine: httpx.AsyncClient
    doctor: httpx.AsyncClient
    territory: Territory
    slots: list[str]
    bookings: list[str]

    async def post(self, path: str, body: Any = None, client: httpx.AsyncClient | None = None) -> httpx.Response:
        answer = await (client or self.machine).post(path, json=body)
        assert answer.status_code < 500, answer.text
        return answer

    async def hold(self, slot: str, request: str) -> None:
        answer = await self.post(f"/slots/{slot}/bookings", {"request_id": request})
        if answer.status_code == 201:
            self.bookings.append(answer.json()["id"])

    async def step(self, kind: str, *given_: Any) -> None:
        if kind == "publish":
            who, hour, capacity, shared = given_
            order = slots_order(
                self.territory,
                who,
                starts_at=(MORNING + timedelta(hours=hour)).isoformat(),
                capacity=capacity,
                audience=[NEIGHBOUR] if shared else [],
            )
            answer = await self.post("/slots", order)
            self.slots += [slot["id"] for slot in answer.json().get("slots", [])]
        elif kind == "settings":
            path = f"/practitioners/{self.territory.practitioners[given_[0]]}/settings"
            answer = await self.doctor.put(path, json={"paused": given_[1]})
            assert answer.status_code == 204, answer.text
        elif kind in {"confirmation", "release", "cancellation", "honoured", "no-show"}:
            if self.bookings:
                body = {"reason": "essai"} if kind == "cancellation" else None
                await self.post(f"/bookings/{self.bookings[given_[0] % len(self.bookings)]}/{kind}", body)
        elif self.slots:
            await self.on_slot(kind, self.slots[given_[0] % len(self.slots)], *given_[1:])

    async def on_slot(self, kind: str, slot: str, *given_: Any) -> None:
        if kind == "hold":
            await self.hold(slot, f"r{given_[0]}")
        elif kind == "rivals":
            await asyncio.gather(*(self.hold(slot, f"rival-{rival % 4}") for rival in range(6)))
        elif kind == "withdraw":
            await self.post(f"/slots/{slot}/withdrawal", {"reason": "essai", "booked": given_[0]})
        elif kind == "change":
            answer = await self.machine.patch(f"/slots/{slot}", json={"capacity": given_[0]})
            assert answer.status_code < 500, answer.text
        elif kind == "give-back":
            await self.post(f"/slots/{slot}/give-back")
        else:
            await self.post(f"/slots/{slot}/overbookings", {"reason": "essai"}, self.doctor)

    async def snapshot(self, cpts: str) -> tuple[Position, State]:
        async with read_parts(self.service.app)[Wiring].open_session() as session:
            await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            await set_scope(session, Scope(frozenset({cpts})))
            return await OUTBOX.position(session, cpts), await read_state(session, cpts)

    def viewers(self, cpts: str) -> list[Caller]:
        own = frozenset({str(self.territory.practitioners[0])})
        return [Caller("someone", role, frozenset({cpts}), own if role in OWN_SLOTS_ONLY else None) for role in Role]

    async def holds(self, cpts: str, stale: tuple[Position, State]) -> None:
        hub = read_parts(self.service.app)[Hub]
        (before, old), (after, fresh) = stale, await self.snapshot(cpts)
        async with hub.reading(cpts) as session:
            entries = await OUTBOX.after(session, cpts, before.seq, limit=100_000)
        assert [entry.seq for entry in entries] == list(range(before.seq + 1, after.seq + 1))
        for viewer in self.viewers(cpts):
            replica = Replica(
                cpts, state=copy.deepcopy(narrow_to_caller(view, viewer, old)), epoch=before.epoch, seq=before.seq
            )
            replica.take(json.loads(hub.message(viewer, before.epoch, before.seq, entries)))
            assert replica.state == narrow_to_caller(view, viewer, fresh), viewer.role
            assert replica.seq == after.seq


@pytest.fixture
async def world(settings: Settings) -> AsyncIterator[World]:
    """Two territories, who acts in them, and nothing that happened yet."""
    async with availability(settings, sweeps=False) as service:
        territory = await a_territory(settings)
        await a_territory(settings, NEIGHBOUR, practitioners=1)
        doctor = await service.person(Role.PRACTITIONER, *territory.practitioners)
        yield World(service, await service.machine(), doctor, territory, [], [])


async def begin(world: World) -> None:
    """Forget the example before; three slots, one of them shared, and a hold in each to start from."""
    happened = ("slot", "booking", "booking_change", "ledger", "practice", "event", "event_head")
    async with owner(world.service.settings) as session:
        await run(session, text("truncate " + ", ".join(f"availability.{table}" for table in happened) + " cascade"))
    await show(world.service.settings, MORNING)
    world.slots, world.bookings = [], []
    for number, capacity in enumerate((1, 2, 3)):
        await world.step("publish", 0, 6 + number, capacity, number == 1)
        await world.hold(world.slots[number], "first")


@tuned(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(rounds=ROUNDS)
@example(rounds=[([step], 0) for step in EVERY_KIND])
async def test_a_stale_snapshot_and_the_events_are_a_fresh_snapshot(world: World, rounds: Any) -> None:
    await begin(world)
    stale = [(cpts, await world.snapshot(cpts)) for cpts in (CPTS, NEIGHBOUR)]
    last = stale
    passed, wiring = 0, read_parts(world.service.app)[Wiring]
    for steps, minutes in rounds:
        await asyncio.gather(*(world.step(*step) for step in steps))
        if minutes:
            passed += minutes
            await show(wiring.settings, MORNING + timedelta(minutes=passed))
            await sweep(wiring, [*EACH_TIME, seldom(wiring)[0]])
        # Round by round: a later event must not hide one that is missing.
        fresh = [(cpts, await world.snapshot(cpts)) for cpts in (CPTS, NEIGHBOUR)]
        for cpts, snapshot in last:
            await world.holds(cpts, snapshot)
        last = fresh
    for cpts, snapshot in stale:
        await world.holds(cpts, snapshot)
