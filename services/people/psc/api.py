"""The way in and out through Pro Santé Connect. What must survive the round trip is in sealed, short-lived cookies."""

import base64
import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

import httpx
from fastapi import APIRouter, Depends, FastAPI, Form, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.exceptions import HTTPException

from services.people.psc.identity import parse_identity
from services.people.psc.oidc import (
    Attempt,
    Client,
    Provider,
    ProviderAway,
    SignInRefused,
    authorization_url,
    complete,
    logout_url,
    new_attempt,
)
from services.people.psc.provider import KnownProvider
from services.people.psc.ways import Standing, account_of, ways_of
from services.people.signin import end_former, set_cookie
from shared.auth import Role, sign_in, sign_out
from shared.auth.passes import Purpose, pass_for, spend_pass
from shared.db.tables import AccountRow
from shared.http import (
    CallerDep,
    SessionDep,
    WiringDep,
    answer_problems,
    cookie_name,
    require_own_origin,
    wiring_of,
)
from shared.http.doors import problem
from shared.http.parts import find_part, give_parts
from shared.patients.vault import KeyLost, Vault
from shared.refusals import NotFound, Refusal
from shared.web.entrance import own_path
from shared.web.headers import SecurityHeaders
from shared.wiring import Wiring
from shared.wording.labels import language_of, wording

UNDER_WAY, CHOOSING, SESSION_THERE = "aiguillage_psc", "aiguillage_psc_choice", "aiguillage_psc_session"
LIFE_S, CHOICE_S, TABS = 600, 300, 4
LONGEST_COOKIE = 3800
MISSING = "Cette adresse n'existe pas, ou ne s'ouvre pas ainsi."
ILLEGIBLE = "Cette demande est illisible : reprenez depuis la page de connexion."
routes = APIRouter(include_in_schema=False)
pages = Environment(loader=PackageLoader("services.people.psc"), autoescape=True)


class Cancelled(SignInRefused):
    """Vous n'êtes pas connecté : rien ne s'est passé. Reprenez quand vous voulez, ou entrez avec votre mot de passe."""

    code = "sign_in_cancelled"


async def there(request: Request) -> tuple[httpx.AsyncClient, Provider, Client]:
    """The provider, read once; raises `NotFound` when there is none, `ProviderAway`."""
    known = find_part(request, KnownProvider)
    provider = await known.read()
    return known.http, provider, known.settings.client(wiring_of(request).settings.public_url)


ThereDep = Annotated[tuple[httpx.AsyncClient, Provider, Client], Depends(there)]


@routes.get("/")
async def leave(
    request: Request, there: ThereDep, wiring: WiringDep, suite: Annotated[str, Query(max_length=500)] = "/"
) -> Response:
    """Send the browser to the provider; it comes back to `suite` in the end."""
    _, provider, client = there
    attempt = new_attempt()
    answer = RedirectResponse(authorization_url(provider, client, attempt), 303)
    # One for each tab: whoever began twice may come back in either.
    for former in sorted(name for name in request.cookies if name.startswith(f"{UNDER_WAY}-"))[TABS - 1 :]:
        answer.delete_cookie(former, path="/psc")
    keep(answer, wiring, under_way(attempt.state), {**asdict(attempt), "onward": own_path(suite)})
    return answer


def under_way(state: str) -> str:
    """The cookie of the sign-in that bears this state."""
    return f"{UNDER_WAY}-{hashlib.sha256(state.encode()).hexdigest()[:16]}"


@routes.get("/retour")
async def come_back(request: Request, wiring: WiringDep, there: ThereDep) -> Response:
    """Check what the provider says, and open a session; ask for which activity when there are several."""
    cookie = under_way(request.query_params.get("state", ""))
    kept = read_kept(request, wiring.vault, cookie)
    onward = kept.pop("onward")
    http, provider, client = there
    if gone := request.query_params.get("error"):
        raise Cancelled(field="error", value=gone[:60], rule="signed in at the provider")
    came = await complete(http, provider, client, Attempt(**kept), dict(request.query_params))
    identity = parse_identity(came.userinfo)
    # The provider has answered: no connection was held while it was waited for.
    async with wiring.open_session() as session:
        standing, subject = find_part(request, Standing), f"{came.issuer}|{came.subject}"
        account_id = await account_of(session, standing, identity, subject=subject)
        ways = await ways_of(session, account_id, identity)
        answer: Response
        if len(ways) > 1:
            answer = HTMLResponse(pages.get_template("choose.html").render(ways=ways))
            choices = {"account": str(account_id), "roles": [way.role for way in ways], "onward": onward}
            token = await pass_for(session, Purpose.ACTIVITY, account_id, choices, life=timedelta(seconds=CHOICE_S))
            keep(answer, wiring, CHOOSING, {"pass": token}, life_s=CHOICE_S)
        else:
            answer = await open_session(request, session, wiring, account_id, ways[0].role, onward)
    answer.delete_cookie(cookie, path="/psc")
    keep(answer, wiring, SESSION_THERE, {"id_token": came.id_token}, life_s=wiring.settings.session_hours * 3600)
    return answer


@routes.post("/choix")
async def choose(
    request: Request, session: SessionDep, wiring: WiringDep, choice: Annotated[int, Form(ge=0, le=100)]
) -> Response:
    """Open a session for the chosen activity."""
    require_own_origin(request.headers.get("origin"), wiring)
    shown = await spend_pass(session, Purpose.ACTIVITY, read_kept(request, wiring.vault, CHOOSING)["pass"])
    if shown is None:
        raise SignInRefused(field="cookie", rule=CHOOSING)
    kept = shown.body
    if choice >= len(kept["roles"]):
        raise SignInRefused(field="choice", value=choice, rule="one of those shown")
    answer = await open_session(
        request, session, wiring, UUID(kept["account"]), Role(kept["roles"][choice]), kept["onward"]
    )
    answer.delete_cookie(CHOOSING, path="/psc")
    return answer


@routes.post("/sortie")
async def go_out(request: Request, caller: CallerDep, session: SessionDep, wiring: WiringDep) -> Response:
    """End our session, then the provider's if it opened one here."""
    await sign_out(session, caller)
    away = f"{wiring.settings.public_url}/connexion"
    if SESSION_THERE in request.cookies:
        with suppress(SignInRefused, ProviderAway, NotFound):
            _, provider, client = await there(request)
            known = read_kept(request, wiring.vault, SESSION_THERE)
            away = logout_url(provider, client, id_token=known["id_token"], back_to=away)
    # A script asks where to go on: a form that is sent elsewhere is refused by our own pages' policy.
    by_script = "application/json" in request.headers.get("accept", "")
    answer: Response = JSONResponse({"url": away}) if by_script else RedirectResponse(away, 303)
    answer.delete_cookie(cookie_name(wiring.settings), path="/", secure=wiring.settings.secure)
    answer.delete_cookie(SESSION_THERE, path="/psc")
    return answer


async def open_session(
    request: Request, session: AsyncSession, wiring: Wiring, account_id: UUID, role: Role, onward: str
) -> Response:
    """The session of an account in a role, and where it goes."""
    account = await session.get_one(AccountRow, account_id)
    await end_former(session, request, wiring)
    token, _ = await sign_in(session, account, role=role, hours=wiring.settings.session_hours)
    answer = RedirectResponse(onward, 303)
    set_cookie(answer, wiring, token)
    return answer


async def _answer_refusal(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)  # noqa: S101  registered for this class only
    said = wording(language_of(request.cookies)).refuse(refusal)
    return _say(request, refusal.status, refusal.code, said, **refusal.extra)


async def _missing(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  registered for this class only
    return _say(request, error.status_code, "http", wording(language_of(request.cookies)).translate(MISSING))


async def _unreadable(request: Request, _error: Exception) -> Response:
    return _say(request, 422, "invalid", wording(language_of(request.cookies)).translate(ILLEGIBLE))


def _say(request: Request, status: int, code: str, detail: str, **extra: Any) -> Response:
    """A page for a person, a problem for a program."""
    if "text/html" in request.headers.get("accept", ""):
        return HTMLResponse(pages.get_template("refused.html").render(detail=detail), status_code=status)
    return problem(status, code, detail, **{key: str(value) for key, value in extra.items()})


def keep(answer: Response, wiring: Wiring, name: str, value: Mapping[str, Any], *, life_s: int = LIFE_S) -> None:
    """Let the browser keep a value that it can neither read nor change; one too long for a cookie is not kept."""
    sealed = base64.urlsafe_b64encode(wiring.vault.seal(value, cpts_id="psc", row_id=name)).decode()
    if len(sealed) <= LONGEST_COOKIE:
        secure = wiring.settings.secure
        answer.set_cookie(name, sealed, max_age=life_s, path="/psc", httponly=True, samesite="lax", secure=secure)


def read_kept(request: Request, vault: Vault, name: str) -> dict[str, Any]:
    """What the browser kept; raises `SignInRefused` when it is gone or was changed."""
    try:
        sealed = base64.urlsafe_b64decode(request.cookies.get(name, ""))
        return vault.open(sealed, cpts_id="psc", row_id=name)
    except (ValueError, KeyLost):
        raise SignInRefused(field="cookie", rule=name) from None


def build_psc(wiring: Wiring, provider: KnownProvider, standing: Standing) -> FastAPI:
    """The application to mount at `/psc` of the public address; the directory says who somebody is."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    give_parts(app, wiring, provider, standing)
    answer_problems(app)
    app.add_exception_handler(Refusal, _answer_refusal)
    app.add_exception_handler(HTTPException, _missing)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.include_router(routes)
    app.add_middleware(SecurityHeaders, https=wiring.settings.secure)
    return app
