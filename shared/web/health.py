"""Whether a service is fit: its database answers, and every task that must run behind it runs."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from shared.db import AWAY, database_now
from shared.http import DatabaseFull, WiringDep, answer_database_away, answer_refusal
from shared.http.doors import problem
from shared.running.background import FULL
from shared.wiring import Wiring
from shared.wording.labels import language_of, wording

routes = APIRouter(tags=["health"])
UNFIT = "Une tâche de fond est tombée ; elle est relancée d'elle-même. Si cela dure : `background_died` au journal."


@routes.get("/health", responses={503: {"description": "The database is away, or a task is down."}})
async def health(request: Request, wiring: WiringDep, *, steps: bool = False) -> JSONResponse:
    """Alive: the database answers and every task behind the service runs. `steps`: when each kind last ended well."""
    return await fitness(request, [wiring], steps=steps)


async def fitness(request: Request, wirings: list[Wiring], *, steps: bool = False) -> JSONResponse:
    """200 when all of these are fit; else 503 and, unless their database is away, the tasks that are down."""
    try:
        for wiring in wirings:
            async with wiring.open_session() as session:
                await database_now(session)
    except AWAY as error:
        return await answer_database_away(request, error)
    if down := sorted(f"{wiring.name}: {task}" for wiring in wirings for task in wiring.background.down):
        why = sorted({error for wiring in wirings for error in wiring.background.down.values()})
        if FULL in why:
            return answer_refusal(request, DatabaseFull(tasks=down, why=why))
        return problem(503, "unfit", wording(language_of(request.cookies)).translate(UNFIT), tasks=down, why=why)
    ran = {f"{each.name}: {step}": f"{at:%FT%TZ}" for each in wirings for step, at in each.background.ran.items()}
    return JSONResponse({"status": "ok", **({"steps": ran} if steps else {})})
