"""The ledger is added to, change by change; counting everything again from the bookings gives the same."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, example, given
from hypothesis import settings as tuned
from hypothesis import strategies as st
from sqlalchemy import text

from services.availability.sweeper import EACH_TIME, seldom, sweep
from shared.db import run
from shared.db.clock import day_at, midnight, monday_of
from shared.http.parts import read_parts
from shared.wiring import Wiring
from tests.builders import MORNING, owner, show
from tests.property.test_live_equation import PLACE, SLOT, STEPS, Step, World, begin, world

__all__ = ["world"]  # the fixture

MOVES = st.tuples(st.just("move"), SLOT, st.integers(1, 9))
BATCHES = st.tuples(st.just("batch"), SLOT, PLACE, st.booleans())
ROUNDS = st.lists(
    st.tuples(
        st.lists(st.one_of(STEPS, MOVES, BATCHES), min_size=1, max_size=3),
        st.sampled_from([0, 0, 0, 4, 61, 1440, 7 * 1440]),
    ),
    min_size=3,
    max_size=7,
)
"""Steps that happen at once, then how many minutes pass: to the next day, to the next week."""
Counts = dict[tuple[str, UUID], tuple[int, ...]]
"""All, this week, on top, unknown: for each CPTS and practitioner."""
CONFIRMED: list[Step] = [("confirmation", 0), ("confirmation", 1), ("confirmation", 2)]
EVERY_WAY: list[tuple[list[Step], int]] = [
    (CONFIRMED, 0),
    ([("move", 0, 6), ("overbook", 1)], 0),
    ([("no-show", 0), ("cancellation", 1), ("batch", 2, 2, True)], 0),
    ([("honoured", 0), ("withdraw", 2, "cancel")], 1440),
    ([("batch", 1, 0, False), ("overbook", 0)], 7 * 1440),
    ([("no-show", 0), ("honoured", 2)], 22 * 1440),
]


async def act(world: World, step: Step) -> None:
    kind, *given_ = step
    if kind == "move" and world.slots:
        slot, days = given_
        at = MORNING + timedelta(days=days, hours=2 + slot)
        body = {"starts_at": at.isoformat(), "ends_at": (at + timedelta(minutes=15)).isoformat()}
        answer = await world.machine.patch(f"/slots/{world.slots[slot % len(world.slots)]}", json=body)
        assert answer.status_code < 500, answer.text
    elif kind == "batch" and world.slots and world.bookings:
        slot, place, confirm = given_
        orders = {
            "hold": [{"slot_id": world.slots[slot % len(world.slots)], "request_id": "b", "confirm": confirm}],
            "release": [{"booking_id": world.bookings[place % len(world.bookings)], "reason": "essai"}],
        }
        await world.post("/bookings/batch", orders)
    elif kind not in ("move", "batch"):
        await world.step(*step)


async def recounted(world: World, now: datetime) -> Counts:
    """The four counts of each CPTS and practitioner, from the bookings, in plain Python."""
    served = text(
        "select s.audience, s.practitioner_id, s.starts_at, s.origin, b.overbooked, b.request_id, b.own_patient"
        " from availability.booking b join availability.slot s on s.id = b.slot_id"
        " where b.state in ('confirmed', 'honoured')"
    )
    today = day_at(now)
    since, monday = midnight(today - timedelta(days=27)), monday_of(today)
    counts: dict[str, Counter[tuple[str, UUID]]] = {name: Counter() for name in ("all", "week", "top", "unknown")}
    async with owner(world.service.settings) as session:
        rows = (await run(session, served)).all()
    for row in rows:
        week = midnight(monday) <= row.starts_at < midnight(monday + timedelta(days=7))
        for key in ((cpts, row.practitioner_id) for cpts in row.audience):
            counts["all"][key] += row.starts_at >= since
            counts["week"][key] += week
            counts["top"][key] += week and (row.overbooked or row.origin == "overbooking")
            counts["unknown"][key] += week and row.request_id is not None and not row.own_patient
    return {key: tuple(count[key] for count in counts.values()) for key in counts["all"]}


async def kept(world: World) -> Counts:
    """The four counts as the ledger has them."""
    rows = text(
        "select cpts_id, practitioner_id, served_4_weeks, served_this_week, on_top_this_week, unknown_this_week"
        " from availability.ledger"
    )
    async with owner(world.service.settings) as session:
        return {
            (row.cpts_id, row.practitioner_id): (
                row.served_4_weeks,
                row.served_this_week,
                row.on_top_this_week,
                row.unknown_this_week,
            )
            for row in await run(session, rows)
        }


def without_nothing(counts: Counts) -> Counts:
    return {key: count for key, count in counts.items() if any(count)}


@tuned(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(rounds=ROUNDS)
@example(rounds=EVERY_WAY)
async def test_what_was_added_up_is_what_is_counted_again(world: World, rounds: Any) -> None:
    await begin(world)
    passed, wiring = 0, read_parts(world.service.app)[Wiring]
    for steps, minutes in rounds:
        await asyncio.gather(*(act(world, step) for step in steps))
        if minutes:
            passed += minutes
            await show(wiring.settings, MORNING + timedelta(minutes=passed))
            await sweep(wiring, [*EACH_TIME, *seldom(wiring)[:1]])
        found = await kept(world)
        assert without_nothing(found) == without_nothing(await recounted(world, MORNING + timedelta(minutes=passed)))
