"""What a form chooses from: motives and communes."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from services.matching import reads
from services.matching.edges.places import Commune, CommuneIndex
from shared.http import CallerDep, SessionDep, WiringDep

routes = APIRouter(tags=["lists"])


@routes.get("/motives")
async def motives(_caller: CallerDep, session: SessionDep) -> list[reads.Motive]:
    """The reasons to ask for care, with their synonyms and default class."""
    return await reads.motives(session)


@routes.get("/communes")
async def communes(
    request: Request,
    _caller: CallerDep,
    session: SessionDep,
    wiring: WiringDep,
    q: Annotated[str, Query(min_length=2, max_length=60)],
) -> list[Commune]:
    """Communes whose name, former name or postal code starts with `q`, the largest first."""
    index: CommuneIndex = request.app.state.communes
    return await index.search(session, q, now=wiring.clock.now())
