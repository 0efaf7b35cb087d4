"""What becomes of notices: counted, decided, claimed to be sent, ended; forgotten after 30 days."""

from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text, update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from services.people.notices.kinds import MOST_PER_REQUEST, NoticeState
from services.people.notices.tables import NoticeRow
from shared.db import run
from shared.db.store.work import WorkTable

# One statement tests and takes: two senders that reach the third message together cannot both send a third.
_COUNT = text(f"""
insert into common.notice_count as c (account_id, subject, told, at) values (:account, :subject, 1, common.now())
on conflict (account_id, subject) do update set told = c.told + 1, at = excluded.at where c.told < {MOST_PER_REQUEST}
returning told
""")  # noqa: S608  a constant of ours
_DELIVERY = text("""
insert into common.notice_delivery (message_id, channel, account_id, state, tries, next_try_at, error)
select :message, channel, :account, 'waiting', 0, clock_timestamp(), '' from unnest(cast(:channels as text[])) channel
""")
_DELIVERIES = WorkTable(
    "common.notice_delivery", ("message_id", "channel"), "next_try_at", tries="tries", clock="clock_timestamp()"
)
_CLAIM = _DELIVERIES.claiming(answers="w.message_id, w.channel, w.account_id, w.tries", where="t.state = 'waiting'")
_ENDED = text("""
update common.notice_delivery set state = :state, error = :error
where message_id = :message and channel = :channel and state = 'waiting'
""")
# A notice is sent once one channel took it; it failed, or was not needed, once none is left to try.
_SETTLED = text("""
update common.notice n set state = case when e.sent then 'sent' when e.failed then 'failed' else 'suppressed' end,
  reason = case when e.sent or e.failed then '' else 'overtaken' end
from (
  select bool_or(state = 'sent') as sent, bool_or(state = 'failed') as failed, bool_or(state = 'waiting') as waiting
  from common.notice_delivery where message_id = :message
) e
where n.message_id = :message and n.state = 'sending' and (e.sent or not e.waiting)
""")
_FORGET = [
    text(f"delete from common.{table} where {at} < common.now() - interval '30 days'")  # noqa: S608  names of ours
    for table, at in (("notice", "at"), ("notice_count", "at"), ("notice_delivery", "next_try_at"))
]


async def count_told(session: AsyncSession, account_id: UUID, subject: str) -> bool:
    """Count one more message to somebody about a request; false when they had as many as we send."""
    return (await run(session, _COUNT, account=account_id, subject=subject)).scalar_one_or_none() is not None


async def decide(session: AsyncSession, ids: Iterable[int], **values: object) -> None:
    """Write what becomes of these notices."""
    await run(session, update(NoticeRow).where(col(NoticeRow.id).in_(list(ids))).values(**values))


async def deliver_by(session: AsyncSession, message_id: UUID, account_id: UUID, channels: Collection[str]) -> None:
    """Have a message carried on each of these channels."""
    await run(session, _DELIVERY, message=message_id, account=account_id, channels=list(channels))


async def claim(session: AsyncSession, *, lease: timedelta, most: int) -> Sequence[Row[Any]]:
    """The deliveries that wait longest, for as long as the lease."""
    return await _DELIVERIES.claim(session, _CLAIM, lease=lease, most=most)


async def end(session: AsyncSession, delivery: Row[Any], state: NoticeState, error: str) -> None:
    """Note how a delivery ended, and what that makes of the notices of its message."""
    await run(session, _ENDED, state=state, error=error, message=delivery.message_id, channel=delivery.channel)
    await run(session, _SETTLED, message=delivery.message_id)


async def put_off(session: AsyncSession, delivery: Row[Any], error: str, *, pause: timedelta) -> None:
    """Note what went wrong with a delivery, to be tried again after a pause."""
    mine = {"message_id": delivery.message_id, "channel": delivery.channel, "state": NoticeState.WAITING}
    await _DELIVERIES.put_off(session, error, pause, **mine)


async def forget_old(session: AsyncSession) -> None:
    """Erase what is older than 30 days."""
    for statement in _FORGET:
        await run(session, statement)
