"""What a plan becomes: holds and confirmations of what must be known now, provisional changes for the rest."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.matching.engine.ahead.policies import CONSENSUS
from services.matching.engine.model import Assignment, Plan
from services.matching.sameday.app.bookings import Booking, record_hold
from services.matching.sameday.app.round.deciding import (
    ROUND,
    Reasons,
    cost_of,
    decide_by,
    leave_out,
    plan_by_request,
    propose,
    reasons_of,
)
from services.matching.sameday.edges.availability import AvailabilityAway
from services.matching.sameday.settling import confirm
from services.matching.sameday.store.requests import Move
from services.matching.sameday.store.tables import RequestRow
from services.matching.sameday.writing import Writer
from shared.contracts import SEEKING

LOOK_AGAIN = timedelta(seconds=CONSENSUS.period_s)
"""How soon the futures are asked again about who is held back."""


@dataclass(slots=True)
class Outcome:
    """The slots whose hold was refused, and when the next provisional choice must be made firm."""

    refused: set[str] = field(default_factory=set)
    decide_at: datetime | None = None
    away: bool = False
    """The availability service did not answer: what is due is tried again."""


async def apply(
    writer: Writer,
    rows: Sequence[RequestRow],
    plan: Plan,
    live: Mapping[str, Mapping[str, Any]],
    now: datetime,
    held_back: Collection[str] = (),
) -> Outcome:
    """Hold and confirm what must be known now; write the rest as provisional, left out, escalated or unserved.

    Those `held_back` stay provisional until they must know, however soon the slot in mind begins.
    """
    outcome, parameters = Outcome(), writer.parameters
    assigned, unmatched = plan_by_request(plan)
    moves: list[Move | None] = []
    gifts: list[Gift] = []
    reasons: dict[UUID, Reasons] = {}
    for row in sorted(rows, key=lambda each: (each.urgency, each.submitted_at)):
        if row.state not in SEEKING:
            continue
        assignment = assigned.get(str(row.id))
        if assignment is None:
            left = unmatched.get(str(row.id))
            reasons[row.id] = reasons_of(left) if left else Reasons(row.blockers, row.relaxations)
            moves.append(leave_out(row, reasons[row.id], parameters, now))
        elif (slot := live.get(assignment.slot)) is None:
            outcome.refused.add(assignment.slot)
        else:
            until = decide_by(row, slot, assignment.cost.travel_s, parameters)
            if until <= now < row.answer_by and str(row.id) in held_back:
                until = min(row.answer_by, now + LOOK_AGAIN)
            if until <= now and row.automatic:
                gifts.append(Gift(row, assignment))
            else:
                if row.automatic:
                    outcome.decide_at = min(outcome.decide_at or until, until)
                moves.append(propose(row, assignment, slot, now))
    changes = [each for each in moves if each is not None]
    renewed = _renew(rows, reasons, {each.request_id for each in changes})
    # Left out: whoever was quicker may hold the very same booking. If it is nobody's, a later round gives it back.
    recorded = await writer.write(await _hold(writer, gifts, outcome))
    # What is provisional is written last: who reads it knows that what was due is done.
    outcome.away |= not await confirm(writer, list(recorded.values()), changes, renewed)
    return outcome


@dataclass(frozen=True, slots=True)
class Gift:
    """A slot that a request gets now."""

    row: RequestRow
    assignment: Assignment

    @property
    def order(self) -> tuple[RequestRow, UUID]:
        """As it is asked of the availability service."""
        return self.row, UUID(self.assignment.slot)


async def _hold(writer: Writer, gifts: Sequence[Gift], outcome: Outcome) -> list[Move]:
    """Hold all these slots in one call; answers what to record. A crash in between is settled by the next round."""
    if not gifts:
        return []
    held_each = await writer.bookings.hold_each([each.order for each in gifts], minutes=writer.parameters.hold_minutes)
    now = writer.wiring.clock.now()
    changes = []
    for gift, booking in zip(gifts, held_each, strict=True):
        if isinstance(booking, Booking):
            change = record_hold(gift.row.id, booking, by=ROUND, at=now, picked=False, version=gift.row.version)
            change.values["cost"] = cost_of(gift.assignment.cost)
            changes.append(change)
        elif isinstance(booking, AvailabilityAway):
            outcome.away = True
        else:
            outcome.refused.add(gift.assignment.slot)
    return changes


def _renew(
    rows: Sequence[RequestRow], reasons: Mapping[UUID, Reasons], moving: Collection[UUID]
) -> list[dict[str, Any]]:
    """Why the others have no slot, where that is no longer what is written."""
    return [
        {"id": row.id, "version": row.version, "blockers": why.blockers, "relaxations": why.relaxations}
        for row in rows
        if (why := reasons.get(row.id)) is not None
        and row.id not in moving
        and (row.blockers, row.relaxations) != (why.blockers, why.relaxations)
    ]
