"""Looks again and again for what time changes in the registers. Several processes may: every change is guarded."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from uuid import UUID

from services.matching.doctors.app.calendar import let_time_pass, registers
from services.matching.doctors.app.telling import rounds_to_tell, tell_when_due
from shared.db import OpenSession, Scope, set_scope
from shared.running.background import for_each, ring_work
from shared.wiring import Wiring

STREAM = "attachment calendar"
LOOK_AGAIN_S = 30.0


async def catch_up(open_session: OpenSession) -> None:
    """Make every change that is due now in any register, a transaction a batch."""
    async with open_session() as session:
        await set_scope(session, Scope(frozenset({"*"})))
        cpts_ids = await registers(session)
        rounds = await rounds_to_tell(session)
    await for_each(sorted(rounds), partial(_tell_one, open_session, rounds))
    await for_each(cpts_ids, partial(_catch_up_one, open_session))


async def _catch_up_one(open_session: OpenSession, cpts_id: str) -> None:
    due = 1
    while due:
        async with open_session() as session:
            await set_scope(session, Scope(frozenset({cpts_id})))
            due = await let_time_pass(session, cpts_id)


async def _tell_one(open_session: OpenSession, rounds: Mapping[str, UUID], cpts_id: str) -> None:
    async with open_session() as session:
        await set_scope(session, Scope(frozenset({cpts_id})))
        await tell_when_due(session, rounds[cpts_id])


@asynccontextmanager
async def keeping_calendar(wiring: Wiring) -> AsyncIterator[None]:
    """Look while the context is open."""

    async def work() -> bool:
        await catch_up(wiring.open_session)
        return True

    task = ring_work(wiring.bell, STREAM, work, waits="attachment_calendar_waits", every_s=LOOK_AGAIN_S)
    async with wiring.background.keeping("attachment calendar", task):
        yield
