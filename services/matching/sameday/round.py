"""One round of a CPTS: settle what is known of bookings, solve, give what is due, write the rest as provisional.

Each step stands alone: one that fails is shown (`/health`) and never keeps the next from running.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.engine.model import Instance
from services.matching.sameday import reads
from services.matching.sameday.app import upkeep
from services.matching.sameday.app.board import BoardInstance, build_instance
from services.matching.sameday.app.bookings import Bookings
from services.matching.sameday.app.parameters import CptsParameters, parameters_of
from services.matching.sameday.app.round.deciding import next_due
from services.matching.sameday.app.round.reconciling import Memory
from services.matching.sameday.edges.availability import AvailabilityAway
from services.matching.sameday.edges.following import Territories, Territory
from services.matching.sameday.edges.foresight import Foresight, Question, Thought, closing
from services.matching.sameday.edges.solver import UNSOLVED, Solver
from services.matching.sameday.edges.travel import Router
from services.matching.sameday.outcome import apply
from services.matching.sameday.settling import SOON_S, Settled, settle
from services.matching.sameday.store.erasing import erase_patients
from services.matching.sameday.store.history import see
from services.matching.sameday.store.lease import LeaseLost
from services.matching.sameday.store.rounds import record_round
from services.matching.sameday.store.tables import OUTBOX, RequestRow, RoundRow
from services.matching.sameday.writing import Writer
from shared.contracts import ON_THE_BOARD, SEEKING, RequestState
from shared.db import Scope, database_now, set_scope
from shared.db.ids import new_id
from shared.wiring import Wiring

log = structlog.get_logger()
TIDY_EVERY = timedelta(minutes=10)
SHOWN = ON_THE_BOARD | {RequestState.HELD, RequestState.CONFIRMED}
Forget = Callable[[AsyncSession, str, datetime], Awaitable[Any]]
"""Forgets what is old of a CPTS, in the transaction given."""


@dataclass(frozen=True, slots=True)
class Board:
    """What one transaction read: who waits, what the CPTS set, what time it is, where the stream stands."""

    rows: list[RequestRow]
    parameters: CptsParameters
    now: datetime
    seq: int

    def after(self, writer: Writer) -> "Board":
        """The board after our own changes; what others wrote meanwhile is for the next round."""
        rows = [writer.changed.get(row.id, row) for row in self.rows]
        return replace(self, rows=[row for row in rows if row.state in SHOWN and row.archived_at is None])

    def without(self, alone: Collection[UUID]) -> "Board":
        """The board of those that this round may decide about."""
        return replace(self, rows=[row for row in self.rows if row.id not in alone])


@dataclass(slots=True)
class Watchman:
    """What the loop of one CPTS remembers between two rounds; losing it costs a round, nothing else."""

    cpts_id: str
    memory: Memory = field(default_factory=Memory)
    solved: Instance | None = None
    seq: int = -1
    due: datetime | None = None
    decided_at: datetime | None = None
    """As of when it was last decided about those who wait: what came due since is still to be decided."""
    alone: Collection[UUID] = frozenset()
    """Those it was then not decided about."""
    decide_at: datetime | None = None
    again_s: float | None = None
    """In how many real seconds something asks for a round that neither a ring nor the clock announces."""
    tidied: datetime | None = None
    noted: dict[str, Any] = field(default_factory=dict)
    """Slots already written down for the history, as they then were."""
    refused: dict[str, Any] = field(default_factory=dict)
    """Slots whose hold was refused, as the replica showed them then: they wait until it shows something else."""

    def nothing_due(self, board: Board, alone: Collection[UUID]) -> bool:
        """Whether nothing came due since it was last decided, be it of a request that nobody had seen by then."""
        if self.decided_at is None or board.now < self.decided_at or set(self.alone) - set(alone):
            return False
        moments = (next_due(board.rows, self.decided_at), self.decide_at)
        return all(moment is None or moment > board.now for moment in moments)

    def untidy(self, now: datetime) -> bool:
        """Whether it is time to archive, erase and forget."""
        return self.tidied is None or not timedelta(0) <= now - self.tidied <= TIDY_EVERY


class OneRound:
    """Runs one round of a CPTS at a time."""

    def __init__(
        self,
        wiring: Wiring,
        territories: Territories,
        bookings: Bookings,
        solver: Solver,
        router: Router,
        forget_too: Sequence[Forget] = (),
    ) -> None:
        """`forget_too`: what else is old, of others who share this schema."""
        self._wiring, self._territories, self._bookings = wiring, territories, bookings
        self._foresight, self._router = Foresight(wiring.open_session, solver), router
        self._forget_too = forget_too
        self._events_kept = timedelta(hours=wiring.settings.event_history_hours)

    async def __call__(self, watchman: Watchman, token: int) -> None:
        """One round, under a token: `due` and `again_s` of the watchman say when the next one is."""
        territory = self._territories[watchman.cpts_id]
        step = partial(self._wiring.background.step, of=watchman.cpts_id, ends=(LeaseLost, AvailabilityAway))
        writer = Writer(self._wiring, self._bookings, watchman.cpts_id, token)
        if watchman.untidy(now := self._wiring.clock.now()):
            await step("tidy", self._tidy(watchman, writer, now))
        board = await self._read(writer)
        live = territory.bookings()
        settled = await step("settle", settle(writer, board.rows, live, watchman.memory, board.now))
        settled = settled or Settled(SOON_S, frozenset())
        await step("note", self._note(watchman, territory, writer, board.now))
        board = board.after(writer)
        soon = await self._decide(watchman, territory, board, settled.alone, writer)
        watchman.seq, board = board.seq + writer.told, board.after(writer)
        # Those who are left alone are looked at again soon anyway.
        rows = board.without(settled.alone).rows
        moments = (next_due(rows, watchman.decided_at or board.now), watchman.decide_at)
        watchman.due = min((moment for moment in moments if moment is not None), default=None)
        watchman.again_s = SOON_S if soon else settled.again_s
        self._wiring.background.note_end("round")

    async def _read(self, writer: Writer) -> Board:
        async with self._wiring.open_session() as session:
            await set_scope(session, Scope(frozenset({writer.cpts_id})))
            position = await OUTBOX.position(session, writer.cpts_id)
            writer.parameters = await parameters_of(session, writer.cpts_id)
            return Board(
                rows=await reads.board_rows(session, writer.cpts_id),
                parameters=writer.parameters,
                now=await database_now(session),
                seq=position.seq,
            )

    async def _tidy(self, watchman: Watchman, writer: Writer, now: datetime) -> None:
        async with writer.open_fenced() as session:
            await erase_patients(session, watchman.cpts_id, now)
            await upkeep.forget(session, watchman.cpts_id, now, events_kept=self._events_kept)
            for forget in self._forget_too:
                await forget(session, watchman.cpts_id, now)
            await upkeep.archive(session, watchman.cpts_id, now)
        watchman.tidied = now

    async def _note(self, watchman: Watchman, territory: Territory, writer: Writer, now: datetime) -> None:
        """Write down for the history the slots that are new, or not what they were."""
        news, noted = territory.news(watchman.noted)
        if news:
            async with writer.open_fenced() as session:
                await see(session, watchman.cpts_id, news, now)
        watchman.noted = noted

    def _instance(self, watchman: Watchman, territory: Territory, board: Board) -> BoardInstance:
        """What to decide on: slots whose hold was refused are left out until they change."""
        now_at_s = int(board.now.timestamp())
        live = territory.items("slots")
        watchman.refused = {key: value for key, value in watchman.refused.items() if live.get(key) is value}
        slots = [slot for slot in territory.slots(now_at_s) if slot.id not in watchman.refused]
        return build_instance(board.rows, territory, board.parameters, board.now, slots)

    async def _decide(
        self,
        watchman: Watchman,
        territory: Territory,
        board: Board,
        alone: Collection[UUID],
        writer: Writer,
    ) -> bool:
        """Plan and give, but to those who are left alone; true when it should be tried again soon."""
        board = board.without(alone)
        found = self._instance(watchman, territory, board)
        instance, full = found.instance, found.full
        timeless = replace(instance, now_at_s=0)
        if timeless == watchman.solved and watchman.nothing_due(board, alone):
            return False
        watchman.decided_at, watchman.alone = board.now, alone
        if not any(row.state in SEEKING for row in board.rows):
            watchman.solved, watchman.decide_at = timeless, None
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
            watchman.solved = None
            await self._record(writer, asked, None, 0.0, type(error).__name__)
            return True
        before = writer.told
        live = territory.items("slots")
        outcome = await apply(writer, board.rows, thought.plan, live, board.now, thought.held)
        watchman.refused |= {slot_id: live[slot_id] for slot_id in outcome.refused if slot_id in live}
        watchman.solved = None if outcome.refused or outcome.away else timeless
        watchman.decide_at = outcome.decide_at
        if writer.told > before:
            await self._record(writer, asked, thought, asyncio.get_running_loop().time() - started_s)
        return bool(outcome.refused) or outcome.away

    async def _record(
        self, writer: Writer, asked: Question, thought: Thought | None, seconds: float, failure: str = ""
    ) -> None:
        plan = thought.plan if thought else None
        async with writer.open_fenced() as session:
            now = await database_now(session)
            row = RoundRow(
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
            record_round(session, row)
