"""Practitioners' agendas: the one we follow, and the one we offer at a secret address."""

import hashlib
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field

from services.availability import orders
from services.availability.api.slots import WRITERS
from services.availability.app.memberships import require_sole
from services.availability.interop.agendas import following as ical
from services.availability.interop.agendas.writing import agenda
from shared.http import CallerDep, SessionDep, WiringDep
from shared.http.caching import same
from shared.outside.asked import LINE

routes = APIRouter(tags=["agendas"])
CALENDAR = "text/calendar; charset=utf-8"


class AgendaToFollow(orders.Order):
    """The address of an agenda to follow."""

    url: Annotated[str, Field(min_length=8, max_length=2000), LINE]


class AgendaState(BaseModel):
    """When the agenda was last read, and why not since. Of its address, which is a secret, the server alone is said.

    `left_out`: how many of its events could not be read; the others close slots.
    """

    read_at: datetime | None
    error: str
    host: str
    left_out: int


class OfferedAgenda(BaseModel):
    """Where to subscribe; said once."""

    url: str


@routes.put("/practitioners/{practitioner_id}/agenda", status_code=204)
async def follow(
    caller: CallerDep, session: SessionDep, wiring: WiringDep, practitioner_id: UUID, order: AgendaToFollow
) -> Response:
    """Follow an agenda: what it is busy with closes slots."""
    caller.require(*WRITERS)
    await require_sole(session, caller, practitioner_id)
    await ical.set_feed(session, wiring.vault, practitioner_id, order.url, demo=wiring.settings.demo)
    return Response(status_code=204)


@routes.get("/practitioners/{practitioner_id}/agenda")
async def state(caller: CallerDep, session: SessionDep, wiring: WiringDep, practitioner_id: UUID) -> AgendaState:
    """How the followed agenda is doing."""
    caller.require(*WRITERS)
    caller.require_practitioner(practitioner_id)
    row = await ical.feed_of(session, practitioner_id)
    host = ical.host_of(wiring.vault, row)
    return AgendaState(read_at=row.read_at, error=row.error, host=host, left_out=row.left_out)


@routes.delete("/practitioners/{practitioner_id}/agenda", status_code=204)
async def unfollow(caller: CallerDep, session: SessionDep, practitioner_id: UUID) -> Response:
    """Follow no agenda any more."""
    caller.require(*WRITERS)
    await require_sole(session, caller, practitioner_id)
    await ical.drop_feed(session, practitioner_id)
    return Response(status_code=204)


@routes.post("/practitioners/{practitioner_id}/agenda/address", status_code=201)
async def offer(caller: CallerDep, session: SessionDep, wiring: WiringDep, practitioner_id: UUID) -> OfferedAgenda:
    """A new secret address of the practitioner's slots; the former one ends."""
    caller.require(*WRITERS)
    await require_sole(session, caller, practitioner_id)
    key = await ical.new_key(session, practitioner_id)
    return OfferedAgenda(url=f"{wiring.settings.public_availability_url}/agenda/{key}.ics")


@routes.head("/agenda/{key}.ics", response_class=Response, include_in_schema=False)
@routes.get("/agenda/{key}.ics", response_class=Response)
async def read_subscription(
    request: Request, session: SessionDep, key: Annotated[str, Path(max_length=100)]
) -> Response:
    """The slots that a secret address opens."""
    content = agenda(await ical.slots_for_key(session, key))
    headers = {"etag": f'"{hashlib.sha256(content).hexdigest()[:32]}"', "cache-control": "private, max-age=60"}
    if same(request.headers.get("if-none-match"), headers["etag"]):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=CALENDAR, headers=headers)
