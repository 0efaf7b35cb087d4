"""Who comes to a practitioner's slots."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.matching.sameday import reads
from services.matching.sameday.api.requests import DeskDep
from services.matching.sameday.app import coming
from services.matching.sameday.app.intake import Form
from services.people.audit import contacts_of
from shared.auth import Role

routes = APIRouter(tags=["requests"])


class ComersForm(Form):
    """The requests that bookings name."""

    request_ids: Annotated[list[UUID], Field(min_length=1, max_length=300)]


class ComerView(BaseModel):
    """Who comes, from where and why, since when they ask, and whom to call back: `asked_by_phone` as it is answered."""

    request_id: UUID
    initials: str
    age: int | None
    commune: str
    act: str
    urgency: int
    asked_at: datetime
    asked_by_name: str
    asked_by_phone: str
    asked_role: str


@routes.post("/requests/comers")
async def read_comers(form: ComersForm, desk: DeskDep) -> list[ComerView]:
    """What each row of the day says of who comes: initials, never a name; those one does not receive are left out."""
    desk.caller.require(Role.PRACTITIONER, Role.DELEGATE, Role.COORDINATOR)
    found = await coming.find_comers(desk.session, desk.caller, desk.vault, form.request_ids)
    contacts = await contacts_of(desk.session, {each.row.asked_by for each in found})
    communes = {insee: await reads.centre_of(desk.session, insee) for insee in {each.row.insee for each in found}}
    return [_view(each, contacts.get(each.row.asked_by, ("", "")), communes[each.row.insee]) for each in found]


def _view(comer: coming.Comer, contact: tuple[str, str], commune: reads.Centre | None) -> ComerView:
    row = comer.row
    return ComerView(
        request_id=row.id,
        initials=comer.initials,
        age=row.age,
        commune=commune.name if commune else row.insee,
        act=row.act,
        urgency=row.urgency,
        asked_at=row.submitted_at,
        asked_by_name=contact[0],
        asked_by_phone=contact[1],
        asked_role=row.asked_role,
    )
