"""What the SAS has not accepted yet of the appointments that regulators took."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from services.availability.store.interop.sas_returns import waiting
from shared.auth import Role
from shared.http import CallerDep, SessionDep

routes = APIRouter(tags=["sas"])


class WaitingReturn(BaseModel):
    """An appointment that the SAS does not know as it is; `error` says what its last refusal was."""

    booking_id: UUID
    status: str
    tries: int
    error: str


class WaitingReturns(BaseModel):
    """All of them, the next to be tried first."""

    waiting: list[WaitingReturn]


@routes.get("/sas/returns")
async def returns(caller: CallerDep, session: SessionDep) -> WaitingReturns:
    """Appointments still to be told to the SAS."""
    caller.require(Role.COORDINATOR, Role.ADMIN, Role.MACHINE)
    found = await waiting(session)
    return WaitingReturns(waiting=[WaitingReturn.model_validate(each, from_attributes=True) for each in found])
