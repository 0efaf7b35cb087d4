"""The addresses of matching's pages. Pages are frames: what they show comes from the JSON API and the live streams."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlmodel import col, select

from services.matching.web.admin import routes as admin
from services.matching.web.figures import Figures, figures
from shared.auth import Role
from shared.db.tables import CommuneRow
from shared.http import CallerDep, SessionDep, WiringDep
from shared.outside.asked import CptsId, Insee
from shared.web.pages import PageDep, label_of_account, reading
from shared.web.site import Part

BOARD_READERS = (Role.COORDINATOR, Role.COMMITTEE, Role.ADMIN)
PROFESSIONS = ("10", "40", "21", "50", "60", "70")
routes = APIRouter(include_in_schema=False)


class Spot(BaseModel):
    """A commune on the map."""

    insee: str
    name: str
    lat: float
    lon: float
    population: int


@routes.get("/orienter")
async def refer(page: PageDep, caller: CallerDep, session: SessionDep, wiring: WiringDep) -> Response:
    """« Orienter un patient », for whoever has one in front of them or on the phone."""
    caller.require(Role.PHARMACIST, Role.REGULATOR, Role.COORDINATOR)
    return page.show(
        "matching/orienter.html",
        title="referral.title",
        caller=caller,
        label=await label_of_account(session, caller),
        words=("referral.", "relaxation."),
        urgencies=(1, 2, 3, 4),
        professions=PROFESSIONS,
        addresses=bool(wiring.settings.geocoder_url),
        cpts=page.chosen_cpts(caller) or "",
    )


@routes.get("/tension")
async def tension(page: PageDep, caller: CallerDep, session: SessionDep) -> Response:
    """« Tension », the departures board of what waits; the committee reads it."""
    caller.require(*BOARD_READERS)
    return page.show(
        "matching/tension.html",
        title="tension.title",
        caller=caller,
        label=await label_of_account(session, caller),
        words=("tension.", "relaxation.", "register.", "whatif.", "tomorrow."),
        acts=caller.role is Role.COORDINATOR,
        cpts=page.chosen_cpts(caller) or "",
    )


@routes.get("/tension/figures")
async def board_figures(request: Request, caller: CallerDep, wiring: WiringDep, cpts: CptsId) -> Figures:
    """The figures above the board."""
    caller.require(*BOARD_READERS)
    caller.require_cpts(cpts)
    async with (
        reading(request, "matching", caller.scope) as matching,
        reading(request, "availability", caller.scope) as availability,
    ):
        return await figures(matching, availability, cpts, wiring.clock.now())


@routes.get("/tension/communes")
async def spots(
    _caller: CallerDep, session: SessionDep, insee: Annotated[list[Insee], Query(max_length=300)]
) -> list[Spot]:
    """Names and points of communes, for the board, its map and who is asked for one more patient."""
    rows = await session.exec(select(CommuneRow).where(col(CommuneRow.insee).in_(insee)))
    return [Spot.model_validate(row.model_dump()) for row in rows]


routes.include_router(admin)
PART = Part("matching", routes, Path(__file__).parent)
