"""Who is asking, with which role, for which CPTS. Sessions for people, tokens for machines, tickets for sockets."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.auth import store
from shared.db import Scope, bind_scope, run
from shared.db.tables import AccountRow, LiveTicketRow, RoleGrantRow, SessionRow
from shared.refusals import NotAllowed, NotSignedIn, TooManyAttempts

TICKET_LIFE, MOST_TICKETS = timedelta(seconds=30), 60
IDLE, SEEN_EVERY = timedelta(hours=4), timedelta(minutes=5)


class Role(StrEnum):
    """What someone does here (see the glossary)."""

    PRACTITIONER = "practitioner"
    DELEGATE = "delegate"
    PHARMACIST = "pharmacist"
    REGULATOR = "regulator"
    COORDINATOR = "coordinator"
    COMMITTEE = "committee"
    ADMIN = "admin"
    MACHINE = "machine"


OWN_SLOTS_ONLY = frozenset({Role.PRACTITIONER, Role.DELEGATE})


@dataclass(frozen=True, slots=True)
class Caller:
    """Someone who asks. `practitioners` is None for who is not bound to some; `session` identifies the sign-in."""

    id: str
    role: Role
    cpts: frozenset[str]
    practitioners: frozenset[str] | None = None
    session: str = ""

    @property
    def scope(self) -> Scope:
        """What their transactions may touch."""
        return Scope(self.cpts, self.practitioners, self.id)

    def may_see(self, cpts_id: str) -> bool:
        """Whether a CPTS is theirs."""
        return cpts_id in self.cpts or "*" in self.cpts

    def require(self, *roles: Role) -> None:
        """Refuse anyone else (`NotAllowed`)."""
        if self.role not in roles:
            raise NotAllowed(role=self.role, rule=f"one of {', '.join(roles)}")

    def require_cpts(self, cpts_id: str) -> None:
        """Refuse who is not of this CPTS (`NotAllowed`)."""
        if not self.may_see(cpts_id):
            raise NotAllowed(field="cpts_id", value=cpts_id, rule="one of your CPTS")

    def require_practitioner(self, practitioner_id: UUID | str) -> None:
        """Refuse a practitioner or delegate who touches another's slots (`NotAllowed`)."""
        if self.practitioners is not None and str(practitioner_id) not in self.practitioners:
            raise NotAllowed("Ce créneau est celui d'un autre praticien.", rule="own slots only")

    def only_cpts(self) -> str:
        """Their CPTS, when they have just one (`NotAllowed` otherwise)."""
        if len(self.cpts) != 1 or "*" in self.cpts:
            raise NotAllowed("Dites pour quelle CPTS.", field="cpts_id", rule="required when you have several")
        return next(iter(self.cpts))


def hash_token(token: str) -> bytes:
    """What is kept of a secret token: its SHA-256 (the token itself holds 256 random bits)."""
    return hashlib.sha256(token.encode()).digest()


_BOUND = """
set_config('aiguillage.cpts', array_to_string(cpts, ','), true),
set_config('aiguillage.practitioners', own_slots, true),
set_config('aiguillage.account', account, true)
"""
_SESSION = text(f"""
with who as (
  select s.account_id::text as account, s.role, s.seen_at < clock_timestamp() - cast(:seen_every as interval) as stale,
         array(select distinct g.cpts_id from common.role_grant g
               where g.account_id = s.account_id and g.role = s.role) as cpts,
         array(select distinct g.practitioner_id::text from common.role_grant g
               where g.account_id = s.account_id and g.role = s.role and g.practitioner_id is not null) as own
  from common.session s join common.account a on a.id = s.account_id
  where s.token_hash = :token and s.expires_at > clock_timestamp() and a.disabled_at is null
    and s.seen_at > clock_timestamp() - cast(:idle as interval)
), bound as (
  select *, case when role = any (:bound_roles) then array_to_string(own, ',') else '*' end as own_slots from who
)
select account, role, cpts, own, stale, common.now() as now, {_BOUND} from bound
""")  # noqa: S608  constant texts, joined
_MACHINE = text(f"""
with who as (
  select 'machine:' || name as account, cpts, '*' as own_slots from common.machine where token_hash = :token
)
select account, cpts, common.now() as now, {_BOUND} from who
""")  # noqa: S608  constant texts, joined


async def caller_of_session(session: AsyncSession, token: str) -> Caller:
    """Who holds this session cookie; binds the transaction to what they may touch.

    Raises `NotSignedIn`, also when nothing came from them for `IDLE`.
    """
    asked = {"token": hash_token(token), "bound_roles": sorted(OWN_SLOTS_ONLY), "idle": IDLE, "seen_every": SEEN_EVERY}
    row = (await run(session, _SESSION, **asked)).one_or_none()
    if row is None:
        raise NotSignedIn
    if row.stale:
        await store.note_seen(session, hash_token(token))
    role = Role(row.role)
    own = frozenset(row.own) if role in OWN_SLOTS_ONLY else None
    caller = Caller(row.account, role, frozenset(row.cpts), own, session=hash_token(token).hex())
    bind_scope(session, caller.scope, row.now)
    return caller


async def caller_of_machine(session: AsyncSession, token: str) -> Caller:
    """Which of our machines shows this token; binds the transaction to what it may touch. Raises `NotSignedIn`."""
    row = (await run(session, _MACHINE, token=hash_token(token))).one_or_none()
    if row is None:
        raise NotSignedIn
    caller = Caller(row.account, Role.MACHINE, frozenset(row.cpts))
    bind_scope(session, caller.scope, row.now)
    return caller


async def sign_in(
    session: AsyncSession, account: AccountRow, *, role: Role | None, hours: int, label: str = ""
) -> tuple[str, Role]:
    """Open a session and answer its token, which nobody can read again, and its role. Real time, not the demo's."""
    grants = (await session.exec(select(RoleGrantRow).where(RoleGrantRow.account_id == account.id))).all()
    roles = sorted({grant.role for grant in grants})
    chosen = role or (Role(roles[0]) if roles else None)
    if chosen is None or chosen not in roles:
        raise NotAllowed("Ce compte n'a pas ce rôle.", field="role", rule=f"one of {', '.join(roles) or 'none'}")
    token = secrets.token_urlsafe(32)
    now = (await session.exec(select(func.clock_timestamp()))).one()
    opened = SessionRow(
        token_hash=hash_token(token),
        account_id=account.id,
        role=chosen,
        created_at=now,
        seen_at=now,
        expires_at=now + timedelta(hours=hours),
        label=label,
    )
    await store.begin_session(session, opened)
    return token, chosen


async def sign_out(session: AsyncSession, caller: Caller) -> None:
    """End the caller's session; its sockets close within a second."""
    await store.end_session(session, bytes.fromhex(caller.session))


async def still_signed_in(session: AsyncSession, sessions: Sequence[str]) -> set[str]:
    """Which of these sessions are still open."""
    rows = await session.exec(
        select(SessionRow.token_hash).where(
            col(SessionRow.token_hash).in_([bytes.fromhex(each) for each in sessions]),
            SessionRow.expires_at > func.clock_timestamp(),
        )
    )
    return {row.hex() for row in rows}


async def issue_ticket(session: AsyncSession, caller: Caller) -> str:
    """A ticket for one socket: one use, 30 s, never in a URL; raises `TooManyAttempts` past 60 that wait."""
    ticket = secrets.token_urlsafe(32)
    now = (await session.exec(select(func.clock_timestamp()))).one()
    await store.forget_tickets(session, now)
    waiting = select(func.count()).select_from(LiveTicketRow).where(col(LiveTicketRow.caller)["id"].astext == caller.id)
    if (await session.exec(waiting)).one() >= MOST_TICKETS and caller.role is not Role.MACHINE:
        raise TooManyAttempts
    body = {
        "id": caller.id,
        "role": caller.role,
        "cpts": sorted(caller.cpts),
        "practitioners": None if caller.practitioners is None else sorted(caller.practitioners),
        "session": caller.session,
    }
    await store.keep_ticket(session, hash_token(ticket), body, now + TICKET_LIFE)
    return ticket


async def redeem_ticket(session: AsyncSession, ticket: str) -> Caller:
    """Who a ticket was issued to; it is spent by asking. Raises `NotSignedIn`."""
    body = await store.spend_ticket(session, hash_token(ticket))
    if body is None:
        raise NotSignedIn
    own = body["practitioners"]
    return Caller(
        id=body["id"],
        role=Role(body["role"]),
        cpts=frozenset(body["cpts"]),
        practitioners=None if own is None else frozenset(own),
        session=body["session"],
    )


async def record_access(
    session: AsyncSession, caller: Caller, *, cpts_id: str, action: str, object_kind: str, object_id: str
) -> None:
    """Leave a trace of an access to a patient's data, in the same transaction."""
    seen = {"cpts_id": cpts_id, "action": action, "object_kind": object_kind, "object_id": object_id}
    await store.keep_access(session, {**seen, "account": caller.id, "role": caller.role})


async def admit_machine(session: AsyncSession, name: str, token: str, cpts: Sequence[str]) -> None:
    """Let a machine in with this token, for these CPTS; its former token ends."""
    await store.put_machine(session, name, hash_token(token), cpts)
