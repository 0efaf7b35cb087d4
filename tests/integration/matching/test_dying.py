"""Processes die: a worker in the middle of a plan, a round between its hold and its record, a holder of the lease."""

import asyncio
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.matching.engine.model import Instance
from services.matching.sameday.app.bookings import Booking
from services.matching.sameday.edges.availability import Availability
from services.matching.sameday.edges.solver import Solver, plan_round
from services.matching.sameday.store.lease import LeaseLost, fence, leave_leases, take_leases
from services.matching.sameday.store.tables import RequestRow
from shared.auth import Role
from shared.db import Scope, set_scope
from shared.http.parts import read_parts
from shared.refusals import Refusal
from shared.settings import Settings
from shared.wiring import running, wire
from tests.builders import CPTS, MORNING
from tests.integration.matching.dying import die_once
from tests.towns import Town, a_request, until


async def test_a_worker_that_dies_is_replaced_and_its_plan_computed_again(tmp_path: Path) -> None:
    async with Solver().running() as solver:
        assert await solver(die_once, str(tmp_path / "died")) == 42
        with pytest.raises(BrokenProcessPool):
            await solver(os.abort)
        assert (await solver(plan_round, Instance(0, (), ()))).certified


async def test_no_worker_outlives_a_pool_that_broke() -> None:
    async with Solver().running() as solver:
        for _ in range(6):
            assert await solver(os.getpid) != os.getpid()
            with pytest.raises(BrokenProcessPool):
                await solver(os.abort)
    async with asyncio.timeout(30):
        while multiprocessing.active_children():
            await asyncio.sleep(0.02)


async def test_only_one_process_holds_the_lease_and_who_lost_it_writes_nothing(settings: Settings) -> None:
    async with running(wire("matching", settings)) as wiring:

        async def taken(holder: str) -> int | None:
            async with wiring.open_session() as session:
                await set_scope(session, Scope(frozenset({CPTS})))
                return (await take_leases(session, [CPTS], holder)).get(CPTS)

        first = await taken("one")
        assert first is not None
        assert (await taken("one"), await taken("two")) == (first, None)
        async with wiring.open_session() as session:
            await set_scope(session, Scope(frozenset({CPTS})))
            await leave_leases(session, "one")
        second = await taken("two")
        assert second == first + 1
        async with wiring.open_session() as session:
            await set_scope(session, Scope(frozenset({CPTS})))
            await fence(session, CPTS, second)
            with pytest.raises(LeaseLost):
                await fence(session, CPTS, first)


class DiesAfterHolding(Availability):
    """The real edge, in a round that is cut off right after its first hold was answered."""

    died = False

    async def hold_each(
        self, orders: Sequence[tuple[RequestRow, UUID]], *, minutes: int, held_for: str | None = None
    ) -> Sequence[Booking | Refusal]:
        """Hold for good, then leave before anyone could record it."""
        booked = await super().hold_each(orders, minutes=minutes, held_for=held_for)
        if not self.died:
            self.died = True
            raise ConnectionAbortedError
        return booked


async def test_a_round_that_dies_between_hold_and_record_is_finished_by_the_next(town: Town) -> None:
    await town.slot()
    real: Any = read_parts(town.matching)[Availability]
    real.__class__ = DiesAfterHolding
    asker = await town.person(Role.REGULATOR)
    request = (await asker.client.post("/requests", json=a_request(answer_by=MORNING.isoformat()))).json()
    view = await until(asker.client, request["id"], "confirmed")
    assert real.died
    assert [change["code"] for change in view["story"]] == ["submitted", "held", "confirmed"]
