"""Does what time asks for, CPTS by CPTS, every second or when rung; one sweeper at a time acts on a CPTS."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

import structlog
from sqlalchemy import text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.app import upkeep
from services.availability.app.calendar import SWEEP, cut_openings
from services.availability.app.public_holidays import public_holidays
from services.availability.tables import CptsRow
from shared.db import Scope, run, set_scope
from shared.running.background import for_each, rung
from shared.wiring import Wiring

log = structlog.get_logger()
Step = Callable[[AsyncSession, str], Awaitable[None]]
EACH_TIME: Sequence[Step] = (
    upkeep.expire,
    upkeep.give_back,
    upkeep.close_past,
    partial(cut_openings, public_holidays=public_holidays),
)
SELDOM_TURNS = 60
"""What is slow and not urgent is done every so many turns."""


def seldom(wiring: Wiring) -> Sequence[Step]:
    """The steps that may wait a minute."""
    kept = timedelta(hours=wiring.settings.event_history_hours)
    forgetting = (upkeep.forget_patients, upkeep.forget_editors, partial(upkeep.forget_events, kept=kept))
    return (upkeep.count_new_day, *forgetting)


async def sweep(wiring: Wiring, steps: Sequence[Step]) -> None:
    """One turn: each step in a transaction of its own, for each CPTS that no other sweeper is at."""
    async with wiring.open_session() as session:
        territories = (await session.exec(select(CptsRow.finess).order_by(CptsRow.finess))).all()
    await for_each(territories, partial(_sweep_one, wiring, steps))


async def _sweep_one(wiring: Wiring, steps: Sequence[Step], cpts_id: str) -> None:
    for step in steps:
        async with wiring.open_session() as session:
            await set_scope(session, Scope(frozenset({cpts_id})))
            turn = text("select pg_try_advisory_xact_lock(hashtextextended('sweep ' || :cpts, 0))")
            if (await run(session, turn, cpts=cpts_id)).scalar_one():
                await step(session, cpts_id)


@asynccontextmanager
async def sweeping(wiring: Wiring) -> AsyncIterator[None]:
    """Sweep while the context is open."""
    turns = 0

    async def work() -> bool:
        nonlocal turns
        await sweep(wiring, [*EACH_TIME, *(seldom(wiring) if turns % SELDOM_TURNS == 0 else ())])
        turns += 1
        return True

    async with wiring.background.keeping("sweeper", rung(wiring.bell, SWEEP, work, waits="sweeper_waits")):
        yield
