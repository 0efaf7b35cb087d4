"""Writing notices, in the transaction of the event that causes them. Services insert and never read them again.

Whoever did it themselves gets a row too, suppressed: it makes what waited for them untrue.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.people.notices.kinds import NoticeKind
from shared.db import ring_after_commit, run

STREAM = "notices"
COLUMNS = "cpts_id, account_id, kind, thread, subject, urgency, starts_at, until, at, due_at, state, reason"
STANDING = """
case when :kind = 'settled' or {account}::text = :by then 'suppressed' else 'waiting' end,
case when :kind = 'settled' then 'overtaken' when {account}::text = :by then 'own_act' else '' end
"""
_ROW = f"""
cast(:cpts_id as text), a.id, cast(:kind as text), cast(:thread as text), cast(:subject as text),
cast(:urgency as smallint), cast(:starts_at as timestamptz), cast(:until as timestamptz),
common.now(), common.now(), {STANDING.format(account="a.id")}
"""
_TO_PRACTITIONERS = text(f"""
insert into common.notice ({COLUMNS}) select {_ROW} from common.account a
where a.disabled_at is null and exists (
  select from common.role_grant g
  where g.account_id = a.id and g.role in ('practitioner', 'delegate') and g.practitioner_id = any (:whom)
)
""")  # noqa: S608  constant texts, joined
_TO_ACCOUNTS = text(
    f"insert into common.notice ({COLUMNS}) select {_ROW} from common.account a"  # noqa: S608  constant texts, joined
    " where a.disabled_at is null and a.id = any (:whom)"
)
_TO_COORDINATORS = text(f"""
insert into common.notice ({COLUMNS}) select {_ROW} from common.account a
where a.disabled_at is null and not (a.id = any (:whom)) and exists (
  select from common.role_grant g where g.account_id = a.id and g.role = 'coordinator' and g.cpts_id = :cpts_id
)
""")  # noqa: S608  constant texts, joined


@dataclass(frozen=True, slots=True)
class News:
    """Something to tell: no name, no reason for care, only what happened and when."""

    kind: NoticeKind
    cpts_id: str
    thread: str
    subject: str
    by: str
    urgency: int | None = None
    starts_at: datetime | None = None
    until: datetime | None = None


async def tell_practitioners(session: AsyncSession, practitioners: Collection[UUID], news: News) -> None:
    """Tell who gives the care, and their delegates."""
    if practitioners:
        await _write(session, _TO_PRACTITIONERS, practitioners, news)


async def tell_accounts(session: AsyncSession, accounts: Collection[str], news: News) -> None:
    """Tell these people; machines are told nothing."""
    people = {UUID(each) for each in accounts if each and ":" not in each}
    if people:
        await _write(session, _TO_ACCOUNTS, people, news)


async def tell_coordinators(session: AsyncSession, news: News, *, but: Collection[str] = ()) -> None:
    """Tell who runs the board of a CPTS, except those who are told otherwise."""
    await _write(session, _TO_COORDINATORS, {UUID(each) for each in but if each and ":" not in each}, news)


async def _write(session: AsyncSession, statement: object, whom: Collection[UUID], news: News) -> None:
    values = {name: getattr(news, name) for name in News.__slots__}
    await run(session, statement, whom=sorted(whom), **values)  # type: ignore[arg-type]
    ring_after_commit(session, STREAM)
