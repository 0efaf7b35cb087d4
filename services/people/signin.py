"""Ways in: e-mail, password and a second factor (TOTP); in demo mode, a card for each demonstration account."""

from datetime import UTC, datetime
from functools import cache
from secrets import compare_digest, token_urlsafe
from uuid import UUID, uuid4

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from fastapi import APIRouter, Request, Response
from limits import RateLimitItemPerMinute
from pydantic import BaseModel, Field
from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.concurrency import run_in_threadpool

from shared.auth import Role, sign_in
from shared.db.tables import AccountRow, RoleGrantRow
from shared.http import COOKIE, SessionDep, WiringDep, require_own_origin
from shared.patients.vault import Vault
from shared.refusals import NotSignedIn, TooManyAttempts
from shared.wiring import Wiring

HASHER = PasswordHasher()
routes = APIRouter(tags=["session"])
PER_PERSON, PER_ADDRESS = RateLimitItemPerMinute(5), RateLimitItemPerMinute(30)


class BadCredentials(NotSignedIn):
    """Adresse, mot de passe ou code à six chiffres inexact."""

    code = "bad_credentials"


class Credentials(BaseModel):
    """What a person types. `role` only for who has several."""

    email: str = Field(max_length=200)
    password: str = Field(max_length=200)
    totp: str = Field(pattern=r"^[0-9]{6}$")
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


class Opened(BaseModel):
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
    session.add(
        AccountRow(
            id=account_id,
            label=label,
            email=email.strip().lower() if email else None,
            password_hash=await run_in_threadpool(HASHER.hash, password) if password else None,
            totp_sealed=vault.seal({"totp": secret}, cpts_id="account", row_id=str(account_id)),
            demo=demo,
        )
    )
    await session.flush()
    session.add(
        RoleGrantRow(id=uuid4(), account_id=account_id, role=role, cpts_id=cpts_id, practitioner_id=practitioner_id)
    )
    await session.flush()
    return account_id, pyotp.TOTP(secret).provisioning_uri(name=email or label, issuer_name="Aiguillage")


@cache
def nobody() -> str:
    """A hash that no password opens, so that an unknown address takes as long as a known one."""
    return HASHER.hash(token_urlsafe())


async def check_credentials(session: AsyncSession, vault: Vault, given: Credentials) -> AccountRow:
    """The account these credentials open; raises `BadCredentials`, taking as long for an unknown address."""
    query = select(AccountRow).where(AccountRow.email == given.email.strip().lower())
    account = (await session.exec(query.where(col(AccountRow.disabled_at).is_(None)))).one_or_none()
    try:
        await run_in_threadpool(HASHER.verify, (account and account.password_hash) or nobody(), given.password)
    except VerificationError as error:
        raise BadCredentials from error
    if account is None or account.totp_sealed is None:
        raise BadCredentials
    secret = vault.open(account.totp_sealed, cpts_id="account", row_id=str(account.id))["totp"]
    await _use_up(session, account.id, _step_of(pyotp.TOTP(secret), given.totp))
    return account


def _step_of(totp: pyotp.TOTP, code: str) -> int:
    """The 30 s of which this is the code, or those just before or after; raises `BadCredentials`."""
    now = totp.timecode(datetime.now(UTC))  # noqa: TID251  the clock of a phone, whatever day a demonstration plays
    for step in (now - 1, now, now + 1):
        if compare_digest(totp.generate_otp(step), code):
            return step
    raise BadCredentials


async def _use_up(session: AsyncSession, account_id: UUID, step: int) -> None:
    """A code serves once (RFC 6238, 5.2): whoever saw it typed cannot use it again; raises `BadCredentials`."""
    mine = (col(AccountRow.id) == account_id, col(AccountRow.totp_step) < step)
    if (await session.exec(update(AccountRow).where(*mine).values(totp_step=step))).rowcount == 0:
        raise BadCredentials


def count_attempt(request: Request, wiring: Wiring, who: str) -> None:
    """Refuse (`TooManyAttempts`) past 5 a minute for one person or 30 for one address."""
    address = request.client.host if request.client else "unknown"
    hit = wiring.attempts.hit
    if not (hit(PER_PERSON, who) and hit(PER_ADDRESS, address)):
        raise TooManyAttempts


def set_cookie(response: Response, wiring: Wiring, token: str) -> None:
    """Give the browser the session: out of reach of scripts, of other sites and, in service, of plain HTTP."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=wiring.settings.session_hours * 3600,
        path="/",
        httponly=True,
        samesite="lax",
        secure=wiring.settings.cookie_secure and not wiring.settings.demo,
    )


@routes.post("/session", status_code=201)
async def enter(
    given: Credentials, request: Request, response: Response, session: SessionDep, wiring: WiringDep
) -> Opened:
    """Sign in with e-mail, password and the six digits of the second factor."""
    require_own_origin(request.headers.get("origin"), wiring)
    count_attempt(request, wiring, given.email.strip().lower())
    account = await check_credentials(session, wiring.vault, given)
    token, role = await sign_in(session, account, role=given.role, hours=wiring.settings.session_hours)
    set_cookie(response, wiring, token)
    return Opened(role=role)


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
) -> Opened:
    """Sign in as a demonstration account, in demo mode only."""
    require_own_origin(request.headers.get("origin"), wiring)
    account = await session.get(AccountRow, account_id) if wiring.settings.demo else None
    if account is None or not account.demo:
        raise BadCredentials
    token, role = await sign_in(session, account, role=None, hours=wiring.settings.session_hours)
    set_cookie(response, wiring, token)
    return Opened(role=role)
