"""The SAMU hub's messages, as a connector brings them from its queue and takes the answers back."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.app.asking import submit_request
from services.matching.app.intake import RequestForm
from services.matching.edges import hub_messages as messages
from services.matching.edges.hub_messages import Case, HubRefusal, Received
from services.matching.edges.hub_schemas import HubSchemas, HubSettings
from services.matching.store.hub_cases import HubCaseRow, belongs_to, first_time
from services.matching.store.tables import RequestRow
from shared.auth import Caller, Role
from shared.contracts import RequestState
from shared.db import database_now
from shared.http import CallerDep, SessionDep, WiringDep
from shared.patients import Patient
from shared.refusals import NotFound, Refusal
from shared.vault import Vault

routes = APIRouter(tags=["hub"])
LARGEST = 1_000_000
CaseId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.-]{1,200}$")]
STATUS = {
    RequestState.CONFIRMED: "booked",
    RequestState.HONOURED: "fulfilled",
    RequestState.NO_SHOW: "noshow",
    RequestState.CANCELLED: "cancelled",
}


class HubOff(NotFound):
    """Le hub n'est pas configuré ici : donnez le dossier de ses schémas (AIGUILLAGE_HUB_SCHEMAS)."""

    code = "hub_off"


def hub_of(request: Request) -> tuple[HubSettings, HubSchemas]:
    """How we speak with the hub; raises `HubOff`."""
    settings: HubSettings = request.app.state.hub_settings
    schemas: HubSchemas | None = request.app.state.hub_schemas
    if schemas is None:
        raise HubOff
    return settings, schemas


HubDep = Annotated[tuple[HubSettings, HubSchemas], Depends(hub_of)]


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
    sent = _json(await request.body())
    message = messages.received(sent)
    now = await database_now(session)
    if message.use_case in (messages.ACKNOWLEDGEMENT, messages.ERROR):
        return Response(status_code=204)
    causes = schemas.faults(sent, message)
    case = messages.case_of(message.body) if message.use_case == messages.CASE and not causes else None
    ours = case is not None and case.perimeter == messages.UNSCHEDULED
    if case is not None and ours:
        causes = await _make_request(session, caller, wiring.vault, message, case, cpts_id)
    if causes:
        return JSONResponse(messages.rejection(message, causes, us=settings.sender, now=now), status_code=422)
    return JSONResponse(messages.acknowledgement(message, us=settings.sender, now=now, refused=not ours))


@routes.post("/hub/cases/{case_id}/appointment", response_class=JSONResponse)
async def tell_appointment(case_id: CaseId, caller: CallerDep, session: SessionDep, hub: HubDep) -> JSONResponse:
    """The RS-SAS-RDV to send to who sent the case, as its appointment now stands; raises `NotFound` before."""
    caller.require(Role.MACHINE)
    settings, _ = hub
    case = await session.get(HubCaseRow, case_id, with_for_update=True)
    row = await session.get(RequestRow, case.request_id) if case and case.request_id else None
    status = STATUS.get(RequestState(row.state)) if row else None
    if case is None or row is None or status is None or row.starts_at is None:
        raise NotFound("Ce dossier n'a pas de rendez-vous.")
    now = await database_now(session)
    body = messages.appointment(
        str(row.id),
        status,
        starts_at=row.starts_at,
        created_at=row.submitted_at,
        regulator=settings.regulator,
        first=case.told == "",
    )
    kind = "Update" if case.told else "Report"
    case.told = status
    session.add(case)
    return JSONResponse(
        messages.envelope({messages.APPOINTMENT: body}, us=settings.sender, to=case.sender, kind=kind, now=now)
    )


async def _make_request(
    session: AsyncSession, caller: Caller, vault: Vault, message: Received, case: Case, cpts_id: str | None
) -> list[str]:
    """Make a request of a case, once; answers what is wrong with it. Either everything is written or nothing."""
    try:
        form = _form(case, cpts_id or caller.only_cpts())
        async with session.begin_nested():
            if await first_time(session, case.case_id, cpts_id=str(form.cpts_id), sender=message.sender):
                row = await submit_request(session, caller, vault, form)
                await belongs_to(session, case.case_id, row.id)
    except ValidationError as error:
        return [f"{'.'.join(map(str, fault['loc'])) or 'location'}: {fault['type']}" for fault in error.errors()]
    except Refusal as refusal:
        return [f"{refusal.extra.get('field', 'message')}: {refusal.extra.get('rule', refusal.code)}"]
    return []


def _form(case: Case, cpts_id: str) -> RequestForm:
    patient = Patient(name=case.name, phone=case.phone, birth_date=case.birth_date)
    form: dict[str, Any] = {
        "cpts_id": cpts_id,
        "insee": case.insee or None,
        "point": {"lat": case.point[0], "lon": case.point[1]} if case.point else None,
        "urgency": case.urgency,
        "motive": "other",
        "professions": list(case.professions),
        "modes": list(case.modes),
        "age": case.age,
        "source": "sas",
        "patient": patient if case.name or case.phone or case.birth_date else None,
    }
    return RequestForm.model_validate(form)


def _json(body: bytes) -> dict[str, Any]:
    if len(body) > LARGEST:
        raise HubRefusal(rule=f"at most {LARGEST} bytes")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise HubRefusal(field="body", rule="JSON in UTF-8") from None
    if not isinstance(found, dict) or "\\u0000" in body.decode("utf-8", "replace"):
        raise HubRefusal(field="body", rule="an object, without NUL")
    return found
