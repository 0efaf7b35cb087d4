"""The way in and out through Pro Santé Connect. What must survive the round trip is in sealed, short-lived cookies."""

import base64
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

import httpx
from fastapi import APIRouter, Depends, FastAPI, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader
from sqlmodel.ext.asyncio.session import AsyncSession

from services.people.psc.identity import parse_identity
from services.people.psc.oidc import (
    Attempt,
    Client,
    Provider,
    SignInRefused,
    authorization_url,
    complete,
    discover,
    logout_url,
    new_attempt,
)
from services.people.psc.settings import PscSettings
from services.people.psc.ways import Standing, account_of, ways_of
from services.people.signin import set_cookie
from shared.auth import Role, sign_in, sign_out
from shared.db.tables import AccountRow
from shared.http import COOKIE, CallerDep, SessionDep, WiringDep, answer_problems, require_own_origin
from shared.outside.trust import authorities
from shared.patients.vault import KeyLost, Vault
from shared.refusals import NotFound
from shared.web.entrance import own_path
from shared.wiring import Wiring

UNDER_WAY, CHOOSING, SESSION_THERE = "aiguillage_psc", "aiguillage_psc_choice", "aiguillage_psc_session"
LIFE_S = 600
LONGEST_COOKIE = 3800
routes = APIRouter(include_in_schema=False)
pages = Environment(loader=PackageLoader("services.people.psc"), autoescape=True)


async def there(request: Request) -> tuple[httpx.AsyncClient, Provider, Client]:
    """The provider, read once; raises `NotFound` when there is none, `ProviderAway`."""
    state = request.app.state
    if not state.psc.discovery_url:
        raise NotFound("Pro Santé Connect n'est pas configuré ici.")
    if state.provider is None:
        state.provider = await discover(state.http, state.psc.discovery_url)
    return state.http, state.provider, state.psc.client(state.wiring.settings.public_url)


ThereDep = Annotated[tuple[httpx.AsyncClient, Provider, Client], Depends(there)]


@routes.get("/")
async def leave(there: ThereDep, wiring: WiringDep, suite: Annotated[str, Query(max_length=500)] = "/") -> Response:
    """Send the browser to the provider; it comes back to `suite` in the end."""
    _, provider, client = there
    attempt = new_attempt()
    answer = RedirectResponse(authorization_url(provider, client, attempt), 303)
    keep(answer, wiring, UNDER_WAY, {**asdict(attempt), "onward": own_path(suite)})
    return answer


@routes.get("/retour")
async def come_back(request: Request, session: SessionDep, wiring: WiringDep, there: ThereDep) -> Response:
    """Check what the provider says, and open a session; ask for which activity when there are several."""
    kept = kept_in(request, wiring.vault, UNDER_WAY)
    onward = kept.pop("onward")
    http, provider, client = there
    came = await complete(http, provider, client, Attempt(**kept), dict(request.query_params))
    identity = parse_identity(came.userinfo)
    account_id = await account_of(
        session, request.app.state.standing, identity, subject=f"{came.issuer}|{came.subject}"
    )
    ways = await ways_of(session, account_id, identity)
    answer: Response
    if len(ways) > 1:
        answer = HTMLResponse(pages.get_template("choose.html").render(ways=ways))
        choices = {"account": str(account_id), "roles": [way.role for way in ways], "onward": onward}
        keep(answer, wiring, CHOOSING, choices)
    else:
        answer = await opened(session, wiring, account_id, ways[0].role, onward)
    answer.delete_cookie(UNDER_WAY, path="/psc")
    keep(answer, wiring, SESSION_THERE, {"id_token": came.id_token}, life_s=wiring.settings.session_hours * 3600)
    return answer


@routes.post("/choix")
async def choose(
    request: Request, session: SessionDep, wiring: WiringDep, choice: Annotated[int, Form(ge=0, le=100)]
) -> Response:
    """Open a session for the chosen activity."""
    require_own_origin(request.headers.get("origin"), wiring)
    kept = kept_in(request, wiring.vault, CHOOSING)
    if choice >= len(kept["roles"]):
        raise SignInRefused(field="choice", value=choice, rule="one of those shown")
    answer = await opened(session, wiring, UUID(kept["account"]), Role(kept["roles"][choice]), kept["onward"])
    answer.delete_cookie(CHOOSING, path="/psc")
    return answer


@routes.post("/sortie")
async def go_out(
    request: Request, caller: CallerDep, session: SessionDep, wiring: WiringDep, there: ThereDep
) -> Response:
    """End our session, then the provider's."""
    _, provider, client = there
    await sign_out(session, caller)
    known = kept_in(request, wiring.vault, SESSION_THERE) if SESSION_THERE in request.cookies else {"id_token": ""}
    back_to = f"{wiring.settings.public_url}/connexion"
    answer = RedirectResponse(logout_url(provider, client, id_token=known["id_token"], back_to=back_to), 303)
    answer.delete_cookie(COOKIE, path="/")
    answer.delete_cookie(SESSION_THERE, path="/psc")
    return answer


async def opened(session: AsyncSession, wiring: Wiring, account_id: UUID, role: Role, onward: str) -> Response:
    """The session of an account in a role, and where it goes."""
    account = await session.get_one(AccountRow, account_id)
    token, _ = await sign_in(session, account, role=role, hours=wiring.settings.session_hours)
    answer = RedirectResponse(onward, 303)
    set_cookie(answer, wiring, token)
    return answer


def keep(answer: Response, wiring: Wiring, name: str, value: Mapping[str, Any], *, life_s: int = LIFE_S) -> None:
    """Let the browser keep a value that it can neither read nor change; one too long for a cookie is not kept."""
    sealed = base64.urlsafe_b64encode(wiring.vault.seal(value, cpts_id="psc", row_id=name)).decode()
    if len(sealed) <= LONGEST_COOKIE:
        secure = wiring.settings.cookie_secure and not wiring.settings.demo
        answer.set_cookie(name, sealed, max_age=life_s, path="/psc", httponly=True, samesite="lax", secure=secure)


def kept_in(request: Request, vault: Vault, name: str) -> dict[str, Any]:
    """What the browser kept; raises `SignInRefused` when it is gone or was changed."""
    try:
        sealed = base64.urlsafe_b64decode(request.cookies.get(name, ""))
        return vault.open(sealed, cpts_id="psc", row_id=name)
    except (ValueError, KeyLost):
        raise SignInRefused(field="cookie", rule=name) from None


def build_psc(wiring: Wiring, psc: PscSettings, standing: Standing) -> FastAPI:
    """The application to mount at `/psc` of the public address; the directory says who somebody is."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.state.wiring, app.state.psc, app.state.provider = wiring, psc, None
    app.state.standing = standing
    app.state.http = httpx.AsyncClient(timeout=10, verify=authorities())
    answer_problems(app)
    app.include_router(routes)
    return app
