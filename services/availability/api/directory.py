"""The directory, what administrators write in it, and what practitioners set for themselves."""

from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import AwareDatetime, BaseModel
from sqlmodel import select

from services.availability import orders, reads
from services.availability.app import directory as app
from services.availability.app import memberships
from services.availability.reads import directory as directory_reads
from services.availability.tables import CptsRow, PanelRow
from services.people.changes import record_change
from shared.auth import Role
from shared.contracts import CptsView
from shared.http import CallerDep, SessionDep
from shared.outside.asked import CptsId

ADMINS = (Role.ADMIN, Role.MACHINE)
THEMSELVES = (Role.PRACTITIONER, Role.DELEGATE, Role.COORDINATOR, Role.ADMIN)
routes = APIRouter(tags=["directory"])


class WrittenId(BaseModel):
    """The identifier of what was written."""

    id: UUID


class Practice(orders.PractitionerSettings):
    """What a practitioner set for themselves."""

    panel_declared: bool
    agenda_followed: bool


@routes.get("/directory")
async def directory(caller: CallerDep, session: SessionDep, cpts: CptsId) -> directory_reads.Directory:
    """Who gives care in a CPTS, or shows it slots: names, professions, phones, places."""
    caller.require(*(role for role in Role if role is not Role.COMMITTEE))
    caller.require_cpts(cpts)
    return await directory_reads.directory(session, cpts)


@routes.get("/cpts")
async def territories(caller: CallerDep, session: SessionDep) -> list[CptsView]:
    """The territories of this caller."""
    rows = await session.exec(select(CptsRow).order_by(CptsRow.finess))
    return [reads.cpts_view(row) for row in rows if caller.may_see(row.finess)]


@routes.put("/cpts/{finess}", status_code=204)
async def put_cpts(caller: CallerDep, session: SessionDep, finess: orders.Finess, order: orders.Cpts) -> Response:
    """Write a territory."""
    caller.require(*ADMINS)
    caller.require_cpts(finess)
    before = await session.get(CptsRow, finess)
    set_now = order.model_dump(exclude_none=True)
    was = before.model_dump(include=set(set_now)) if before else {}
    await app.put_cpts(session, finess, order)
    await record_change(session, caller, cpts_id=finess, what="cpts", object_id=finess, before=was, after=set_now)
    return Response(status_code=204)


@routes.put("/practitioners/{rpps}")
async def put_practitioner(
    caller: CallerDep, session: SessionDep, rpps: orders.Rpps, order: orders.PractitionerEntry
) -> WrittenId:
    """Write a practitioner, by RPPS."""
    caller.require(*ADMINS)
    return WrittenId(id=await app.put_practitioner(session, rpps, order))


@routes.put("/places/{key}")
async def put_place(
    caller: CallerDep, session: SessionDep, order: orders.Place, key: str = Path(pattern=r"^[A-Za-z0-9_:.-]{1,60}$")
) -> WrittenId:
    """Write a place, by its business key, such as `finess:130012345` or `siret:12345678901234`."""
    caller.require(*ADMINS)
    return WrittenId(id=await app.put_place(session, key, order))


@routes.put("/places/{place_id}/access", status_code=204)
async def put_access(caller: CallerDep, session: SessionDep, place_id: UUID, order: orders.PlaceAccess) -> Response:
    """How one gets into a place: floor, door code, wheelchair, phone. The ticket shows it."""
    caller.require(*THEMSELVES)
    await app.put_access(session, caller, place_id, order)
    return Response(status_code=204)


@routes.put("/practitioners/{practitioner_id}/schedules/{place_id}/{cpts_id}", status_code=204)
async def put_schedule(
    caller: CallerDep, session: SessionDep, practitioner_id: UUID, place_id: UUID, cpts_id: orders.Finess
) -> Response:
    """A practitioner works at a place; the slots published there are at home in this CPTS."""
    caller.require(*ADMINS)
    caller.require_cpts(cpts_id)
    await memberships.require_member(session, caller, practitioner_id, cpts_id)
    await app.put_schedule(session, practitioner_id, place_id, cpts_id)
    return Response(status_code=204)


@routes.put("/practitioners/{practitioner_id}/settings", status_code=204)
async def put_settings(
    caller: CallerDep, session: SessionDep, practitioner_id: UUID, order: orders.NewSettings
) -> Response:
    """Pause, cap per week, notice for giving back."""
    caller.require(*THEMSELVES)
    await memberships.require_sole(session, caller, practitioner_id)
    await app.put_settings(session, caller, practitioner_id, order)
    return Response(status_code=204)


@routes.get("/practitioners/{practitioner_id}/settings")
async def get_settings(caller: CallerDep, session: SessionDep, practitioner_id: UUID) -> Practice:
    """What a practitioner set, and whether they declared new patients."""
    caller.require(*THEMSELVES)
    settings, declared, follows = await app.settings_of(session, caller, practitioner_id)
    return Practice(**settings.model_dump(), panel_declared=declared, agenda_followed=follows)


@routes.put("/practitioners/{practitioner_id}/panel", status_code=204)
async def put_panel(caller: CallerDep, session: SessionDep, practitioner_id: UUID, order: orders.Panel) -> Response:
    """Declare how many new patients a médecin traitant takes, and which."""
    caller.require(*THEMSELVES)
    await memberships.require_sole(session, caller, practitioner_id)
    await app.put_panel(session, caller, practitioner_id, order)
    return Response(status_code=204)


@routes.get("/practitioners/{practitioner_id}/panel")
async def get_panel(caller: CallerDep, session: SessionDep, practitioner_id: UUID) -> orders.Panel:
    """What was declared: for the practitioner, the coordinator and the matching."""
    return read_panel_declaration(await app.panel_of(session, caller, practitioner_id))


class PanelOf(orders.Panel):
    """What one practitioner declared, and when."""

    practitioner_id: UUID
    declared_at: AwareDatetime


@routes.get("/panels")
async def panels(caller: CallerDep, session: SessionDep, cpts: CptsId) -> list[PanelOf]:
    """What the practitioners of a CPTS declared: for the coordinator and the matching."""
    caller.require(Role.COORDINATOR, Role.MACHINE)
    caller.require_cpts(cpts)
    found = await app.panels_of(session, cpts)
    return [
        PanelOf(**dict(read_panel_declaration(row)), practitioner_id=row.practitioner_id, declared_at=row.declared_at)
        for row in found
    ]


def read_panel_declaration(row: PanelRow) -> orders.Panel:
    """A declaration, as it was made."""
    criteria = orders.Criteria(**row.model_dump(include=set(orders.Criteria.model_fields)))
    return orders.Panel(places=row.places, criteria=criteria)
