"""The patients that practitioners put in their slots themselves."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from services.availability.app import bookings as app
from shared.auth import Role
from shared.contracts import BookingView
from shared.db import database_now
from shared.http import CallerDep, OnceDep, SessionDep, WiringDep
from shared.outside.asked import Order
from shared.patients.patient import Patient, age_of, initials_of

OWNERS = (Role.PRACTITIONER, Role.DELEGATE, Role.COORDINATOR)
routes = APIRouter(tags=["bookings"])


class OwnPatient(Order):
    """Who comes; encrypted at once."""

    patient: Patient


class OwnPatients(Order):
    """The bookings whose patients are asked for."""

    booking_ids: Annotated[list[UUID], Field(min_length=1, max_length=300)]


class OwnComer(BaseModel):
    """Who comes, as a row says it."""

    booking_id: UUID
    initials: str
    age: int | None


@routes.post("/slots/{slot_id}/own-patients", status_code=201, response_model=BookingView)
async def take_own_patient(
    caller: CallerDep, session: SessionDep, wiring: WiringDep, once: OnceDep, slot_id: UUID, order: OwnPatient
) -> JSONResponse:
    """Put a patient of one's own in a free place of a slot: nobody else is given it."""
    caller.require(*OWNERS)
    order.patient.refuse_national_numbers()
    order.patient.refuse_unborn(await database_now(session))
    patient = order.patient.model_dump(mode="json")
    return await once(lambda: app.take_own_patient(session, caller, wiring.vault, slot_id, patient))


@routes.post("/bookings/own-patients")
async def read_own_patients(
    caller: CallerDep, session: SessionDep, wiring: WiringDep, order: OwnPatients
) -> list[OwnComer]:
    """Initials and age of the patients that practitioners entered themselves, of those whom one receives."""
    caller.require(*OWNERS)
    found = await app.find_own_patients(session, caller, wiring.vault, order.booking_ids)
    now = await database_now(session)
    return [
        OwnComer(booking_id=key, initials=initials_of(each.get("name", "")), age=age_of(each.get("birth_date"), now))
        for key, each in found.items()
    ]
