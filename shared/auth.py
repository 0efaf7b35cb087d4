"""Who is asking, with which role, for which CPTS. Sessions for people, tokens for machines, tickets for sockets."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import Scope, bound, run
from shared.db.tables import AccessRow, AccountRow, LiveTicketRow, MachineRow, RoleGrantRow, SessionRow
from shared.refusals import NotAllowed, NotSignedIn

TICKET_LIFE = timedelta(seconds=30)


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


def hashed(token: str) -> bytes:
    """What is kept of a secret token: its SHA-256 (the token itself holds 256 random bits)."""
    return hashlib.sha256(token.encode()).digest()


_PERSON = text("""
select s.account_id, s.role, g.cpts, g.own, common.now() as now,
  set_config('aiguillage.cpts', array_to_string(g.cpts, ','), true),
  set_config('aiguillage.practitioners',
    case when s.role = any (:own_only) then array_to_string(g.own, ',') else '*' end, true),
  set_config('aiguillage.account', s.account_id::text, true)
from common.session s
join common.account a on a.id = s.account_id and a.disabled_at is null
cross join lateral (
  select coalesce(array_agg(distinct cpts_id order by cpts_id), '{}') as cpts,
    coalesce(array_agg(distinct practitioner_id::text) filter (where practitioner_id is not null), '{}') as own
  from common.role_grant where account_id = s.account_id and role = s.role
) g
where s.token_hash = :hash and s.expires_at > clock_timestamp()
""")
_MACHINE = text("""
select name, cpts, common.now() as now,
  set_config('aiguillage.cpts', array_to_string(array(select unnest(cpts) order by 1), ','), true),
  set_config('aiguillage.practitioners', '*', true), set_config('aiguillage.account', 'machine:' || name, true)
from common.machine where token_hash = :hash
""")


async def caller_of_session(session: AsyncSession, token: str) -> Caller:
    """Who holds this session cookie; the transaction is bound to what they may touch. Raises `NotSignedIn`."""
    hash_ = hashed(token)
    row = (await run(session, _PERSON, hash=hash_, own_only=sorted(OWN_SLOTS_ONLY))).one_or_none()
    if row is None:
        raise NotSignedIn
    caller = Caller(
        id=str(row.account_id),
        role=Role(row.role),
        cpts=frozenset(row.cpts),
        practitioners=frozenset(row.own) if row.role in OWN_SLOTS_ONLY else None,
        session=hash_.hex(),
    )
    bound(session, caller.scope, row.now)
    return caller


async def caller_of_machine(session: AsyncSession, token: str) -> Caller:
    """Which of our machines shows this token; the transaction is bound to what it may touch. Raises `NotSignedIn`."""
    row = (await run(session, _MACHINE, hash=hashed(token))).one_or_none()
    if row is None:
        raise NotSignedIn
    caller = Caller(id=f"machine:{row.name}", role=Role.MACHINE, cpts=frozenset(row.cpts))
    bound(session, caller.scope, row.now)
    return caller


async def sign_in(session: AsyncSession, account: AccountRow, *, role: Role | None, hours: int) -> tuple[str, Role]:
    """Open a session and answer its token, which nobody can read again, and its role. Real time, not the demo's."""
    grants = (await session.exec(select(RoleGrantRow).where(RoleGrantRow.account_id == account.id))).all()
    roles = sorted({grant.role for grant in grants})
    chosen = role or (Role(roles[0]) if roles else None)
    if chosen is None or chosen not in roles:
        raise NotAllowed("Ce compte n'a pas ce rôle.", field="role", rule=f"one of {', '.join(roles) or 'none'}")
    token = secrets.token_urlsafe(32)
    now = (await session.exec(select(func.clock_timestamp()))).one()
    session.add(
        SessionRow(
            token_hash=hashed(token),
            account_id=account.id,
            role=chosen,
            created_at=now,
            expires_at=now + timedelta(hours=hours),
        )
    )
    return token, chosen


async def sign_out(session: AsyncSession, caller: Caller) -> None:
    """End the caller's session; its sockets close within a second."""
    await session.exec(delete(SessionRow).where(col(SessionRow.token_hash) == bytes.fromhex(caller.session)))


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
    """A ticket for one socket: one use, 30 s, never in a URL."""
    ticket = secrets.token_urlsafe(32)
    now = (await session.exec(select(func.clock_timestamp()))).one()
    await session.exec(delete(LiveTicketRow).where(col(LiveTicketRow.expires_at) < now))
    body = {
        "id": caller.id,
        "role": caller.role,
        "cpts": sorted(caller.cpts),
        "practitioners": None if caller.practitioners is None else sorted(caller.practitioners),
        "session": caller.session,
    }
    session.add(LiveTicketRow(ticket_hash=hashed(ticket), caller=body, expires_at=now + TICKET_LIFE))
    return ticket


async def redeem_ticket(session: AsyncSession, ticket: str) -> Caller:
    """Who a ticket was issued to; it is spent by asking. Raises `NotSignedIn`."""
    spent = delete(LiveTicketRow).where(
        col(LiveTicketRow.ticket_hash) == hashed(ticket), col(LiveTicketRow.expires_at) > func.clock_timestamp()
    )
    body: dict[str, Any] | None = (await session.exec(spent.returning(col(LiveTicketRow.caller)))).scalar_one_or_none()
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
    row = insert(AccessRow).values(
        cpts_id=cpts_id,
        at=func.common.now(),
        account=caller.id,
        role=caller.role,
        action=action,
        object_kind=object_kind,
        object_id=object_id,
    )
    await run(session, row)


async def admit_machine(session: AsyncSession, name: str, token: str, cpts: Sequence[str]) -> None:
    """Let a machine in with this token, for these CPTS; its former token ends."""
    values = {"token_hash": hashed(token), "cpts": list(cpts)}
    row = insert(MachineRow).values(name=name, **values)
    await session.exec(row.on_conflict_do_update(index_elements=["name"], set_=values))
