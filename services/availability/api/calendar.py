"""Recurring openings and absences."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel

from services.availability import orders
from services.availability.api.slots import WRITERS
from services.availability.app.calendar import changing
from services.availability.app.calendar import openings as app
from services.availability.store.interop.agendas import busy_absences
from services.availability.tables import OpeningRow
from shared.http import CallerDep, OnceDep, SessionDep

routes = APIRouter(tags=["calendar"])


class DeclaredOpening(orders.NewOpening):
    """A recurring opening, as declared."""

    id: UUID
    cpts_id: str


class Absence(BaseModel):
    """A practitioner is away; `from_agenda` when their own agenda says so."""

    id: UUID
    practitioner_id: UUID
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    from_agenda: bool = False


def opening_of(row: OpeningRow) -> DeclaredOpening:
    """An opening as it was declared: the CPTS it is shown to besides its own."""
    plain: dict[str, Any] = row.model_dump(include=set(DeclaredOpening.model_fields))
    return DeclaredOpening(**{**plain, "audience": [cpts for cpts in row.audience if cpts != row.cpts_id]})


@routes.post("/openings", status_code=201, response_model=DeclaredOpening)
async def declare_opening(
    caller: CallerDep, session: SessionDep, once: OnceDep, order: orders.NewOpening
) -> JSONResponse:
    """Open every week; slots are cut three days ahead."""
    caller.require(*WRITERS)

    async def use_case() -> DeclaredOpening:
        return opening_of(await app.declare_opening(session, caller, order))

    return await once(use_case)


@routes.post("/openings/{opening_id}/changes", status_code=201, response_model=DeclaredOpening)
async def change_opening(
    caller: CallerDep, session: SessionDep, once: OnceDep, opening_id: UUID, order: orders.ChangedOpening
) -> JSONResponse:
    """Open otherwise from `first_day` on; the answer is the opening that follows the one that ends."""
    caller.require(*WRITERS)

    async def use_case() -> DeclaredOpening:
        return opening_of(await changing.change_opening(session, caller, opening_id, order))

    return await once(use_case)


@routes.get("/openings")
async def openings(caller: CallerDep, session: SessionDep, practitioner_id: UUID) -> list[DeclaredOpening]:
    """The recurring openings of a practitioner."""
    caller.require(*WRITERS)
    return [opening_of(row) for row in await app.openings_of(session, practitioner_id)]


@routes.delete("/openings/{opening_id}", status_code=204)
async def end_opening(
    caller: CallerDep, session: SessionDep, opening_id: UUID, booked: orders.Booked | None = None
) -> Response:
    """Stop opening; `booked` says what happens to who is booked in the slots to come."""
    caller.require(*WRITERS)
    await app.end_opening(session, caller, opening_id, booked)
    return Response(status_code=204)


@routes.post("/absences", status_code=201, response_model=Absence)
async def declare_absence(
    caller: CallerDep, session: SessionDep, once: OnceDep, order: orders.NewAbsence
) -> JSONResponse:
    """A practitioner is away: the slots meanwhile are withdrawn."""
    caller.require(*WRITERS)

    async def use_case() -> Absence:
        return Absence(**(await app.declare_absence(session, caller, order)).model_dump())

    return await once(use_case)


@routes.get("/absences")
async def absences(caller: CallerDep, session: SessionDep, practitioner_id: UUID) -> Sequence[Absence]:
    """The absences of a practitioner."""
    caller.require(*WRITERS)
    busy = {row.id for row in await busy_absences(session, practitioner_id)}
    rows = await app.absences_of(session, practitioner_id)
    return [Absence(**row.model_dump(), from_agenda=row.id in busy) for row in rows]


@routes.delete("/absences/{absence_id}", status_code=204)
async def end_absence(caller: CallerDep, session: SessionDep, absence_id: UUID) -> Response:
    """A practitioner is there after all."""
    caller.require(*WRITERS)
    await app.end_absence(session, caller, absence_id)
    return Response(status_code=204)
