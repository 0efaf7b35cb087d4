"""Does what time asks for, CPTS by CPTS; one sweeper at a time acts on a CPTS.

Every second, or when rung, one statement says in which CPTS something is due; the others cost nothing.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.app import upkeep
from services.availability.app.calendar.openings import HORIZON_DAYS, SWEEP, cut_openings
from services.availability.app.public_holidays import public_holidays
from services.availability.reads.due import due_territories
from services.availability.store.forgetting import forget_editors, forget_patients
from services.availability.tables import CptsRow
from shared.db import Scope, database_now, run, set_scope
from shared.db.clock import PARIS
from shared.running.background import for_each, ring_work
from shared.wiring import Wiring

log = structlog.get_logger()
Step = Callable[[AsyncSession, str], Awaitable[None]]
EACH_TIME: Sequence[Step] = (
    upkeep.expire,
    upkeep.give_back,
    upkeep.close_past,
    partial(cut_openings, public_holidays=public_holidays),
)
EVERY_S = 1.0
SELDOM = timedelta(hours=1)
SELDOM_AT_ONCE, COUNTED_AT_ONCE, TURNS_A_MINUTE = 10, 50, 60
"""What is slow and not urgent is done for each CPTS so often; for so many of them a turn."""


def seldom(wiring: Wiring) -> Sequence[Step]:
    """The steps that may wait a minute."""
    kept = timedelta(hours=wiring.settings.event_history_hours)
    forgetting = (forget_patients, forget_editors, partial(upkeep.forget_events, kept=kept))
    return (upkeep.count_new_day, *forgetting)


async def sweep(wiring: Wiring, steps: Sequence[Step]) -> None:
    """One turn: each step in a transaction of its own, for each CPTS that no other sweeper is at."""
    async with wiring.open_session() as session:
        territories = (await session.exec(select(CptsRow.finess).order_by(CptsRow.finess))).all()
    await for_each(territories, partial(_sweep_one, wiring, steps))


async def _sweep_one(wiring: Wiring, steps: Sequence[Step], cpts_id: str) -> None:
    """Each step, whatever becomes of the others; raises the first error at the end."""
    by_name = {_name(step): step for step in steps}
    await for_each(by_name, lambda name: _step(wiring, by_name[name], cpts_id))


async def _step(wiring: Wiring, step: Step, cpts_id: str) -> None:
    async with wiring.open_session() as session:
        await set_scope(session, Scope(frozenset({cpts_id})))
        turn = text("select pg_try_advisory_xact_lock(hashtextextended('sweep ' || :cpts, 0))")
        if (await run(session, turn, cpts=cpts_id)).scalar_one():
            await step(session, cpts_id)


def _name(step: Step) -> str:
    whole = step.func if isinstance(step, partial) else step
    return str(getattr(whole, "__name__", "step"))


class Sweeper:
    """Sweeps where something is due: one look at the whole installation says where."""

    def __init__(self, wiring: Wiring) -> None:
        """Nothing was done yet."""
        self._wiring = wiring
        self._turns = 0
        self._seldom: dict[str, datetime] = {}
        """When the seldom steps of each CPTS were last taken, by the database's clock."""

    async def turn(self) -> None:
        """What is due now, and the seldom steps of a few."""
        async with self._wiring.open_session() as session:
            await set_scope(session, Scope(frozenset({"*"})))
            now = await database_now(session)
            today = now.astimezone(PARIS).date()
            last = today + timedelta(days=HORIZON_DAYS)
            due, new_day = await due_territories(
                session, now, over=now - upkeep.KEPT_AFTER_THE_DAY, today=today, last=last
            )
            if self._turns % TURNS_A_MINUTE == 0:
                known = (await session.exec(select(CptsRow.finess).order_by(CptsRow.finess))).all()
                self._seldom = {each: self._seldom.get(each, at) for each, at in _spread(known, now).items()}
        self._turns += 1
        waiting = [each for each, at in self._seldom.items() if not timedelta(0) <= now - at < SELDOM][:SELDOM_AT_ONCE]
        self._seldom |= dict.fromkeys(waiting, now)
        for steps, territories in (
            (EACH_TIME, due),
            ((upkeep.count_new_day,), new_day[:COUNTED_AT_ONCE]),
            (seldom(self._wiring), waiting),
        ):
            for cpts_id in territories:
                await self._each(steps, cpts_id)
        self._wiring.background.note_end("sweep")

    async def _each(self, steps: Sequence[Step], cpts_id: str) -> None:
        """Each step of a CPTS, whatever becomes of the others: `/health` shows the one that fails."""
        for step in steps:
            await self._wiring.background.step(_name(step), _step(self._wiring, step, cpts_id), of=cpts_id)


def _spread(territories: Sequence[str], now: datetime) -> dict[str, datetime]:
    """When the seldom steps of each are taken to have been done last: not all in the same hour's minute."""
    return {each: now - SELDOM * (1 - number / len(territories)) for number, each in enumerate(territories)}


@asynccontextmanager
async def sweeping(wiring: Wiring) -> AsyncIterator[None]:
    """Sweep while the context is open."""
    sweeper = Sweeper(wiring)

    async def work() -> bool:
        await sweeper.turn()
        return True

    async with wiring.background.keeping(
        "sweeper", ring_work(wiring.bell, SWEEP, work, waits="sweeper_waits", every_s=EVERY_S)
    ):
        yield
