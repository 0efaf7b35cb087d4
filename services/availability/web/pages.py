"""The addresses of availability's pages."""

import io
from pathlib import Path
from uuid import UUID

import segno
from babel.dates import format_date, format_time
from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import col, select

from services.availability.tables import PlaceRow, SlotRow
from services.availability.web.members import routes as members
from shared.auth import Role
from shared.db import Scope
from shared.http import CallerDep, SessionDep, WiringDep
from shared.refusals import NotFound
from shared.typed.phones import link
from shared.typed.zones import zone_of
from shared.web.pages import PageDep, label_of_account, reading
from shared.web.site import SitePart

EVERYWHERE = Scope(frozenset({"*"}))
routes = APIRouter(include_in_schema=False)


@routes.get("/creneaux")
async def my_slots(page: PageDep, caller: CallerDep, session: SessionDep) -> Response:
    """« Mes créneaux », for a practitioner, their delegate, or the coordination that one of them phones."""
    caller.require(Role.PRACTITIONER, Role.DELEGATE, Role.COORDINATOR)
    return page.show(
        "availability/creneaux.html",
        title="slots.title",
        caller=caller,
        label=await label_of_account(session, caller),
        words=("slots.", "me.", "why.", "asks.", "extra.", "week.", "notices."),
        acting=caller.role is Role.COORDINATOR,
        modes=("AMB", "HH", "VR"),
        types=("CPTS", "SNP", "PRO", "PUBLIC"),
        cpts=page.choose_cpts(caller) or "",
    )


@routes.get("/rdv/{slot_id}.svg")
async def ticket_code(slot_id: UUID, wiring: WiringDep) -> Response:
    """The QR code of a ticket: it holds the address of the page below, and nothing else."""
    drawn = io.BytesIO()
    segno.make(f"{wiring.settings.public_url}/rdv/{slot_id}", error="m").save(drawn, kind="svg", scale=4, border=0)
    return Response(drawn.getvalue(), media_type="image/svg+xml")


@routes.get("/rdv/{slot_id}")
async def ticket(slot_id: UUID, request: Request, page: PageDep) -> Response:
    """Where and when, for whoever holds the ticket: public, and nothing of a patient in it."""
    async with reading(request, "availability", EVERYWHERE) as session:
        query = select(SlotRow, PlaceRow).join(PlaceRow, col(PlaceRow.id) == col(SlotRow.place_id))
        found = (await session.exec(query.where(SlotRow.id == slot_id))).one_or_none()
    if found is None:
        raise NotFound
    slot, place = found
    local = slot.starts_at.astimezone(zone_of(place.insee))
    return page.show(
        "availability/rdv.html",
        title="visit.title",
        place=place,
        call=link(place.phone, place.insee),
        day=format_date(local, "EEEE d MMMM", locale=page.words.language),
        time=format_time(local, "H:mm", locale=page.words.language),
    )


routes.include_router(members)
PART = SitePart("availability", routes, Path(__file__).parent)
