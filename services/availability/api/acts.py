"""The statement of a practitioner's acts: what is paid as a supplement, what is not, and why."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.availability.app.statement import statement_of
from services.availability.core.acts import ActKind, ActReason
from shared.auth import Role
from shared.http import CallerDep, SessionDep
from shared.outside.asked import CptsId, Day

routes = APIRouter(tags=["practitioners"])


class CountedAct(BaseModel):
    """One act: when it was there, what it counts as, why, and what it pays on top. Nothing of the patient."""

    booking_id: UUID
    starts_at: datetime
    kind: ActKind
    reason: ActReason
    cents: int


class ActsOfMonth(BaseModel):
    """A month of a practitioner, and the paid supplements of this week, of how many."""

    month: date
    paid_this_week: int
    weekly_limit: int | None
    cents: int
    acts: list[CountedAct]


@routes.get("/practitioners/{practitioner_id}/acts")
async def acts(
    caller: CallerDep,
    session: SessionDep,
    practitioner_id: UUID,
    cpts: CptsId,
    month: Annotated[Day | None, Query()] = None,
) -> ActsOfMonth:
    """What a practitioner did in the month of a day, this one when none is said."""
    caller.require(Role.PRACTITIONER, Role.DELEGATE, Role.COORDINATOR)
    caller.require_cpts(cpts)
    found = await statement_of(session, caller, cpts, practitioner_id, month)
    return ActsOfMonth(
        month=found.month,
        paid_this_week=found.paid_this_week,
        weekly_limit=found.weekly_limit,
        cents=found.cents,
        acts=[
            CountedAct(
                booking_id=each.act.booking_id,
                starts_at=each.act.local,
                kind=each.kind,
                reason=each.reason,
                cents=each.cents,
            )
            for each in found.acts
        ],
    )
