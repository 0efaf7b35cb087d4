"""The only SQL that writes of ways in: sessions, tickets, passes, machines, and the trace of who saw what."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import run
from shared.db.tables import AccessRow, AccountRow, LiveTicketRow, MachineRow, PassRow, SessionRow


async def note_seen(session: AsyncSession, token_hash: bytes) -> None:
    """Note that something came from this session just now."""
    seen = update(SessionRow).where(col(SessionRow.token_hash) == token_hash)
    await session.exec(seen.values(seen_at=func.clock_timestamp()))


async def begin_session(session: AsyncSession, opened: SessionRow) -> None:
    """Write a session, and when its account was last signed in to."""
    session.add(opened)
    signed_in = update(AccountRow).where(col(AccountRow.id) == opened.account_id)
    await session.exec(signed_in.values(signed_in_at=opened.created_at))


async def end_session(session: AsyncSession, token_hash: bytes) -> None:
    """End the session of this token, if it is open; its sockets close within a second."""
    await session.exec(delete(SessionRow).where(col(SessionRow.token_hash) == token_hash))


async def end_session_of(session: AsyncSession, account_id: UUID, session_id: UUID) -> bool:
    """End one session of an account; false when it has none of this number."""
    mine = (col(SessionRow.id) == session_id) & (col(SessionRow.account_id) == account_id)
    return (await session.exec(delete(SessionRow).where(mine).returning(col(SessionRow.id)))).first() is not None


async def end_sessions(session: AsyncSession, account_id: UUID, *, role: str | None = None) -> None:
    """End every session of an account, or those that were opened with a role."""
    theirs: ColumnElement[bool] = col(SessionRow.account_id) == account_id
    if role is not None:
        theirs &= col(SessionRow.role) == role
    await session.exec(delete(SessionRow).where(theirs))


async def forget_tickets(session: AsyncSession, before: datetime) -> None:
    """Forget the tickets that expired before an instant."""
    await session.exec(delete(LiveTicketRow).where(col(LiveTicketRow.expires_at) < before))


async def keep_ticket(session: AsyncSession, ticket_hash: bytes, caller: dict[str, Any], expires_at: datetime) -> None:
    """Keep a ticket until it is spent or expires."""
    session.add(LiveTicketRow(ticket_hash=ticket_hash, caller=caller, expires_at=expires_at))


async def spend_ticket(session: AsyncSession, ticket_hash: bytes) -> dict[str, Any] | None:
    """Who a ticket was issued to, once; None when it is spent, expired or unknown."""
    spent = delete(LiveTicketRow).where(
        col(LiveTicketRow.ticket_hash) == ticket_hash, col(LiveTicketRow.expires_at) > func.clock_timestamp()
    )
    caller: dict[str, Any] | None = (
        await session.exec(spent.returning(col(LiveTicketRow.caller)))
    ).scalar_one_or_none()
    return caller


async def replace_pass(session: AsyncSession, fresh: PassRow, *, now: datetime) -> None:
    """Keep a pass in the place of those of the same purpose that its account had; what has expired is forgotten."""
    former = (col(PassRow.account_id) == fresh.account_id) & (col(PassRow.purpose) == fresh.purpose)
    await session.exec(delete(PassRow).where(former | (col(PassRow.expires_at) < now)))
    session.add(fresh)
    await session.flush()


async def spend_pass(session: AsyncSession, token_hash: bytes) -> bool:
    """Spend a pass: of two that come at once one gets it."""
    mine = (col(PassRow.token_hash) == token_hash) & (col(PassRow.expires_at) > func.clock_timestamp())
    gone = await session.exec(delete(PassRow).where(mine).returning(col(PassRow.token_hash)))
    return gone.first() is not None


async def keep_access(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """Leave a trace of an access. Who acts on another CPTS's slot writes in its log, and does not read it."""
    await run(session, insert(AccessRow).values(at=func.common.now(), **values).inline())


async def put_machine(session: AsyncSession, name: str, token_hash: bytes, cpts: Sequence[str]) -> None:
    """Write the token and the CPTS of a machine, in the place of its former ones."""
    values = {"token_hash": token_hash, "cpts": list(cpts)}
    row = insert(MachineRow).values(name=name, **values)
    await session.exec(row.on_conflict_do_update(index_elements=["name"], set_=values))
