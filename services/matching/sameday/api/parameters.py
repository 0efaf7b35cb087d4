"""What a CPTS sets for its matching."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.engine.ahead.outlook import LEAST_DAYS
from services.matching.sameday.app.parameters import CptsParameters, parameters_of, running, set_parameters
from services.matching.sameday.store.history import count_known_days
from services.matching.sameday.store.tables import ParametersRow
from services.people.changes import record_change
from shared.auth import Role
from shared.db import database_now
from shared.http import CallerDep, SessionDep
from shared.outside.asked import CptsId
from shared.wording.labels import wording

routes = APIRouter(prefix="/parameters", tags=["parameters"])


class Fallback(BaseModel):
    """Why another policy runs than the one chosen."""

    code: str
    message: str
    days_known: int
    days_needed: int = LEAST_DAYS


class ParametersInForce(BaseModel):
    """What holds now, beside the defaults; who changed it last and when, if anyone did.

    `runs` is the policy that rounds follow today; when it is not the one chosen, `fallback` says why: past days known,
    and needed.
    """

    now: CptsParameters
    defaults: CptsParameters = CptsParameters()
    changed_at: datetime | None = None
    changed_by: str = ""
    runs: str
    fallback: Fallback | None = None


@routes.get("/{cpts_id}")
async def read(cpts_id: CptsId, caller: CallerDep, session: SessionDep) -> ParametersInForce:
    """The parameters of a CPTS."""
    caller.require_cpts(cpts_id)
    row = await session.get(ParametersRow, cpts_id)
    return await _show(session, cpts_id, await parameters_of(session, cpts_id), row)


@routes.put("/{cpts_id}")
async def write(cpts_id: CptsId, form: CptsParameters, caller: CallerDep, session: SessionDep) -> ParametersInForce:
    """Set them; the next round follows them. What is left out has its default."""
    caller.require(Role.COORDINATOR, Role.ADMIN, Role.MACHINE)
    caller.require_cpts(cpts_id)
    before = await parameters_of(session, cpts_id)
    row = await set_parameters(session, cpts_id, form, by=caller.id)
    await record_change(
        session,
        caller,
        cpts_id=cpts_id,
        what="parameters",
        object_id=cpts_id,
        before=before.model_dump(mode="json"),
        after=form.model_dump(mode="json"),
    )
    return await _show(session, cpts_id, form, row)


async def _show(
    session: AsyncSession, cpts_id: str, now: CptsParameters, row: ParametersRow | None
) -> ParametersInForce:
    days = await count_known_days(session, cpts_id, await database_now(session))
    runs, code = running(now, days)
    said = wording().say(f"codes.fallback.{code}", known=days, needed=LEAST_DAYS) if code else ""
    return ParametersInForce(
        now=now,
        changed_at=row.changed_at if row else None,
        changed_by=row.changed_by if row else "",
        runs=runs,
        fallback=Fallback(code=code, message=said, days_known=days) if code else None,
    )
