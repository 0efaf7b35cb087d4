"""The routes of the booking interface. Each is one transaction of its caller; each refusal is an OperationOutcome."""

import json
from importlib.metadata import version
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import RootModel
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.interop.fhir.outcome import Malformed, outcome
from services.availability.interop.fhir.query import content_header, query_pairs
from services.availability.interop.fhir.reading import parse_resource
from services.availability.interop.fhir.resources import Resource
from services.availability.interop.ihe import finding, taking
from services.availability.interop.ihe.existing import parse_existing
from services.availability.interop.ihe.parameters import (
    Pairs,
    pairs_of,
    parse_order,
    parse_search,
    uuid_of,
)
from services.availability.interop.ihe.resources import (
    appointment,
    capability,
    refuse,
    searchset,
    unavailable,
)
from services.availability.interop.sas.api import EDITION, FhirJson, answer_outcomes
from shared.auth import Caller
from shared.db.clock import zone_at
from shared.http import CallerDep, OnceDep, SessionDep, WiringDep
from shared.http.doors import describe
from shared.http.parts import give_parts
from shared.refusals import Refusal
from shared.wiring import Wiring

router = APIRouter(default_response_class=FhirJson)
Said = RootModel[dict[str, Any]]


@router.get("/metadata")
async def metadata(wiring: WiringDep) -> FhirJson:
    """What this interface can do."""
    return FhirJson(capability(base=_base(wiring), version=version("aiguillage"), date=EDITION))


@router.get("/Appointment/$find")
async def find(request: Request, caller: CallerDep, session: SessionDep, wiring: WiringDep) -> FhirJson:
    """Appointments that could be had (ITI-115), asked by a query string."""
    return await _find(session, caller, query_pairs(request.scope["query_string"]), wiring)


@router.post("/Appointment/$find")
async def find_posted(request: Request, caller: CallerDep, session: SessionDep, wiring: WiringDep) -> FhirJson:
    """Appointments that could be had (ITI-115), asked by `Parameters`."""
    return await _find(session, caller, pairs_of(await _parameters(request)), wiring)


async def _clocks(session: AsyncSession, caller: Caller) -> ZoneInfo:
    """By which clocks a caller says a day or an hour: those of their territory."""
    return await zone_at(session, min(caller.cpts, default=""))


async def _find(session: AsyncSession, caller: Caller, pairs: Pairs, wiring: Wiring) -> FhirJson:
    caller.require(*taking.HOLDERS)
    search = parse_search(pairs, await _clocks(session, caller))
    found, total = await finding.free(session, caller, search)
    return FhirJson(searchset(found, total=total, base=_base(wiring)))


@router.post("/Appointment/$hold")
async def hold(request: Request, caller: CallerDep, session: SessionDep, once: OnceDep) -> JSONResponse:
    """Keep a proposed appointment for some minutes (ITI-116)."""
    caller.require(*taking.HOLDERS)
    order = parse_order(await _parameters(request))

    async def use_case() -> Said:
        booking_id = await taking.hold(session, caller, order)
        return Said(appointment(await finding.one(session, caller, booking_id)))

    return _fhir(await once(use_case, status=200))


@router.post("/Appointment/$book")
async def book(
    request: Request, caller: CallerDep, session: SessionDep, once: OnceDep, wiring: WiringDep
) -> JSONResponse:
    """Take, move or cancel an appointment (ITI-117)."""
    caller.require(*taking.HOLDERS)
    order = parse_order(await _parameters(request))

    async def use_case() -> Said:
        booking_id = await taking.book(session, caller, wiring.vault, order)
        return Said(searchset([await finding.one(session, caller, booking_id)], total=1, base=_base(wiring)))

    return _fhir(await once(use_case, status=200))


@router.get("/Appointment")
async def search(request: Request, caller: CallerDep, session: SessionDep, wiring: WiringDep) -> FhirJson:
    """Appointments that are there (ITI-118)."""
    return await _search(
        session, caller, query_pairs(request.scope["query_string"]), wiring, strict=_is_strict(request)
    )


@router.post("/Appointment/_search")
async def search_posted(request: Request, caller: CallerDep, session: SessionDep, wiring: WiringDep) -> FhirJson:
    """Appointments that are there (ITI-118), asked by a form."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Malformed("Envoyez un formulaire.", field="Content-Type", rule="application/x-www-form-urlencoded")
    return await _search(session, caller, query_pairs(await request.body()), wiring, strict=_is_strict(request))


async def _search(session: AsyncSession, caller: Caller, pairs: Pairs, wiring: Wiring, *, strict: bool) -> FhirJson:
    caller.require(*taking.HOLDERS)
    if any(key.partition(".")[0].partition(":")[0] == "patient" for key, _ in pairs):
        said = "Aucun patient n'est connu ici : cherchez par date, praticien ou statut."
        return FhirJson(searchset([], total=0, base=_base(wiring), said=said))
    wanted = parse_existing(pairs, await _clocks(session, caller), strict=strict)
    found, total = await finding.existing(session, caller, wanted)
    links = {"self": _address(wiring, pairs, wanted.offset)}
    if wanted.count and wanted.offset + len(found) < total:
        links["next"] = _address(wiring, pairs, wanted.offset + len(found))
    return FhirJson(searchset(found, total=total, base=_base(wiring), links=links))


def _address(wiring: Wiring, pairs: Pairs, offset: int) -> str:
    """The same search, from another place of its list."""
    said = [pair for pair in pairs if pair[0] != "_offset"]
    return f"{_base(wiring)}/Appointment?{urlencode([*said, *([('_offset', str(offset))] if offset else [])])}"


def _is_strict(request: Request) -> bool:
    """Whether the caller wants unknown parameters refused rather than left out (FHIR R4 3.1.1.3)."""
    return "handling=strict" in request.headers.get("prefer", "").replace(" ", "").lower()


@router.get("/Appointment/{appointment_id}")
async def read(caller: CallerDep, session: SessionDep, appointment_id: str) -> FhirJson:
    """One appointment that is held or booked."""
    caller.require(*taking.HOLDERS)
    key: UUID = uuid_of(appointment_id, "id")
    return FhirJson(appointment(await finding.one(session, caller, key)))


async def _parameters(request: Request) -> Resource:
    content_header(request.headers.get("content-type"))
    return parse_resource(await request.body(), "Parameters")


def _base(wiring: Wiring) -> str:
    return f"{wiring.settings.public_availability_url}/booking".rstrip("/")


def _fhir(answer: JSONResponse) -> FhirJson:
    """The same answer, declared as FHIR's JSON."""
    replayed = {name: value for name, value in answer.headers.items() if name == "idempotent-replayed"}
    return FhirJson(json.loads(bytes(answer.body)), status_code=answer.status_code, headers=replayed)


async def _answer_refusal(request: Request, refusal: Exception) -> FhirJson:
    """An OperationOutcome; `$book` has it in a bundle."""
    assert isinstance(refusal, Refusal)  # noqa: S101  registered for this class only
    whole = outcome(refusal)
    if request.url.path.endswith("/$book"):
        whole = refuse(unavailable(refusal) if isinstance(refusal, taking.GONE) else whole)
    elif request.url.path.endswith("/$hold") and isinstance(refusal, taking.GONE):
        whole = unavailable(refusal)
    return FhirJson(whole, status_code=refusal.status)


def build_booking(wiring: Wiring) -> FastAPI:
    """The booking interface, to be mounted under `/booking`."""
    app = FastAPI(title="Aiguillage — réservation (IHE FHIR Scheduling)", **describe(wiring.settings))
    give_parts(app, wiring)
    app.include_router(router)
    answer_outcomes(app)
    app.add_exception_handler(Refusal, _answer_refusal)
    return app
