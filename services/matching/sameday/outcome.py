"""What a round writes: each change in a transaction that first checks the round's token."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.engine.ahead.policies import CONSENSUS
from services.matching.engine.model import Assignment, Plan
from services.matching.sameday import reads
from services.matching.sameday.app.asking import unsealed
from services.matching.sameday.app.bookings import Bookings, confirmed, give_back, held, places_of
from services.matching.sameday.app.deciding import (
    ROUND,
    SEEKING,
    Reasons,
    cost_of,
    decide_by,
    left_out,
    plan_by_request,
    proposed,
    reasons_of,
)
from services.matching.sameday.app.parameters import CptsParameters
from services.matching.sameday.app.reconciling import LiveBooking, Memory, Surplus, followed, unrecorded
from services.matching.sameday.edges.availability import AvailabilityRefused, SlotUnavailable
from services.matching.sameday.store.lease import fence
from services.matching.sameday.store.requests import Move, RequestMoved, explain, move, tell
from services.matching.sameday.store.tables import RequestRow
from shared.contracts import RequestState
from shared.db import Scope, database_now, set_scope
from shared.wiring import Wiring

REFUSED = (SlotUnavailable, AvailabilityRefused)
LOOK_AGAIN = timedelta(seconds=CONSENSUS.period_s)
"""How soon the futures are asked again about who is held back."""


@dataclass(slots=True)
class Outcome:
    """The slots whose hold was refused, and when the next provisional choice must be made firm."""

    refused: set[str] = field(default_factory=set)
    decide_at: datetime | None = None


class Writer:
    """Writes for one CPTS under one token. `told` counts the events it appended."""

    def __init__(
        self, wiring: Wiring, bookings: Bookings, cpts_id: str, token: int, parameters: CptsParameters
    ) -> None:
        """One per round."""
        self._wiring, self._bookings, self._parameters = wiring, bookings, parameters
        self.cpts_id, self.token, self.told = cpts_id, token, 0

    @asynccontextmanager
    async def fenced(self) -> AsyncIterator[AsyncSession]:
        """A transaction that holds the lease; raises `LeaseLost`."""
        async with self._wiring.open_session() as session:
            await set_scope(session, Scope(frozenset({self.cpts_id})))
            await fence(session, self.cpts_id, self.token)
            yield session

    async def settle(
        self, rows: Sequence[RequestRow], live: Mapping[str, LiveBooking], memory: Memory, now: datetime
    ) -> bool:
        """Make requests and bookings agree; true when some disagreement is too young to be judged."""
        at_s = asyncio.get_running_loop().time()
        booked = [row for row in rows if row.state in (RequestState.HELD, RequestState.CONFIRMED)]
        wanted = {str(each) for row in booked for each in places_of(row)}
        gone = memory.look(live, wanted, at_s)
        for row in booked:
            change = followed(row, live, gone, self._parameters, now)
            if change is not None:
                await self._write(change)
            elif row.state == RequestState.HELD and not row.picked:
                await self._confirm(row)
        known = {str(row.id): row for row in rows}
        named = {each.request for each in live.values()} - known.keys()
        known |= await self._others(named)
        for found in list(unrecorded(known, live, memory, at_s, now)):
            if isinstance(found, Surplus):
                await self._drop(found)
            else:
                await self._write(found)
        return bool(wanted - live.keys()) or self._unsettled(known, live)

    def _unsettled(self, rows: Mapping[str, RequestRow], live: Mapping[str, LiveBooking]) -> bool:
        return any(
            UUID(booking_id) not in places_of(rows[shown.request])
            for booking_id, shown in live.items()
            if shown.request in rows
        )

    async def _others(self, names: Iterable[str]) -> dict[str, RequestRow]:
        """The requests of these names that are off the board."""
        async with self._wiring.open_session() as session:
            await set_scope(session, Scope(frozenset({self.cpts_id})))
            return {str(row.id): row for row in await reads.requests_named(session, names)}

    async def _drop(self, surplus: Surplus) -> None:
        try:
            await give_back(self._bookings, [surplus.booking_id], state=surplus.state, reason="duplicate")
        except REFUSED:
            return  # it ended meanwhile, which is what was wanted

    async def _write(self, change: Move) -> RequestRow | None:
        """One change and its event; None when someone else changed the request first."""
        try:
            async with self.fenced() as session:
                row = await move(session, change)
                await tell(session, row, change.code, wake=False)
        except RequestMoved:
            return None
        self.told += 1
        return row

    async def apply(
        self,
        rows: Sequence[RequestRow],
        plan: Plan,
        live: Mapping[str, Mapping[str, Any]],
        now: datetime,
        held: Collection[str] = (),
    ) -> Outcome:
        """Hold and confirm what must be known now; write the rest as provisional, left out, escalated or unserved.

        Those `held` back stay provisional until they must know, however soon the slot in mind begins.
        """
        outcome = Outcome()
        assigned, unmatched = plan_by_request(plan)
        moves: list[Move | None] = []
        reasons: dict[UUID, Reasons] = {}
        for row in sorted(rows, key=lambda each: (each.urgency, each.submitted_at)):
            assignment = assigned.get(str(row.id))
            if row.state not in SEEKING:
                continue
            if assignment is None:
                left = unmatched.get(str(row.id))
                reasons[row.id] = reasons_of(left) if left else Reasons(row.blockers, row.relaxations)
                moves.append(left_out(row, reasons[row.id], self._parameters, now))
                continue
            slot = live.get(assignment.slot)
            if slot is None:
                outcome.refused.add(assignment.slot)
                continue
            until = decide_by(row, slot, assignment.cost.travel_s, self._parameters)
            if until <= now < row.answer_by and str(row.id) in held:
                until = min(row.answer_by, now + LOOK_AGAIN)
            if until <= now and row.automatic:
                await self._give(row, assignment, outcome)
            else:
                if row.automatic:
                    outcome.decide_at = min(outcome.decide_at or until, until)
                moves.append(proposed(row, assignment, slot, now))
        await self._write_all([each for each in moves if each is not None], rows, reasons)
        return outcome

    async def _give(self, row: RequestRow, assignment: Assignment, outcome: Outcome) -> None:
        """Hold a slot, record it, confirm it. A crash in between is settled by the next round."""
        slot_id = UUID(assignment.slot)
        try:
            booking = await self._bookings.hold(row, slot_id, minutes=self._parameters.hold_minutes)
        except REFUSED:
            outcome.refused.add(assignment.slot)
            return
        now = self._wiring.clock.now()
        change = held(row.id, booking, by=ROUND, at=now, picked=False, version=row.version)
        change.values["cost"] = cost_of(assignment.cost)
        # Lost: whoever was quicker may hold the very same booking. If it is nobody's, the next round drops it.
        if (recorded := await self._write(change)) is not None:
            await self._confirm(recorded)

    async def _confirm(self, row: RequestRow) -> None:
        """Make a hold of ours firm; if a person or the clock was quicker, the next round sees what is left to do."""
        try:
            async with self.fenced() as session:
                change = confirmed(row.id, by=ROUND, at=await database_now(session))
                firm = await move(session, change)
                await self._bookings.confirm(places_of(firm), unsealed(self._wiring.vault, firm))
                await tell(session, firm, change.code, wake=False)
        except (RequestMoved, *REFUSED):
            return
        self.told += 1

    async def _write_all(
        self, moves: Sequence[Move], rows: Sequence[RequestRow], reasons: Mapping[UUID, Reasons]
    ) -> None:
        """All provisional changes in one transaction: the rows first, in one order, then the events."""
        moving = {each.request_id for each in moves}
        told: list[tuple[RequestRow, str]] = []
        async with self.fenced() as session:
            for change in sorted(moves, key=lambda each: each.request_id):
                try:
                    told.append((await move(session, change), change.code))
                except RequestMoved:
                    continue
            for row in rows:
                why = reasons.get(row.id)
                if why is None or row.id in moving:
                    continue
                if (row.blockers, row.relaxations) != (why.blockers, why.relaxations):
                    explained = await explain(session, row, blockers=why.blockers, relaxations=why.relaxations)
                    told += [(explained, "explained")] if explained else []
            for row, code in told:
                await tell(session, row, code, wake=False)
        self.told += len(told)
