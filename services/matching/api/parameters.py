"""What a CPTS sets for its matching."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from services.matching.app.parameters import CptsParameters, parameters_of, set_parameters
from services.matching.store.tables import ParametersRow
from shared.auth import Role
from shared.http import CallerDep, SessionDep

routes = APIRouter(prefix="/parameters", tags=["parameters"])


class Parameters(BaseModel):
    """What holds now, beside the defaults; who changed it last and when, if anyone did."""

    now: CptsParameters
    defaults: CptsParameters = CptsParameters()
    changed_at: datetime | None = None
    changed_by: str = ""


@routes.get("/{cpts_id}")
async def read(cpts_id: str, caller: CallerDep, session: SessionDep) -> Parameters:
    """The parameters of a CPTS."""
    caller.require_cpts(cpts_id)
    row = await session.get(ParametersRow, cpts_id)
    now = await parameters_of(session, cpts_id)
    return Parameters(now=now, changed_at=row.changed_at, changed_by=row.changed_by) if row else Parameters(now=now)


@routes.put("/{cpts_id}")
async def write(cpts_id: str, form: CptsParameters, caller: CallerDep, session: SessionDep) -> Parameters:
    """Set them; the next round follows them. What is left out has its default."""
    caller.require(Role.COORDINATOR, Role.ADMIN, Role.MACHINE)
    caller.require_cpts(cpts_id)
    row = await set_parameters(session, cpts_id, form, by=caller.id)
    return Parameters(now=form, changed_at=row.changed_at, changed_by=row.changed_by)
