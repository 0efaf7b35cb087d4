"""Links of patients, where they are told, and their messages. A secret is kept as its hash, an address sealed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Text, text
from sqlmodel import Field, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.sameday.store.tables import Matching, RequestRow
from shared.contracts import ON_THE_BOARD, RequestState
from shared.db import instant, ring_after_commit, run

STREAM = "matching:patients"
"""Rung when somebody may have to be told."""
MOST_WRONG = 5
"""Wrong years of birth that a link bears in its life."""
MOST_MESSAGES = 3
"""Messages to one person about one request."""


class PatientLinkRow(Matching, table=True):
    """A link: what it opens, until when, how often a wrong year was typed. Only a hash of its secret is kept."""

    __tablename__ = "patient_link"

    id: UUID = Field(primary_key=True)
    cpts_id: str = Field(sa_type=Text)
    request_id: UUID = Field(foreign_key="matching.request.id", index=True, ondelete="CASCADE")
    purpose: str = Field(sa_type=Text)
    booking_id: UUID | None = None
    secret_hash: bytes = Field(unique=True)
    made_at: datetime = instant()
    expires_at: datetime = instant()
    revoked_at: datetime | None = instant(default=None)
    opened_at: datetime | None = instant(default=None)
    wrong: int = 0


class PatientContactRow(Matching, table=True):
    """Where a patient asked to be told of their request. `told`: of what they were told last; `next_at`: not before."""

    __tablename__ = "patient_contact"

    request_id: UUID = Field(primary_key=True, foreign_key="matching.request.id", ondelete="CASCADE")
    cpts_id: str = Field(sa_type=Text)
    channel: str = Field(sa_type=Text)
    to_sealed: bytes
    language: str = Field(sa_type=Text)
    made_at: datetime = instant()
    messages: int = 0
    told: str = Field(default="", sa_type=Text)
    stopped_at: datetime | None = instant(default=None)


class PatientMessageRow(Matching, table=True):
    """A message: `sealed` holds to whom and which secret until it is settled; the id is its key at the gateway."""

    __tablename__ = "patient_message"

    id: UUID = Field(primary_key=True)
    cpts_id: str = Field(sa_type=Text)
    request_id: UUID = Field(foreign_key="matching.request.id", index=True, ondelete="CASCADE")
    kind: str = Field(sa_type=Text)
    channel: str = Field(sa_type=Text)
    language: str = Field(sa_type=Text)
    sealed: bytes | None = None
    state: str = Field(sa_type=Text)
    due_at: datetime = instant()
    tries: int = 0
    error: str = Field(default="", sa_type=Text)
    made_at: datetime = instant()


_REVOKE = text("""
update matching.patient_link set revoked_at = common.now()
where request_id = :request_id and purpose = any (:purposes) and revoked_at is null
""")
# The try is counted before it is known to be wrong: of guesses that come at once none is free.
_TRY = text("""
update matching.patient_link set wrong = wrong + 1
where secret_hash = :secret_hash and revoked_at is null and expires_at > common.now() and wrong < :most
returning id, cpts_id, request_id, purpose, booking_id
""")
_RIGHT = text("update matching.patient_link set wrong = wrong - 1, opened_at = common.now() where id = :id")
_STOP = text("update matching.patient_contact set stopped_at = common.now() where request_id = :request_id")
_STOP_BY = text("""
update matching.patient_contact c set stopped_at = common.now()
from matching.patient_link l where l.secret_hash = :secret_hash and c.request_id = l.request_id
""")
_CLAIM = text("""
update matching.patient_message m
   set state = 'sending', tries = m.tries + 1, due_at = common.now() + make_interval(secs => :lease_s)
from (
   select id, state as was from matching.patient_message
   where state in ('waiting', 'sending') and due_at <= common.now() and channel = any (:channels)
   order by due_at limit :most for update skip locked
) as c
where m.id = c.id
returning m.id, m.cpts_id, m.request_id, m.kind, m.channel, m.language, m.sealed, m.tries, c.was
""")
_SETTLE = text("""
update matching.patient_message
   set state = :state, error = :error, due_at = common.now() + make_interval(secs => :pause_s),
       sealed = case when :state = 'waiting' then sealed end
 where id = :id and state = 'sending' and tries = :tries
""")
_FORGET = (
    text("delete from matching.patient_link where expires_at < common.now() - interval '1 day'"),
    text("delete from matching.patient_message where made_at < common.now() - interval '30 days'"),
    text("""
      delete from matching.patient_contact c using matching.request r
      where r.id = c.request_id and coalesce(r.starts_at, r.changed_at) < common.now() - interval '1 day'
        and r.changed_at < common.now() - interval '1 day' and r.deadline_at < common.now()
    """),
)


async def add_link(session: AsyncSession, row: PatientLinkRow) -> None:
    """A new link; the former ones of the same purpose end."""
    await run(session, _REVOKE, request_id=row.request_id, purposes=[row.purpose, "followup"])
    session.add(row)
    await session.flush()


async def try_link(session: AsyncSession, secret_hash: bytes) -> Row[Any] | None:
    """The link that this secret opens, one try counted against it; None: there is none that may still be tried."""
    return (await run(session, _TRY, secret_hash=secret_hash, most=MOST_WRONG)).one_or_none()


async def take_try_back(session: AsyncSession, link_id: UUID) -> None:
    """The year was right."""
    await run(session, _RIGHT, id=link_id)


async def stop(session: AsyncSession, *, request_id: UUID | None = None, secret_hash: bytes = b"") -> None:
    """No more messages to who holds this link."""
    if request_id is not None:
        await run(session, _STOP, request_id=request_id)
    else:
        await run(session, _STOP_BY, secret_hash=secret_hash)


async def put_contact(session: AsyncSession, row: PatientContactRow) -> None:
    """Where a patient is told from now on; what was counted of their messages stays."""
    known = await session.get(PatientContactRow, row.request_id, with_for_update=True)
    if known is None:
        session.add(row)
    else:
        known.sqlmodel_update(row.model_dump(include={"channel", "to_sealed", "language", "made_at", "stopped_at"}))
        known.told = ""
        session.add(known)
    await session.flush()
    ring_after_commit(session, STREAM)


async def contacts(session: AsyncSession, now: datetime) -> Sequence[tuple[PatientContactRow, RequestRow]]:
    """Whoever may have to be told something, and their requests, locked: nobody else decides of them meanwhile."""
    confirmed = (col(RequestRow.state) == RequestState.CONFIRMED) & (col(RequestRow.starts_at) > now)
    query = (
        select(PatientContactRow, RequestRow)
        .join(RequestRow, col(RequestRow.id) == col(PatientContactRow.request_id))
        .where(col(PatientContactRow.stopped_at).is_(None), col(PatientContactRow.messages) < MOST_MESSAGES)
        .where(confirmed | (col(RequestRow.state).in_(ON_THE_BOARD) & (col(PatientContactRow.told) == "")))
        .order_by(col(PatientContactRow.request_id))
        .with_for_update(of=PatientContactRow, skip_locked=True)
    )
    return (await session.exec(query)).all()


async def add_message(session: AsyncSession, contact: PatientContactRow, row: PatientMessageRow, told: str) -> None:
    """A message of a contact that is locked, counted."""
    contact.messages, contact.told = contact.messages + 1, told
    session.add(contact)
    session.add(row)
    await session.flush()


async def claim(session: AsyncSession, channels: Sequence[str], *, lease: timedelta, most: int) -> Sequence[Row[Any]]:
    """Messages that are due on these channels, each for a while this sender's alone."""
    return (await run(session, _CLAIM, channels=list(channels), lease_s=lease.total_seconds(), most=most)).all()


async def settle(session: AsyncSession, claimed: Row[Any], state: str, error: str = "", pause_s: float = 0) -> None:
    """How a try ended: `waiting` for another; else to whom it went is forgotten."""
    await run(session, _SETTLE, id=claimed.id, tries=claimed.tries, state=state, error=error, pause_s=pause_s)


async def forget(session: AsyncSession) -> None:
    """Links a day after they end, where patients are told a day after their appointment, messages after 30 days."""
    for statement in _FORGET:
        await run(session, statement)


async def message_states(session: AsyncSession, request_id: UUID) -> list[tuple[str, str, str]]:
    """What became of the messages of a request: kind, channel, state."""
    query = select(PatientMessageRow).where(PatientMessageRow.request_id == request_id)
    rows = await session.exec(query.order_by(col(PatientMessageRow.made_at), col(PatientMessageRow.id)))
    return [(row.kind, row.channel, row.state) for row in rows]
