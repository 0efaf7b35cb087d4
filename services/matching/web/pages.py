"""The addresses of matching's pages. Pages are frames: what they show comes from the JSON API and the live streams."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import Response

from shared.auth import Role
from shared.http import CallerDep, SessionDep
from shared.web.pages import PageDep, label_of_account
from shared.web.site import Part

routes = APIRouter(include_in_schema=False)


@routes.get("/orienter")
async def refer(page: PageDep, caller: CallerDep, session: SessionDep) -> Response:
    """« Orienter un patient », for whoever has one in front of them or on the phone."""
    caller.require(Role.PHARMACIST, Role.REGULATOR, Role.COORDINATOR)
    return page.show(
        "matching/orienter.html",
        title="referral.title",
        caller=caller,
        label=await label_of_account(session, caller),
        words=("referral.", "relaxation."),
        urgencies=(1, 2, 3, 4),
    )


PART = Part("matching", routes, Path(__file__).parent)
