"""One's way in, over HTTP: what a link opens, asking for one, and one's own sessions."""

import io
from datetime import datetime
from typing import Annotated
from uuid import UUID

import segno
from fastapi import APIRouter, BackgroundTasks, Request, Response
from pydantic import BaseModel, Field

from services.people import access
from services.people.access_mail import send_link
from services.people.notices.mail import MailSettings
from services.people.signin import BadCredentials, count_attempt
from shared.auth import Role
from shared.db.tables import AccountRow
from shared.http import CallerApartDep, CallerDep, SessionDep, WiringDep, require_own_origin
from shared.http.parts import find_part
from shared.outside.asked import LINE, Email, Order
from shared.refusals import NotAllowed
from shared.wiring import Wiring
from shared.wording.labels import language_of

routes = APIRouter(prefix="/account", tags=["account"])


class Token(Order):
    """The secret of a link; it comes in the fragment of the page's address, which no server sees."""

    token: Annotated[str, Field(min_length=20, max_length=100), LINE]


class SecondFactorSetup(Token):
    """A password of one's own, and the six digits that the second factor shows now."""

    password: str = Field(max_length=200)
    code: str = Field(pattern=r"^[0-9]{6}$")


class Forgotten(Order):
    """Whose way in is lost."""

    email: Email


class Renewal(Order):
    """The password of now, before a new way in is set up."""

    password: str = Field(max_length=200)


class LinkOpening(BaseModel):
    """For whom the link is, and the second factor to set up: a URI, and the same as a picture (SVG)."""

    label: str
    email: str
    totp_uri: str
    qr: str


class RecoveryCodes(BaseModel):
    """Each stands once for the second factor; said once."""

    recovery_codes: list[str]


class Link(BaseModel):
    """Where to go on."""

    url: str


class SignedInSession(BaseModel):
    """One of one's sessions: in which browser, since when, seen when; `current` is this one."""

    id: UUID
    role: str
    label: str
    created_at: datetime
    seen_at: datetime
    current: bool


def link_to(wiring: Wiring, token: str) -> str:
    """The address of the page that a link opens."""
    return f"{wiring.settings.public_url}/acces#{token}"


@routes.post("/setup/look")
async def look(request: Request, given: Token, session: SessionDep, wiring: WiringDep) -> LinkOpening:
    """What a link opens; looking does not spend it."""
    require_own_origin(request.headers.get("origin"), wiring)
    found = await access.show_link(session, wiring.vault, given.token)
    drawn = io.BytesIO()
    segno.make(found.totp_uri, error="m").save(drawn, kind="svg", scale=4, border=2, xmldecl=False, svgns=True)
    return LinkOpening(label=found.label, email=found.email, totp_uri=found.totp_uri, qr=drawn.getvalue().decode())


@routes.post("/setup", status_code=201)
async def set_up(request: Request, given: SecondFactorSetup, wiring: WiringDep) -> RecoveryCodes:
    """Choose a password and prove the second factor; every session of the account ends."""
    require_own_origin(request.headers.get("origin"), wiring)
    await count_attempt(request, wiring, f"setup {given.token}")
    codes = await access.set_up(
        wiring.open_session,
        wiring.vault,
        wiring.passwords,
        token=given.token,
        password=given.password,
        code=given.code,
    )
    return RecoveryCodes(recovery_codes=codes)


@routes.post("/forgotten", status_code=202)
async def ask_for_link(request: Request, given: Forgotten, wiring: WiringDep, later: BackgroundTasks) -> None:
    """Send a link to this address if somebody has it; the answer is the same when nobody does."""
    require_own_origin(request.headers.get("origin"), wiring)
    email = given.email.lower()
    await count_attempt(request, wiring, f"forgotten {email}")
    later.add_task(_send_reset, wiring, find_part(request, MailSettings), email, language_of(request.cookies))


async def _send_reset(wiring: Wiring, mail: MailSettings, email: str, language: str) -> None:
    async with wiring.open_session() as session:
        account = await access.account_to_reset(session, email)
        if account is None:
            return
        token = await access.link_for(session, wiring.vault, account.id, life=access.RESET)
        await access.trace(session, account.id, "reset_asked")
    await send_link(mail, to=email, url=link_to(wiring, token), kind="reset", language=language)


@routes.post("/renewal", status_code=201)
async def renew(given: Renewal, request: Request, caller: CallerApartDep, wiring: WiringDep) -> Link:
    """A link for oneself, to set up a new password and second factor; the password of now is asked first."""
    person = _person(caller.role, caller.id)
    await count_attempt(request, wiring, f"renewal {caller.id}")
    async with wiring.open_session() as session:
        account = await session.get_one(AccountRow, person)
    if not await wiring.passwords.matches(account.password_hash, given.password):
        raise BadCredentials(field="password", rule="your password of now")
    async with wiring.open_session() as session:
        return Link(url=link_to(wiring, await access.link_for(session, wiring.vault, person, life=access.RESET)))


@routes.get("/sessions")
async def sessions(caller: CallerDep, session: SessionDep) -> list[SignedInSession]:
    """One's open sessions."""
    _person(caller.role, caller.id)
    return [
        SignedInSession.model_validate(each, from_attributes=True) for each in await access.sessions_of(session, caller)
    ]


@routes.delete("/sessions/{session_id}", status_code=204)
async def end(caller: CallerDep, session: SessionDep, session_id: UUID) -> Response:
    """End one of one's sessions."""
    _person(caller.role, caller.id)
    await access.end_session(session, caller, session_id)
    return Response(status_code=204)


def _person(role: Role, account: str) -> UUID:
    if role is Role.MACHINE:
        raise NotAllowed(role=role, rule="people only")
    return UUID(account)
