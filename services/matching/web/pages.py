"""The addresses of matching's pages. Pages are frames: what they show comes from the JSON API and the live streams."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlmodel import col, select

from services.matching.doctors.app.intake import SOURCES
from services.matching.exports.review import LEAST, Review, review, shift_compared
from services.matching.sameday.app.parameters import parameters_of
from services.matching.web.admin import routes as admin
from services.matching.web.figures import BoardFigures
from services.matching.web.kept import keep_figures
from shared.auth import Role
from shared.db import Scope
from shared.db.tables import CommuneRow, CommuneShapeRow
from shared.http import CallerDep, SessionDep, WiringDep
from shared.outside.asked import CptsId, Insee, Instant
from shared.refusals import Invalid
from shared.web.pages import PageDep, label_of_account, reading
from shared.web.site import SitePart

BOARD_READERS = (Role.COORDINATOR, Role.ADMIN)
LONGEST = timedelta(days=92)
"""The longest period that is looked at once."""
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
    cpts = page.choose_cpts(caller) or ""
    async with reading(page.request, "matching", Scope(frozenset({cpts}))) as matching:
        parameters = await parameters_of(matching, cpts)
    return page.show(
        "matching/orienter.html",
        title="referral.title",
        caller=caller,
        label=await label_of_account(session, caller),
        words=("referral.", "relaxation."),
        urgencies=(1, 2, 3, 4),
        professions=PROFESSIONS,
        addresses=bool(wiring.settings.geocoder_url),
        cpts=cpts,
        detour=parameters.core.detour,
    )


@routes.get("/patient")
async def patient_link(page: PageDep) -> Response:
    """The page that every link of a patient opens: public, empty until the year of birth is typed."""
    return page.show("matching/patient.html", title="patient.title", words=("patient.",))


@routes.get("/medecin")
async def doctor_link(page: PageDep) -> Response:
    """The page that a practitioner's link opens: public, and nothing on it without the link."""
    return page.show("matching/doctor.html", title="doctor.title", words=("doctor.", "codes.attachment"))


@routes.get("/tension")
async def tension(page: PageDep, caller: CallerDep, session: SessionDep) -> Response:
    """« Tension », the departures board of what waits."""
    caller.require(*BOARD_READERS)
    return page.show(
        "matching/tension.html",
        title="tension.title",
        caller=caller,
        label=await label_of_account(session, caller),
        words=("tension.", "board.", "relaxation.", "register.", "review.", "whatif.", "tomorrow.", "referral.place."),
        acts=caller.role is Role.COORDINATOR,
        sources=SOURCES,
        cpts=page.choose_cpts(caller) or "",
    )


@routes.get("/comite")
async def committee(page: PageDep, caller: CallerDep, session: SessionDep) -> Response:
    """The committee's page, for a meeting: trends and counts, nothing of one person."""
    caller.require(Role.COMMITTEE, *BOARD_READERS)
    return page.show(
        "matching/comite.html",
        title="review.committee_title",
        caller=caller,
        label=await label_of_account(session, caller),
        words=("review.", "board.", "tension.column."),
        cpts=page.choose_cpts(caller) or "",
    )


@routes.get("/tension/review")
async def period(
    request: Request,
    caller: CallerDep,
    cpts: CptsId,
    since: Instant,
    until: Instant,
) -> Review:
    """What became of a period's requests, beside the same days before; to the committee, no count under five."""
    caller.require(Role.COMMITTEE, *BOARD_READERS)
    caller.require_cpts(cpts)
    if not timedelta() < until - since <= LONGEST:
        raise Invalid(
            "La période va d'un jour à trois mois, le début avant la fin.",
            field="since",
            value=since.isoformat(),
            rule="before until, 92 days at most",
        )
    least = LEAST if caller.role is Role.COMMITTEE else 0
    async with reading(request, "matching", caller.scope) as session:
        return await review(session, cpts, since, until, shift_compared(since, until), least)


@routes.get("/tension/figures")
async def board_figures(request: Request, caller: CallerDep, wiring: WiringDep, cpts: CptsId) -> BoardFigures:
    """The figures above the board."""
    caller.require(*BOARD_READERS)
    caller.require_cpts(cpts)
    return await keep_figures(request, cpts, wiring.clock.now())


@routes.get("/tension/communes")
async def spots(
    _caller: CallerDep, session: SessionDep, insee: Annotated[list[Insee], Query(max_length=300)]
) -> list[Spot]:
    """Names and points of communes, for the board, its map and who is asked for one more patient."""
    rows = await session.exec(select(CommuneRow).where(col(CommuneRow.insee).in_(insee)))
    return [Spot.model_validate(row.model_dump()) for row in rows]


@routes.get("/tension/shapes")
async def shapes(
    _caller: CallerDep, session: SessionDep, insee: Annotated[list[str], Query(max_length=300)]
) -> dict[str, list[list[tuple[float, float]]]]:
    """Outlines of communes, those that were imported, for the map."""
    rows = await session.exec(select(CommuneShapeRow).where(col(CommuneShapeRow.insee).in_(insee)))
    return {row.insee: row.rings for row in rows}


routes.include_router(admin)
PART = SitePart("matching", routes, Path(__file__).parent)
