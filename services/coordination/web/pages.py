"""The addresses of coordination's pages."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import Response

from services.coordination.core.indicators import Direction, Goal
from shared.auth import Role
from shared.http import CallerDep, SessionDep
from shared.web.pages import PageDep, label_of_account
from shared.web.site import SitePart

routes = APIRouter(include_in_schema=False)
WRITERS = (Role.COORDINATOR, Role.ADMIN)


@routes.get("/annee")
async def year(page: PageDep, caller: CallerDep, session: SessionDep) -> Response:
    """« Année »: figures with the list behind each, the contract, frozen dossiers; to the committee, figures alone."""
    caller.require(Role.COMMITTEE, *WRITERS)
    return page.show(
        "coordination/annee.html",
        title="year.title",
        caller=caller,
        label=await label_of_account(session, caller),
        words=("year.", "coordination.column.", "codes.mission."),
        writes=caller.role in WRITERS,
        goals=tuple(Goal),
        directions=tuple(Direction),
        cpts=page.choose_cpts(caller) or "",
    )


PART = SitePart("coordination", routes, Path(__file__).parent)
