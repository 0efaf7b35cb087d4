"""The level of tension: now, why, what is done, and how it came; the rules that a CPTS writes for it."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from services.coordination.api.asking import READERS
from services.coordination.api.contract import Written, add_version
from services.coordination.app.tension import TENSION, level_now, read_shipped_rules
from services.coordination.core.tension import read_rules
from services.coordination.reads import levels, papers
from services.coordination.refusals import refuse_rules
from shared.auth import Role
from shared.http import CallerDep, SessionDep, WiringDep
from shared.outside.asked import CptsId

routes = APIRouter(tags=["tension"])
SEES_LEVEL = (*READERS, Role.REGULATOR)


class PointView(BaseModel):
    """One parameter: what was measured, and its points."""

    code: str
    measured: float | None
    points: int


class LevelChange(BaseModel):
    """Since when a level held, and the points that made it."""

    at: datetime
    level: int
    points: list[PointView]


class LevelView(BaseModel):
    """The level now, 1 to 4. `next_at`: from how many points the next one begins."""

    level: int
    total: int
    next_at: int | None
    points: list[PointView]
    actions: list[str]
    history: list[LevelChange]


class RulesForm(BaseModel):
    """The rules of a CPTS, after the version that was read."""

    model_config = ConfigDict(extra="forbid")

    cpts_id: CptsId
    after: Annotated[int, Field(ge=0, le=1_000_000)]
    rules: dict[str, Any]


@routes.get("/level")
async def level(
    caller: CallerDep,
    session: SessionDep,
    wiring: WiringDep,
    cpts: CptsId,
    most: Annotated[int, Query(ge=0, le=500)] = 50,
) -> LevelView:
    """How tense the territory is now, and how it came."""
    caller.require(*SEES_LEVEL)
    caller.require_cpts(cpts)
    found, rules = await level_now(session, cpts, wiring.clock)
    history = [LevelChange(**each) for each in await levels(session, cpts, most)]
    return LevelView(
        level=found.level,
        total=found.total,
        next_at=rules.begins[found.level] if found.level < len(rules.begins) else None,
        points=[PointView(code=each.code, measured=each.measured, points=each.points) for each in found.points],
        actions=list(rules.actions[found.level - 1]),
        history=history,
    )


@routes.get("/level/rules")
async def read_level_rules(caller: CallerDep, session: SessionDep, cpts: CptsId) -> RulesForm:
    """The rules in force; version 0 is what every installation starts from."""
    caller.require(*READERS)
    caller.require_cpts(cpts)
    written = (await papers(session, cpts)).get(TENSION)
    body = written.body if written else dict(read_shipped_rules())
    return RulesForm(cpts_id=cpts, after=written.version if written else 0, rules=body)


@routes.put("/level/rules")
async def write_level_rules(form: RulesForm, caller: CallerDep, session: SessionDep, wiring: WiringDep) -> Written:
    """Write the rules anew; refused with what is wrong."""
    caller.require(*READERS)
    caller.require_cpts(form.cpts_id)
    _, broken = read_rules(form.rules)
    if broken:
        raise refuse_rules(broken)
    return await add_version(session, wiring, caller, form.cpts_id, TENSION, form.rules, form.after)
