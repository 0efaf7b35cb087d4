"""Ways in: e-mail, password and a second factor (TOTP); in demo mode, a card for each demonstration account."""

from datetime import UTC, datetime
from math import ceil
from secrets import compare_digest
from typing import Annotated
from uuid import UUID, uuid4

import pyotp
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.concurrency import run_in_threadpool

from services.people.store import accounts
from shared.auth import Role, hash_token, sign_in
from shared.auth.attempts import address_of
from shared.auth.passwords import HASHER
from shared.auth.store import end_session
from shared.db.tables import AccountRow, RoleGrantRow
from shared.http import SessionDep, WiringDep, cookie_name, require_own_origin
from shared.outside.asked import LINE
from shared.patients.vault import Vault
from shared.refusals import NotSignedIn, TooManyAttempts
from shared.wiring import Wiring

routes = APIRouter(tags=["session"])


BROWSERS = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)  # fmt: skip


class BadCredentials(NotSignedIn):
    """Adresse, mot de passe ou code à six chiffres inexact."""

    code = "bad_credentials"


class Credentials(BaseModel):
    """What a person types. `role` only for who has several."""

    email: Annotated[str, Field(max_length=200), LINE]
    password: str = Field(max_length=200)
    totp: Annotated[str, Field(pattern=r"^[0-9]{6}$")] | None = None
    recovery: Annotated[str, Field(max_length=40), LINE] | None = None
    """In place of the six digits: a recovery code, which serves once."""
    role: Role | None = None


BY_STORY = (
    Role.REGULATOR, Role.PHARMACIST, Role.PRACTITIONER, Role.DELEGATE, Role.COORDINATOR, Role.COMMITTEE, Role.ADMIN,
    Role.MACHINE,
)  # fmt: skip
"""Who asks, who receives, who watches: the order in which a newcomer understands the accounts."""


class DemoCard(BaseModel):
    """A demonstration account: one click signs in. Those of a territory belong together."""

    account_id: UUID
    label: str
    role: Role
    cpts_id: str


class SessionOpened(BaseModel):
    """The session is open, its cookie set."""

    role: Role


async def add_account(
    session: AsyncSession,
    vault: Vault,
    *,
    label: str,
    role: Role,
    cpts_id: str,
    practitioner_id: UUID | None = None,
    email: str | None = None,
    password: str | None = None,
    demo: bool = False,
) -> tuple[UUID, str]:
    """Create an account with one role; answer its id and the URI that sets up its second factor."""
    account_id, secret = uuid4(), pyotp.random_base32()
    account = AccountRow(
        id=account_id,
        label=label,
        email=email.strip().lower() if email else None,
        password_hash=await run_in_threadpool(HASHER.hash, password) if password else None,
        totp_sealed=vault.seal({"totp": secret}, cpts_id="account", row_id=str(account_id)),
        demo=demo,
    )
    await accounts.open_account(session, account)
    grant = RoleGrantRow(id=uuid4(), account_id=account_id, role=role, cpts_id=cpts_id, practitioner_id=practitioner_id)
    await accounts.grant_roles(session, [grant])
    return account_id, pyotp.TOTP(secret).provisioning_uri(name=email or label, issuer_name="Aiguillage")


async def account_of_email(wiring: Wiring, email: str) -> AccountRow | None:
    """Whose address this is, if they may sign in; read in a transaction of its own."""
    async with wiring.open_session() as session:
        query = select(AccountRow).where(AccountRow.email == email, col(AccountRow.disabled_at).is_(None))
        return (await session.exec(query)).one_or_none()


async def require_second_factor(session: AsyncSession, vault: Vault, account: AccountRow, given: Credentials) -> None:
    """The six digits of now, or a recovery code, used up; raises `BadCredentials`."""
    if given.recovery:
        await _use_recovery_code(session, account.id, given.recovery)
    elif account.totp_sealed is None or given.totp is None:
        raise BadCredentials
    else:
        secret = vault.open(account.totp_sealed, cpts_id="account", row_id=str(account.id))["totp"]
        await _use_up(session, account.id, step_of(pyotp.TOTP(secret), given.totp))


async def _use_recovery_code(session: AsyncSession, account_id: UUID, code: str) -> None:
    plain = code.lower().replace(" ", "")
    if not await accounts.use_code(session, account_id, hash_token(plain)):
        raise BadCredentials


def step_of(totp: pyotp.TOTP, code: str) -> int:
    """The 30 s of which this is the code, or those just before or after; raises `BadCredentials`."""
    now = totp.timecode(datetime.now(UTC))  # noqa: TID251  the clock of a phone, whatever day a demonstration plays
    for step in (now - 1, now, now + 1):
        if compare_digest(totp.generate_otp(step), code):
            return step
    raise BadCredentials


async def _use_up(session: AsyncSession, account_id: UUID, step: int) -> None:
    """A code serves once (RFC 6238, 5.2): whoever saw it typed cannot use it again; raises `BadCredentials`."""
    if not await accounts.use_step(session, account_id, step):
        raise BadCredentials


async def count_attempt(request: Request, wiring: Wiring, account: str) -> str:
    """Refuse (`TooManyAttempts`) who must wait first, on this account from there or from there at all; answer where."""
    forwarded = ",".join(request.headers.getlist("x-forwarded-for"))
    peer = request.client.host if request.client else None
    address = address_of(peer, forwarded, wiring.settings.trusted_proxies)
    if waits_s := await wiring.attempts.count(account, address):
        raise TooManyAttempts(retry_after=ceil(waits_s))
    return address


def set_cookie(response: Response, wiring: Wiring, token: str) -> None:
    """Give the browser the session: out of reach of scripts, of other sites and, in service, of plain HTTP."""
    response.set_cookie(
        cookie_name(wiring.settings),
        token,
        max_age=wiring.settings.session_hours * 3600,
        path="/",
        httponly=True,
        samesite="lax",
        secure=wiring.settings.secure,
    )


@routes.post("/session", status_code=201)
async def enter(given: Credentials, request: Request, response: Response, wiring: WiringDep) -> SessionOpened:
    """Sign in with e-mail, password and the six digits of the second factor."""
    require_own_origin(request.headers.get("origin"), wiring)
    email = given.email.lower()
    address = await count_attempt(request, wiring, email)
    known = await account_of_email(wiring, email)
    # No connection is held meanwhile: hashing is slow on purpose.
    if not await wiring.passwords.matches(known.password_hash if known else None, given.password) or known is None:
        raise BadCredentials
    async with wiring.open_session() as session:
        account = await session.get(AccountRow, known.id)
        if account is None or account.disabled_at is not None or account.password_hash != known.password_hash:
            raise BadCredentials
        await require_second_factor(session, wiring.vault, account, given)
        await end_former(session, request, wiring)
        token, role = await sign_in(
            session, account, role=given.role, hours=wiring.settings.session_hours, label=browser_of(request)
        )
    await wiring.attempts.right(email, address)
    set_cookie(response, wiring, token)
    return SessionOpened(role=role)


def browser_of(request: Request) -> str:
    """In which browser somebody is, in a few words, so that they know their sessions apart: never the whole header."""
    said = request.headers.get("user-agent", "")
    browser = next((name for mark, name in BROWSERS if mark in said), "")
    system = next((name for mark, name in SYSTEMS if mark in said), "")
    return " · ".join(filter(None, [browser, system]))


async def end_former(session: AsyncSession, request: Request, wiring: Wiring) -> None:
    """Whoever signs in anew in a browser leaves nothing open behind them there."""
    if former := request.cookies.get(cookie_name(wiring.settings)):
        await end_session(session, hash_token(former))


@routes.get("/session/demo")
async def cards(session: SessionDep, wiring: WiringDep) -> list[DemoCard]:
    """The demonstration accounts; none outside demo mode."""
    if not wiring.settings.demo:
        return []
    found = await session.exec(
        select(AccountRow, RoleGrantRow)
        .join(RoleGrantRow, col(RoleGrantRow.account_id) == col(AccountRow.id))
        .where(col(AccountRow.demo))
    )
    each = [
        DemoCard(account_id=account.id, label=account.label, role=Role(grant.role), cpts_id=grant.cpts_id)
        for account, grant in found
    ]
    return sorted(each, key=lambda card: (card.cpts_id, BY_STORY.index(card.role), card.label))


@routes.post("/session/demo/{account_id}", status_code=201)
async def enter_demo(
    account_id: UUID, request: Request, response: Response, session: SessionDep, wiring: WiringDep
) -> SessionOpened:
    """Sign in as a demonstration account, in demo mode only."""
    require_own_origin(request.headers.get("origin"), wiring)
    account = await session.get(AccountRow, account_id) if wiring.settings.demo else None
    if account is None or not account.demo:
        raise BadCredentials
    await end_former(session, request, wiring)
    token, role = await sign_in(session, account, role=None, hours=wiring.settings.session_hours)
    set_cookie(response, wiring, token)
    return SessionOpened(role=role)
