"""The routes of the FHIR interface. A write is one transaction; all see every CPTS; errors are OperationOutcomes."""

from collections.abc import AsyncIterator
from importlib.metadata import version
from typing import Annotated, Any, TypeVar
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.exceptions import HTTPException

from services.availability.interop.fhir import resources, terms
from services.availability.interop.fhir.bundle import searchset
from services.availability.interop.fhir.capability import capability_statement
from services.availability.interop.fhir.outcome import FhirRefusal, Malformed, Missing, Unknown, outcome
from services.availability.interop.fhir.query import (
    accept_format,
    accept_header,
    content_header,
    parse_identifier,
    parse_slot_query,
    query_pairs,
)
from services.availability.interop.fhir.reading import parse_resource
from services.availability.interop.fhir.reads import (
    Agenda,
    free_slot,
    free_slots,
    parse_schedule_key,
    practitioner_of,
    schedule_of,
)
from services.availability.interop.fhir.resources import Resource
from services.availability.interop.sas.access import admit
from services.availability.interop.sas.accounts import create_regulator, put_regulator, regulator_of
from services.availability.interop.sas.regulators import parse_regulator, regulator
from services.availability.interop.sas.settings import SasSettings
from shared.db import AWAY, Scope, is_full, is_lost, set_scope
from shared.http import SessionDep, WiringDep
from shared.http.doors import guard
from shared.http.parts import find_part, give_parts
from shared.refusals import Refusal
from shared.wiring import Wiring

log = structlog.get_logger()
EDITION = "2026-11-21"
EVERYTHING = Scope(frozenset({"*"}))
Found = TypeVar("Found")


class FhirJson(JSONResponse):
    """A resource; always declared as FHIR's JSON, whatever was asked for."""

    media_type = terms.FHIR_JSON


async def sas_settings(request: Request) -> SasSettings:
    """The settings of this interface."""
    return find_part(request, SasSettings)


SasDep = Annotated[SasSettings, Depends(sas_settings)]


async def require_client(request: Request, sas: SasDep, wiring: WiringDep) -> None:
    """Refuse a client without a verified certificate, or that cannot read JSON."""
    admit(request, sas, demo=wiring.settings.demo)
    accept_header(request.headers.get("accept"))
    accept_format(value for key, value in query_pairs(_raw(request)) if key == "_format")


async def everything(session: SessionDep) -> AsyncIterator[AsyncSession]:
    """The request's transaction, open to every CPTS."""
    await set_scope(session, EVERYTHING)
    yield session


FhirSession = Annotated[AsyncSession, Depends(everything, scope="function")]
router = APIRouter(dependencies=[Depends(require_client)], default_response_class=FhirJson)


@router.get("/metadata")
async def metadata(sas: SasDep, wiring: WiringDep) -> FhirJson:
    """What this interface can do."""
    base = base_url(sas, wiring.settings.public_availability_url)
    return FhirJson(capability_statement(base=base, version=version("aiguillage"), date=EDITION))


@router.get("/Slot", response_class=FhirJson)
async def search_slots(request: Request, sas: SasDep, wiring: WiringDep) -> Response:
    """Free slots of professionals (INT_R01), with their CPTS when asked for (INT_R04)."""
    query = parse_slot_query(_raw(request))
    found = await free_slots(wiring.reader, query, agenda(sas, wiring.settings.public_url))
    bundle = searchset(found, query, base=base_url(sas, wiring.settings.public_availability_url), ig=sas.ig)
    return Response(bundle, media_type=terms.FHIR_JSON)


@router.get("/Slot/{slot_id}")
async def read_slot(slot_id: str, sas: SasDep, wiring: WiringDep) -> FhirJson:
    """One slot, as long as it is free."""
    found = await free_slot(wiring.reader, _uuid(slot_id), agenda(sas, wiring.settings.public_url))
    return FhirJson(resources.slot(_find(found), with_cpts=True))


@router.get("/Schedule/{schedule_id}")
async def read_schedule(schedule_id: str, wiring: WiringDep) -> FhirJson:
    """The agenda of one practitioner at one place."""
    key = _find(parse_schedule_key(schedule_id))
    return FhirJson(resources.schedule(_find(await schedule_of(wiring.reader, *key))))


@router.get("/Practitioner/{practitioner_id}")
async def read_practitioner(practitioner_id: str, session: FhirSession, wiring: WiringDep) -> FhirJson:
    """A professional of the directory, or a regulator's account."""
    key = _uuid(practitioner_id)
    found = await practitioner_of(wiring.reader, key)
    if found is not None:
        return FhirJson(resources.practitioner(found))
    return FhirJson(regulator(_find(await regulator_of(session, key)), id=str(key)))


@router.post("/Practitioner", status_code=201)
async def create_account(request: Request, session: FhirSession, sas: SasDep, wiring: WiringDep) -> FhirJson:
    """Open a regulator's account (INT_R02)."""
    value = parse_regulator(await _practitioner_sent(request))
    account_id = await create_regulator(session, value)
    location = f"{base_url(sas, wiring.settings.public_availability_url)}/Practitioner/{account_id}"
    return FhirJson(regulator(value, id=str(account_id)), status_code=201, headers={"Location": location})


@router.put("/Practitioner")
async def put_account(request: Request, session: FhirSession, sas: SasDep, wiring: WiringDep) -> FhirJson:
    """Open, change or disable the account that has this identifier (INT_R02)."""
    wanted = [value for key, value in query_pairs(_raw(request)) if key.lower() == "identifier"]
    if len(wanted) != 1:
        raise Missing("Dites quel compte : `?identifier=système|valeur`.", field="identifier", rule="1..1")
    system, number = parse_identifier(wanted[0])
    value = parse_regulator(await _practitioner_sent(request))
    account_id, is_new = await put_regulator(session, system, number, value)
    location = f"{base_url(sas, wiring.settings.public_availability_url)}/Practitioner/{account_id}"
    status = 201 if is_new else 200
    return FhirJson(regulator(value, id=str(account_id)), status_code=status, headers={"Location": location})


def base_url(sas: SasSettings, service_url: str) -> str:
    """The URL of this interface, without a final slash."""
    return (sas.base or f"{service_url}/fhir").rstrip("/")


def agenda(sas: SasSettings, public_url: str) -> Agenda:
    """Where regulators book. It already has a parameter: the SAS appends `&origin=…`."""
    return Agenda(sas.agenda_url or f"{public_url}/orienter?praticien={{rpps}}")


async def _practitioner_sent(request: Request) -> dict[str, Any]:
    content_header(request.headers.get("content-type"))
    return parse_resource(await request.body(), "Practitioner")


def _raw(request: Request) -> bytes:
    raw: bytes = request.scope["query_string"]
    return raw


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Unknown(field="id", value=text[:64]) from None


def _find(value: Found | None) -> Found:
    if value is None:
        raise Unknown
    return value


async def _answer_refusal(_request: Request, refusal: Exception) -> FhirJson:
    assert isinstance(refusal, Refusal)  # noqa: S101  registered for this class only
    return FhirJson(outcome(refusal), status_code=refusal.status)


async def _http_error(_request: Request, error: Exception) -> FhirJson:
    assert isinstance(error, HTTPException)  # noqa: S101  registered for this class only
    refusal = Unknown("Cette adresse n'existe pas.") if error.status_code == 404 else Malformed(str(error.detail))
    return FhirJson(outcome(refusal), status_code=error.status_code, headers=error.headers)


class DatabaseAway(FhirRefusal):
    """La base ne répond pas : réessayez."""

    code = "fhir_database_away"
    status = 503
    issue = "transient"


async def _database_away(_request: Request, error: Exception) -> FhirJson:
    log.error("database_away", error=type(error).__name__)
    return FhirJson(outcome(DatabaseAway()), status_code=503, headers={"Retry-After": "1"})


async def _database_error(request: Request, error: Exception) -> FhirJson:
    """Connections cut in mid-flight surface as plain DBAPIError; a true error of ours stays a 500."""
    if is_lost(error) or is_full(error):
        return await _database_away(request, error)
    return await _answer_failure(request, error)


async def _answer_failure(_request: Request, error: Exception) -> FhirJson:
    """Our own fault: said without any detail, which goes to the log."""
    log.error("fhir_failed", error=type(error).__name__)
    issue: Resource = {"severity": "fatal", "code": "exception", "details": {"text": "Erreur interne."}}
    return FhirJson({"resourceType": "OperationOutcome", "issue": [issue]}, status_code=500)


def build_fhir(wiring: Wiring, sas: SasSettings) -> FastAPI:
    """The FHIR interface, to be mounted under `/fhir`."""
    app = FastAPI(title="Aiguillage — FHIR R4 pour le SAS", openapi_url="/openapi.json", docs_url=None, redoc_url=None)
    give_parts(app, wiring, sas)
    app.include_router(router)
    answer_outcomes(app)
    return app


def answer_outcomes(app: FastAPI) -> None:
    """Turn every refusal, lost database and fault of `app` into an OperationOutcome, behind the door."""
    guard(app, fhir=True)
    app.add_exception_handler(Refusal, _answer_refusal)
    app.add_exception_handler(HTTPException, _http_error)
    for away in AWAY:
        app.add_exception_handler(away, _database_away)
    app.add_exception_handler(DBAPIError, _database_error)
    app.add_exception_handler(Exception, _answer_failure)
