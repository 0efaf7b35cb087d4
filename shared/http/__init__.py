"""What every HTTP edge does alike: one transaction a request, problem+json, idempotency keys, who is asking.

The session dependency has scope "function": it commits before the answer leaves. This keyword is load-bearing.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Annotated, Any

import structlog
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.exceptions import HTTPException

from shared.auth import Caller, caller_of_machine, caller_of_session
from shared.db import AWAY, is_full, is_lost, run
from shared.db.tables import IdempotencyRow
from shared.http.doors import PROBLEM, answer_fault, guard, problem, problem_body
from shared.http.parts import find_part
from shared.http.store import claim_key, keep_answer
from shared.outside.asked import is_national_number
from shared.outside.nir import PatientNumberRefused
from shared.refusals import Invalid, KeyReused, NotAllowed, NotSignedIn, Refusal
from shared.settings import Settings
from shared.wiring import Wiring
from shared.wording.labels import Wording, language_of, wording

log = structlog.get_logger()
COOKIE = "aiguillage_session"
SECRETS = frozenset({"password", "totp", "code", "token", "patient"})
"""Fields whose value no answer repeats."""
MOST_FAULTS = 20
FULL_RETRY_S = 30
AWAY_NOW = "La base ne répond pas : réessayez avec la même Idempotency-Key."
READS = frozenset({"GET", "HEAD", "OPTIONS"})


def cookie_name(settings: Settings) -> str:
    """What the session's cookie is called: by HTTPS its name alone keeps it to this host and path (`__Host-`)."""
    return f"__Host-{COOKIE}" if settings.secure else COOKIE


ACCOUNT = "x-aiguillage-account"
"""For whom a page was made: what is typed there is not sent as somebody else who signed in over it."""


class DatabaseFull(Refusal):
    """La base n'a plus de place : rien n'a été enregistré. Prévenez qui exploite le service, puis réessayez."""

    code = "database_full"
    status = 503


class AnotherAccount(Refusal):
    """Une autre personne s'est connectée dans ce navigateur : rechargez la page."""

    code = "another_account"


def wiring_of(request: Request) -> Wiring:
    """The running service's wiring."""
    return find_part(request, Wiring)


async def the_wiring(request: Request) -> Wiring:
    """The same as a dependency: a plain function would be called in a thread, which costs more than most answers."""
    return wiring_of(request)


WiringDep = Annotated[Wiring, Depends(the_wiring)]


async def transaction(wiring: WiringDep) -> AsyncIterator[AsyncSession]:
    """The request's transaction."""
    async with wiring.open_session() as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(transaction, scope="function")]


def read_machine_token(request: Request) -> str:
    """The token that a machine shows, or nothing."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


async def who(request: Request, session: SessionDep, wiring: WiringDep) -> Caller:
    """Who is asking; the transaction is bound to what they may touch. Raises `NotSignedIn`, `NotAllowed`."""
    if token := read_machine_token(request):
        return await caller_of_machine(session, token)
    cookie = request.cookies.get(cookie_name(wiring.settings))
    if not cookie:
        raise NotSignedIn
    if request.method not in READS:
        require_own_origin(request.headers.get("origin"), wiring)
    caller = await caller_of_session(session, cookie)
    if request.headers.get(ACCOUNT, caller.id) != caller.id:
        raise AnotherAccount
    return caller


CallerDep = Annotated[Caller, Depends(who, scope="function")]


async def know_apart(request: Request, wiring: WiringDep) -> Caller:
    """Who is asking, known in a transaction that has ended, for handlers that open others: they hold one at a time."""
    async with wiring.open_session() as session:
        return await who(request, session, wiring)


CallerApartDep = Annotated[Caller, Depends(know_apart)]


def require_own_origin(origin: str | None, wiring: Wiring) -> None:
    """Refuse a page of another site: browsers always say where a write comes from."""
    if origin not in {wiring.settings.public_url, *wiring.settings.origins}:
        raise NotAllowed("Cette page n'est pas des nôtres.", field="Origin", value=origin, rule="allow-list")


class Once:
    """Answers a repeated request as the first time. Without an Idempotency-Key it simply runs."""

    def __init__(self, request: Request, session: AsyncSession, caller: Caller) -> None:
        """One per request."""
        self._request, self._session, self._caller = request, session, caller
        self.key = request.headers.get("idempotency-key")

    async def __call__(self, use_case: Callable[[], Awaitable[BaseModel]], *, status: int = 201) -> JSONResponse:
        """Run the use case, or repeat its answer; raises `KeyReused` when the key came with another content."""
        key = self.key
        if key is None:
            return JSONResponse((await use_case()).model_dump(mode="json"), status_code=status)
        if not 1 <= len(key) <= 200:
            raise Invalid(field="Idempotency-Key", rule="1 to 200 characters")
        content = f"{self._request.method} {self._request.url.path} ".encode() + await self._request.body()
        digest = hashlib.sha256(content).digest()
        mine = {"caller": self._caller.id, "key": key}
        first = await claim_key(self._session, **mine, request_hash=digest)
        if not first and (known := await self._find_known(mine, digest)):
            return known
        try:
            body = (await use_case()).model_dump(mode="json")
        except (Refusal, IntegrityError):
            # A rival with the same key, in the middle of waiting for another system, did it meanwhile.
            await self._session.rollback()
            if known := await self._find_known(mine, digest):
                return known
            raise
        await keep_answer(self._session, **mine, status=status, body=body)
        return JSONResponse(body, status_code=status)

    async def _find_known(self, mine: dict[str, str], digest: bytes) -> JSONResponse | None:
        """The answer of the first time; none if it never came to an end: what was begun is done again."""
        row = (await run(self._session, select(IdempotencyRow).filter_by(**mine))).one_or_none()
        if row is None:
            return None
        if row.request_hash != digest:
            raise KeyReused(field="Idempotency-Key", value=mine["key"])
        if row.body is None:
            return None
        return JSONResponse(row.body, status_code=row.status or 200, headers={"Idempotent-Replayed": "true"})


async def once(request: Request, session: SessionDep, caller: CallerDep) -> Once:
    """The idempotency of this request."""
    return Once(request, session, caller)


OnceDep = Annotated[Once, Depends(once, scope="function")]


def problem_of(refusal: Refusal, request: Request) -> dict[str, Any]:
    """What a refusal says, as problem+json has it, in the language of who asks."""
    extra = {key: value if isinstance(value, int | list) else str(value) for key, value in refusal.extra.items()}
    if "field" in extra:
        extra["label"] = wording(language_of(request.cookies)).field(str(extra["field"]))
    said = wording(language_of(request.cookies)).refuse(refusal)
    return problem_body(refusal.status, refusal.code, said, **extra)


async def _answer_refusal(request: Request, refusal: Exception) -> JSONResponse:
    assert isinstance(refusal, Refusal)  # noqa: S101  registered for this class only
    return answer_refusal(request, refusal)


def answer_refusal(request: Request, refusal: Refusal) -> JSONResponse:
    """The answer that says a refusal to a program."""
    answer = JSONResponse(problem_of(refusal, request), status_code=refusal.status, media_type=PROBLEM)
    if "retry_after" in refusal.extra:
        answer.headers["Retry-After"] = str(refusal.extra["retry_after"])
    return answer


async def _answer_malformed(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  registered for this class only
    words = wording(language_of(request.cookies))
    faults = [_fault_of(fault, error, words) for fault in error.errors()[:MOST_FAULTS]]
    said = "; ".join(words.say("rule.broken", field=fault["label"], rule=fault["rule"]) for fault in faults)
    numbers = any(is_national_number(fault) for fault in error.errors())
    code = PatientNumberRefused.code if numbers else "invalid"
    return problem(422, code, words.say("rule.fix", faults=said), errors=faults)


def _fault_of(fault: Mapping[str, Any], error: RequestValidationError, words: Wording) -> dict[str, str]:
    """What is wrong with a value; of what is no JSON at all, in which line and column it stops being."""
    if fault["type"] == "json_invalid":
        before = str(error.body)[: fault["loc"][-1]]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        rule = words.say("rule.json_invalid", line=line, column=column)
        return {"field": "body", "label": words.field("body"), "rule": rule, "value": ""}
    field = _readable(".".join(str(part) for part in fault["loc"][1:]) or str(fault["loc"][0]))
    rule = words.rule(fault["type"], fault.get("ctx", {}))
    return {"field": field, "label": words.field(field), "rule": rule, "value": _repeat(fault)}


def _repeat(fault: Mapping[str, Any]) -> str:
    """What was given, for whoever gave it: a single value only, and never a secret, a patient or a whole form."""
    given = fault.get("input")
    hidden = is_national_number(fault) or SECRETS & {str(part) for part in fault["loc"]}
    if hidden or not isinstance(given, str | int | float | bool | None):
        return ""
    return _readable(json.dumps(given, ensure_ascii=False))[:100]


def _readable(text: str) -> str:
    """The text, with what UTF-8 cannot write replaced."""
    return text.encode("utf-8", "replace").decode()


async def _http_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  registered for this class only
    answer = problem(error.status_code, "http", str(error.detail))
    answer.headers.update(error.headers or {})
    return answer


async def answer_database_away(request: Request, error: Exception) -> JSONResponse:
    """The problem that tells a caller to try again soon."""
    if is_full(error):
        log.error("database_full")
        return answer_refusal(request, DatabaseFull(retry_after=FULL_RETRY_S))
    log.error("database_away", error=type(error).__name__)
    answer = problem(503, "database_away", wording(language_of(request.cookies)).translate(AWAY_NOW))
    answer.headers["Retry-After"] = "1"
    return answer


async def _database_error(request: Request, error: Exception) -> JSONResponse:
    """Connections cut in mid-flight are no fault of ours; a true error stays a 500."""
    if is_lost(error) or is_full(error):
        return await answer_database_away(request, error)
    raise error


def answer_problems(app: FastAPI) -> None:
    """Turn every refusal, malformed request and lost database of `app` into problem+json, behind the door."""
    guard(app)
    app.add_exception_handler(Refusal, _answer_refusal)
    app.add_exception_handler(RequestValidationError, _answer_malformed)
    app.add_exception_handler(HTTPException, _http_error)
    for away in AWAY:
        app.add_exception_handler(away, answer_database_away)
    app.add_exception_handler(DBAPIError, _database_error)
    app.add_exception_handler(Exception, answer_fault)
