"""Who belongs to which CPTS: asking, and answering."""

from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, BaseModel

from services.availability import orders
from services.availability.app import memberships as app
from shared.auth import Role
from shared.http import CallerDep, SessionDep

ADMINS = (Role.ADMIN, Role.MACHINE)
routes = APIRouter(tags=["directory"])


class Enrolment(BaseModel):
    """Whether the practitioner belongs to the CPTS now, or was asked."""

    state: str


class MembershipAsk(BaseModel):
    """A CPTS asks a practitioner of another one to join it as well."""

    practitioner_id: UUID
    cpts_id: str
    asked_at: AwareDatetime


@routes.put(
    "/practitioners/{practitioner_id}/memberships/{cpts_id}",
    status_code=204,
    responses={202: {"model": Enrolment, "description": "They belong to another CPTS: they, or it, are asked."}},
)
async def put_membership(
    caller: CallerDep, session: SessionDep, practitioner_id: UUID, cpts_id: orders.Finess, order: orders.Membership
) -> Response:
    """A practitioner belongs to a CPTS; one of another CPTS is asked, and nothing changes before the answer."""
    caller.require(*ADMINS)
    caller.require_cpts(cpts_id)
    if await app.enrol(session, caller, practitioner_id, cpts_id, order.joined_at):
        return Response(status_code=204)
    return Response(Enrolment(state="asked").model_dump_json(), 202, media_type="application/json")


@routes.get("/membership-asks")
async def asks(caller: CallerDep, session: SessionDep) -> list[MembershipAsk]:
    """What waits for an answer."""
    caller.require(*app.THEIR_SIDE)
    return [MembershipAsk(**row.model_dump()) for row in await app.asks_of(session, caller)]


@routes.post("/practitioners/{practitioner_id}/memberships/{cpts_id}/acceptance", status_code=204)
async def accept(caller: CallerDep, session: SessionDep, practitioner_id: UUID, cpts_id: orders.Finess) -> Response:
    """Yes: by the practitioner, who represents them, or the CPTS they belong to."""
    await app.answer(session, caller, practitioner_id, cpts_id, yes=True)
    return Response(status_code=204)


@routes.post("/practitioners/{practitioner_id}/memberships/{cpts_id}/refusal", status_code=204)
async def refuse(caller: CallerDep, session: SessionDep, practitioner_id: UUID, cpts_id: orders.Finess) -> Response:
    """No: by the same, or by the CPTS that asked, which takes it back."""
    await app.answer(session, caller, practitioner_id, cpts_id, yes=False)
    return Response(status_code=204)
