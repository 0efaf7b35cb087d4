"""One's way in: an invitation or a reset by a link that serves once, a password of one's own, a second factor by QR
code, recovery codes, and the sessions one has open. Nobody else ever knows a password or a second factor."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import pyotp
from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.people.signin import BadCredentials, step_of
from services.people.store import accounts
from shared.auth import Caller, hash_token, record_access
from shared.auth.passes import Purpose, find_pass, pass_for, spend_pass
from shared.auth.passwords import Passwords, require_strong
from shared.auth.store import end_session_of, end_sessions
from shared.db import OpenSession
from shared.db.tables import AccountRow, PassRow, RoleGrantRow, SessionRow
from shared.patients.vault import Vault
from shared.refusals import Invalid, NotFound

INVITED, RESET = timedelta(days=7), timedelta(hours=1)
CODES, ISSUER = 10, "Aiguillage"


class LinkSpent(Invalid):
    """Ce lien a déjà servi ou n'est plus valable : demandez-en un autre depuis la page de connexion."""

    code = "link_spent"


class WrongCode(Invalid):
    """Ces six chiffres ne sont pas ceux de maintenant : vérifiez l'heure du téléphone, saisissez les suivants."""

    code = "wrong_code"


@dataclass(frozen=True, slots=True)
class ShownLink:
    """What a link opens: for whom, and the second factor to set up (a URI, drawn as a QR code)."""

    label: str
    email: str
    totp_uri: str


@dataclass(frozen=True, slots=True)
class SessionSeen:
    """One of somebody's sessions."""

    id: UUID
    role: str
    label: str
    created_at: datetime
    seen_at: datetime
    current: bool


async def link_for(session: AsyncSession, vault: Vault, account_id: UUID, *, life: timedelta) -> str:
    """The secret of a link by which this person chooses a password and sets up a second factor; former links end.

    Nothing of the account changes before the link is used: who asks for it in somebody's name locks nobody out.
    """
    sealed = vault.seal({"totp": pyotp.random_base32()}, cpts_id="setup", row_id=str(account_id))
    return await pass_for(session, Purpose.SETUP, account_id, {"totp": sealed.hex()}, life=life)


async def show_link(session: AsyncSession, vault: Vault, token: str) -> ShownLink:
    """What a link opens, as often as it is looked at; raises `LinkSpent`."""
    known = await find_pass(session, Purpose.SETUP, token)
    account = await session.get(AccountRow, known.account_id) if known else None
    if known is None or account is None or account.disabled_at is not None:
        raise LinkSpent
    name = account.email or account.label
    uri = pyotp.TOTP(_secret(vault, known)).provisioning_uri(name=name, issuer_name=ISSUER)
    return ShownLink(account.label, account.email or "", uri)


def _secret(vault: Vault, known: PassRow) -> str:
    sealed = bytes.fromhex(known.body["totp"])
    return str(vault.open(sealed, cpts_id="setup", row_id=str(known.account_id))["totp"])


async def set_up(
    open_session: OpenSession, vault: Vault, passwords: Passwords, *, token: str, password: str, code: str
) -> list[str]:
    """Choose a password and prove the second factor: the link is spent, every session ends. Answers recovery codes.

    Raises `LinkSpent`, `WeakPassword`, `WrongCode`.
    """
    async with open_session() as session:
        opened = await show_link(session, vault, token)
    require_strong(password, about=(opened.email, opened.label))
    kept = await passwords.hash(password)
    async with open_session() as session:
        known = await find_pass(session, Purpose.SETUP, token)
        if known is None:
            raise LinkSpent
        secret = _secret(vault, known)
        try:
            step = step_of(pyotp.TOTP(secret), code)
        except BadCredentials:
            raise WrongCode(field="code", rule="the six digits of now") from None
        if await spend_pass(session, Purpose.SETUP, token) is None:
            raise LinkSpent
        mine = known.account_id
        sealed = vault.seal({"totp": secret}, cpts_id="account", row_id=str(mine))
        values = {"password_hash": kept, "totp_sealed": sealed, "totp_step": step}
        await accounts.set_way_in(session, mine, **values)
        await end_sessions(session, mine)
        await trace(session, mine, "set_up")
        return await fresh_codes(session, mine)


async def fresh_codes(session: AsyncSession, account_id: UUID) -> list[str]:
    """New recovery codes, each of which stands once for the second factor; the former end. Only hashes are kept."""
    codes = ["-".join(f"{secrets.randbelow(10_000):04}" for _ in range(4)) for _ in range(CODES)]
    await accounts.replace_codes(session, account_id, [hash_token(code) for code in codes])
    return codes


async def account_to_reset(session: AsyncSession, email: str) -> AccountRow | None:
    """Whose address this is, if they may come in at all."""
    query = select(AccountRow).where(AccountRow.email == email, col(AccountRow.disabled_at).is_(None))
    return (await session.exec(query)).one_or_none()


async def trace(session: AsyncSession, account_id: UUID, action: str) -> None:
    """One row in each CPTS where the person has a role: whoever audits it sees that their way in was changed."""
    grants = select(RoleGrantRow).where(RoleGrantRow.account_id == account_id)
    for cpts_id, role in {each.cpts_id: each.role for each in (await session.exec(grants)).all()}.items():
        who = Caller(id=str(account_id), role=role, cpts=frozenset())  # type: ignore[arg-type]
        await record_access(
            session, who, cpts_id=cpts_id, action=action, object_kind="account", object_id=str(account_id)
        )


async def sessions_of(session: AsyncSession, caller: Caller) -> list[SessionSeen]:
    """The caller's open sessions, the last seen first."""
    mine = select(SessionRow).where(
        SessionRow.account_id == UUID(caller.id), SessionRow.expires_at > func.clock_timestamp()
    )
    rows = (await session.exec(mine.order_by(col(SessionRow.seen_at).desc()))).all()
    return [
        SessionSeen(row.id, row.role, row.label, row.created_at, row.seen_at, row.token_hash.hex() == caller.session)
        for row in rows
    ]


async def end_session(session: AsyncSession, caller: Caller, session_id: UUID) -> None:
    """End one of the caller's sessions; its sockets close within a second. Raises `NotFound`."""
    if not await end_session_of(session, UUID(caller.id), session_id):
        raise NotFound(field="session_id", value=session_id)
