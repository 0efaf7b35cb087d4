"""The rounds: one loop per CPTS, in one process at a time, that keeps giving slots to those who wait.

A round is woken by a ring (a request changed, a slot changed) or by the clock (someone must know, a step is due). It
settles what the replica shows, solves, holds and confirms what must be known now, and writes the rest as provisional.
Whatever stops it half-way, the next one finds everything it needs in the database and in the replica.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.engine.model import Instance, Slot
from services.matching.sameday import reads
from services.matching.sameday.app import upkeep
from services.matching.sameday.app.bookings import Bookings
from services.matching.sameday.app.deciding import full_slots, instance_of, next_due
from services.matching.sameday.app.parameters import CptsParameters, parameters_of
from services.matching.sameday.app.reconciling import Memory, unseen_places
from services.matching.sameday.edges.availability import AvailabilityAway
from services.matching.sameday.edges.following import SlotsUnknown, Territories, Territory
from services.matching.sameday.edges.foresight import Foresight, Question, Thought, closing
from services.matching.sameday.edges.solver import UNSOLVED, Solver
from services.matching.sameday.edges.travel import Router
from services.matching.sameday.outcome import Writer
from services.matching.sameday.store.history import see
from services.matching.sameday.store.lease import LeaseLost, leave_lease, take_lease
from services.matching.sameday.store.requests import door
from services.matching.sameday.store.tables import OUTBOX, RequestRow, RoundRow
from shared.clock import read_clock
from shared.db import AWAY, Scope, database_now, is_lost, set_scope
from shared.ids import new_id
from shared.running.background import Start
from shared.wiring import Wiring

log = structlog.get_logger()
POLL_S = 2.0
SOON_S = 0.5
TIDY_EVERY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Board:
    """What one transaction read: who waits, what the CPTS set, what time it is, where the stream stands."""

    rows: list[RequestRow]
    parameters: CptsParameters
    now: datetime
    seq: int


@dataclass(slots=True)
class Watchman:
    """What the loop of one CPTS remembers between two rounds; losing it costs a round, nothing else."""

    cpts_id: str
    memory: Memory = field(default_factory=Memory)
    solved: Instance | None = None
    seq: int = -1
    due: datetime | None = None
    decide_at: datetime | None = None
    tidied: datetime | None = None
    noted: dict[str, Any] = field(default_factory=dict)
    """Slots already written down for the history, as they then were."""
    refused: dict[str, Any] = field(default_factory=dict)
    """Slots whose hold was refused, as the replica showed them then: they wait until it shows something else."""

    def untidy(self, now: datetime) -> bool:
        """Whether it is time to archive, erase and forget."""
        return self.tidied is None or now - self.tidied > TIDY_EVERY


Forget = Callable[[AsyncSession, str, datetime], Awaitable[Any]]
"""Forgets what is old of a CPTS, in the transaction given."""


class Rounds:
    """The loops of one process."""

    def __init__(
        self,
        wiring: Wiring,
        territories: Territories,
        bookings: Bookings,
        solver: Solver,
        router: Router,
        forget_too: Sequence[Forget] = (),
    ) -> None:
        """Nothing runs before `running`. `forget_too`: what else is old, of others who share this schema."""
        self._forget_too = forget_too
        self._router = router
        self._wiring, self._territories, self._bookings = wiring, territories, bookings
        self._foresight = Foresight(wiring.open_session, solver)
        self._holder = uuid4().hex
        self._events_kept = timedelta(hours=wiring.settings.event_history_hours)
        self._start: Start | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Rounds"]:
        """Loops may start while the context is open; their leases are left at its end."""
        async with self._wiring.background.running() as self._start:
            yield self

    def start(self, cpts_id: str) -> None:
        """Begin the loop of a CPTS."""
        assert self._start is not None  # noqa: S101  only used while running
        self._start(f"rounds {cpts_id}", partial(self._loop, cpts_id))

    async def _loop(self, cpts_id: str) -> None:
        watchman, rung = Watchman(cpts_id), True
        try:
            async with self._wiring.bell.watch(door(cpts_id)) as watch:
                while True:
                    rung = await watch.wait(await self._try(watchman, rung=rung))
        finally:
            await asyncio.shield(self._leave(cpts_id))

    async def _leave(self, cpts_id: str) -> None:
        async with self._session(cpts_id) as session:
            await leave_lease(session, cpts_id, self._holder)

    @asynccontextmanager
    async def _session(self, cpts_id: str) -> AsyncIterator[AsyncSession]:
        async with self._wiring.open_session() as session:
            await set_scope(session, Scope(frozenset({cpts_id})))
            yield session

    async def _try(self, watchman: Watchman, *, rung: bool) -> float:
        """Run a round if there is a reason to; answers how many real seconds to wait for a ring afterwards."""
        try:
            async with self._session(watchman.cpts_id) as session:
                token = await take_lease(session, watchman.cpts_id, self._holder)
                board = await self._read(session, watchman.cpts_id)
            if token is None:
                watchman.seq = -1  # who takes over starts from nothing
                return POLL_S
            passed = watchman.due is not None and watchman.due <= board.now
            if rung or passed or watchman.untidy(board.now) or board.seq != watchman.seq:
                again = await self.run_round(watchman, board, token)
                watchman.seq = -1 if again else watchman.seq
        except (*AWAY, AvailabilityAway, SlotsUnknown, LeaseLost) as error:
            if isinstance(error, AWAY) and not is_lost(error):
                raise
            log.info("round_waits", cpts=watchman.cpts_id, error=type(error).__name__)
            watchman.seq = -1
            return SOON_S
        return SOON_S if watchman.seq < 0 else self._until(watchman.due)

    def _until(self, due: datetime | None) -> float:
        clock = self._wiring.clock
        return POLL_S if due is None else min(POLL_S, max(0.01, clock.real_s(due - clock.now())))

    async def _read(self, session: AsyncSession, cpts_id: str) -> Board:
        position = await OUTBOX.position(session, cpts_id)
        self._wiring.clock = await read_clock(session)
        return Board(
            rows=await reads.board_rows(session, cpts_id),
            parameters=await parameters_of(session, cpts_id),
            now=await database_now(session),
            seq=position.seq,
        )

    async def run_round(self, watchman: Watchman, board: Board, token: int) -> bool:
        """One round; true when it should be run again soon."""
        territory = self._territories[watchman.cpts_id]
        writer = Writer(self._wiring, self._bookings, watchman.cpts_id, token, board.parameters)
        await self._tidy(watchman, writer, board.now)
        again = await writer.settle(board.rows, territory.bookings(), watchman.memory, board.now)
        if writer.told:
            board = await self._again(watchman, board)
        await self._note(watchman, territory, writer, board.now)
        instance, full = self._instance(watchman, territory, board)
        again |= await self._decide(watchman, territory, board, instance, full, writer)
        watchman.seq, decided_at = board.seq + writer.told, board.now
        if writer.told:
            board = await self._again(watchman, board)
        # What came due since it was decided is not lost: it is due at once.
        moments = (next_due(board.rows, decided_at), watchman.decide_at)
        watchman.due = min((moment for moment in moments if moment is not None), default=None)
        return again

    async def _tidy(self, watchman: Watchman, writer: Writer, now: datetime) -> None:
        if watchman.untidy(now):
            async with writer.fenced() as session:
                await upkeep.erase_patients(session, watchman.cpts_id, now)
                await upkeep.forget(session, watchman.cpts_id, now, events_kept=self._events_kept)
                for forget in self._forget_too:
                    await forget(session, watchman.cpts_id, now)
                writer.told += await upkeep.archive(session, watchman.cpts_id, now)
            watchman.tidied = now

    async def _note(self, watchman: Watchman, territory: Territory, writer: Writer, now: datetime) -> None:
        """Write down for the history the slots that are new, or not what they were."""
        news, noted = territory.news(watchman.noted)
        if news:
            async with writer.fenced() as session:
                await see(session, watchman.cpts_id, news, now)
        watchman.noted = noted

    async def _again(self, watchman: Watchman, before: Board) -> Board:
        """The board after our own changes; what others wrote meanwhile is for the next round."""
        async with self._session(watchman.cpts_id) as session:
            return replace(await self._read(session, watchman.cpts_id), seq=before.seq)

    def _instance(self, watchman: Watchman, territory: Territory, board: Board) -> tuple[Instance, tuple[Slot, ...]]:
        """What to decide on, and the slots that have no place left: they explain, nobody gets them."""
        now_at_s = int(board.now.timestamp())
        live = territory.items("slots")
        watchman.refused = {key: value for key, value in watchman.refused.items() if live.get(key) is value}
        slots = [slot for slot in territory.slots(now_at_s) if slot.id not in watchman.refused]
        instance = instance_of(
            board.rows,
            slots,
            territory.practitioners(now_at_s),
            board.parameters,
            board.now,
            unseen_places(board.rows, territory.bookings()),
        )
        return instance, full_slots(slots, instance)

    async def _decide(
        self,
        watchman: Watchman,
        territory: Territory,
        board: Board,
        instance: Instance,
        full: tuple[Slot, ...],
        writer: Writer,
    ) -> bool:
        timeless = replace(instance, now_at_s=0)
        if timeless == watchman.solved and (watchman.due is None or watchman.due > board.now):
            return False
        started_s = asyncio.get_running_loop().time()
        travel, _ = await self._router.travel(instance)
        live, seed = territory.items("slots"), new_id(board.now)
        closes = closing(instance.slots, live)
        asked = Question(watchman.cpts_id, board.parameters, board.now, instance, full, travel, closes, seed)
        try:
            thought = await self._foresight(asked)
        except UNSOLVED as error:
            log.warning("round_failed", cpts=watchman.cpts_id, error=type(error).__name__)
            await self._record(writer, asked, None, 0.0, type(error).__name__)
            return True
        before = writer.told
        live = territory.items("slots")
        outcome = await writer.apply(board.rows, thought.plan, live, board.now, thought.held)
        watchman.refused |= {slot_id: live[slot_id] for slot_id in outcome.refused if slot_id in live}
        watchman.solved = None if outcome.refused else timeless
        watchman.decide_at = outcome.decide_at
        if writer.told > before:
            await self._record(writer, asked, thought, asyncio.get_running_loop().time() - started_s)
        return bool(outcome.refused)

    async def _record(
        self, writer: Writer, asked: Question, thought: Thought | None, seconds: float, failure: str = ""
    ) -> None:
        plan = thought.plan if thought else None
        async with writer.fenced() as session:
            now = await database_now(session)
            session.add(
                RoundRow(
                    id=asked.seed,
                    cpts_id=writer.cpts_id,
                    at=now,
                    token=writer.token,
                    requests=len(asked.instance.requests),
                    slots=len(asked.instance.slots),
                    matched=len(plan.assignments) if plan else 0,
                    certified=plan is not None and plan.certified,
                    seconds=seconds,
                    failure=failure,
                    policy=thought.policy if thought else asked.parameters.policy,
                    fallback=thought.fallback if thought else "",
                    held_back=len(thought.held) if thought else 0,
                )
            )
