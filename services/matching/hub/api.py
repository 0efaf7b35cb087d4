"""The SAMU hub's messages, as a connector brings them from its queue and takes the answers back."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.hub import messages
from services.matching.hub.directory import HubDirectory
from services.matching.hub.intake import HubDesk
from services.matching.hub.schemas import HubSchemas
from services.matching.hub.settings import HubSettings
from services.matching.hub.store.cases import HubCaseRow
from services.matching.hub.store.mail import HubOutgoingRow
from services.matching.hub.telling import Telling, tell, telling_of
from services.matching.sameday.store.tables import RequestRow
from shared.auth import Role
from shared.db import database_now, waiting_elsewhere
from shared.http import CallerDep, SessionDep, WiringDep
from shared.http.parts import find_part
from shared.refusals import NotFound

routes = APIRouter(tags=["hub"])
CaseId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.-]{1,200}$")]


class HubOff(NotFound):
    """Le hub n'est pas configuré ici : donnez le dossier de ses schémas (AIGUILLAGE_HUB_SCHEMAS)."""

    code = "hub_off"


@dataclass(frozen=True, slots=True)
class HubDoor:
    """How we speak with the hub: by its schemas, when they are there."""

    settings: HubSettings
    schemas: HubSchemas | None


def open_hub_door(settings: HubSettings) -> HubDoor:
    """The door that these settings open."""
    return HubDoor(settings, HubSchemas(settings.schemas) if settings.schemas else None)


def hub_of(request: Request) -> tuple[HubSettings, HubSchemas]:
    """How we speak with the hub; raises `HubOff`."""
    door = find_part(request, HubDoor)
    if door.schemas is None:
        raise HubOff
    return door.settings, door.schemas


HubDep = Annotated[tuple[HubSettings, HubSchemas], Depends(hub_of)]


class UnsentMessage(BaseModel):
    """A message that the hub has not taken yet: how often it was tried, and what went wrong last."""

    id: str
    recipient: str
    kind: str
    created_at: AwareDatetime
    tries: int
    error: str


@routes.post("/hub/messages", response_class=JSONResponse)
async def take_in(
    request: Request,
    caller: CallerDep,
    session: SessionDep,
    wiring: WiringDep,
    hub: HubDep,
    cpts_id: Annotated[str | None, Query(pattern=r"^[0-9AB]{9}$")] = None,
) -> Response:
    """Take a message in; the answer is the message to send back (RC-REF, or RS-ERROR with 422), if one is due."""
    caller.require(Role.MACHINE)
    settings, schemas = hub
    finess = cpts_id or caller.only_cpts()
    caller.require_cpts(finess)
    desk = HubDesk(caller, finess, wiring.vault, schemas)
    answer, _ = await desk.take_in(session, messages.parse_message(await request.body()))
    if answer is None:
        return Response(status_code=204)
    body = messages.envelope(answer, us=settings.sender, now=await database_now(session))
    return JSONResponse(body, status_code=422 if answer.kind == "Error" else 200)


@routes.post("/hub/cases/{case_id}/appointment", response_class=JSONResponse)
async def tell_appointment(
    request: Request, case_id: CaseId, caller: CallerDep, session: SessionDep, hub: HubDep
) -> JSONResponse:
    """The RS-SAS-RDV to send to who sent the case, as its appointment now stands; raises `NotFound` before."""
    caller.require(Role.MACHINE)
    settings, _ = hub
    directory = find_part(request, HubDirectory)
    _, row, telling = await _appointment(session, case_id)
    named, served = telling.slot_id if row.practitioner_id else None, None
    if named:
        async with waiting_elsewhere(session):
            served = await directory.find_served(row.cpts_id, named)
    case, row, telling = await _appointment(session, case_id)
    if telling.slot_id != named:
        served = None  # it changed meanwhile: told without a name, as when the directory is away
    told = await tell(session, case, row, telling, settings.regulator, served)
    return JSONResponse(messages.envelope(told, us=settings.sender, now=await database_now(session)))


async def _appointment(session: AsyncSession, case_id: str) -> tuple[HubCaseRow, RequestRow, Telling]:
    """A case, its request and what is to be told of it as they stand now; the case is locked. Raises `NotFound`."""
    case = await session.get(HubCaseRow, case_id, with_for_update=True, populate_existing=True)
    row = await session.get(RequestRow, case.request_id, populate_existing=True) if case and case.request_id else None
    telling = telling_of(case, row) if case and row else None
    if case is None or row is None or telling is None:
        raise NotFound("Ce dossier n'a pas de rendez-vous.")
    return case, row, telling


@routes.get("/hub/waiting")
async def waiting(caller: CallerDep, session: SessionDep) -> list[UnsentMessage]:
    """What the line to the hub has not sent yet, oldest first."""
    caller.require(Role.COORDINATOR, Role.MACHINE)
    rows = (await session.exec(select(HubOutgoingRow).order_by(col(HubOutgoingRow.id)).limit(500))).all()
    return [
        UnsentMessage(id=str(row.message_id), **row.model_dump(include=set(UnsentMessage.model_fields) - {"id"}))
        for row in rows
    ]
