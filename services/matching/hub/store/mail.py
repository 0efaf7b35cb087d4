"""Mail of the SAMU hub: what came in, settled once however often it is delivered; what goes out, kept until it left."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Identity, Row, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, col, delete
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.hub.messages import Outgoing
from services.matching.sameday.store.tables import Matching, values
from shared.db import database_now, instant, run
from shared.db.store.work import WorkTable

KEPT = timedelta(days=30)
"""How long a message's number is remembered: longer than a hub keeps a message to deliver it again."""


class HubMessageRow(Matching, table=True):
    """A message that came in: `deliveries` counts those that were not settled, `answer` is what was said to it."""

    __tablename__ = "hub_message"

    distribution_id: str = Field(primary_key=True, sa_type=Text)
    cpts_id: str = Field(primary_key=True, sa_type=Text)
    at: datetime = instant(index=True)
    deliveries: int = 0
    settled: bool = False
    answer: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))


class HubOutgoingRow(Matching, table=True):
    """A message to send, in the order of its recipient's. `content` is its use case: no name, no place, no number."""

    __tablename__ = "hub_outgoing"

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    cpts_id: str = Field(sa_type=Text, index=True)
    message_id: UUID
    recipient: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    content: dict[str, Any] = values()
    created_at: datetime = instant()
    tries: int = 0
    next_try_at: datetime = instant(index=True)
    error: str = Field(default="", sa_type=Text)


_CLAIM = text("""
insert into matching.hub_message (distribution_id, cpts_id, at, deliveries, settled)
values (:distribution_id, :cpts_id, common.now(), 0, true)
on conflict (distribution_id, cpts_id) do update set settled = true where not hub_message.settled
returning 1
""")
_COUNT = text("""
insert into matching.hub_message (distribution_id, cpts_id, at, deliveries, settled)
values (:distribution_id, :cpts_id, common.now(), 1, false)
on conflict (distribution_id, cpts_id) do update set deliveries = hub_message.deliveries + 1
where not hub_message.settled
returning deliveries
""")
_POST = WorkTable("matching.hub_outgoing", ("id",), "next_try_at", tries="tries")
# Only the oldest of each recipient: what follows must not overtake it.
_DUE = _POST.claiming(
    answers="w.*",
    where="""not exists (
    select from matching.hub_outgoing older where older.recipient = t.recipient and older.id < t.id)""",
    first="t.id",
)


async def claim(session: AsyncSession, distribution_id: str, cpts_id: str) -> bool:
    """Settle a message in this transaction; false when another one did. A rival waits here until we commit."""
    key = {"distribution_id": distribution_id, "cpts_id": cpts_id}
    return (await run(session, _CLAIM, **key)).first() is not None


async def remember_answer(session: AsyncSession, distribution_id: str, cpts_id: str, outgoing: Outgoing) -> None:
    """Remember what a message was answered: the same is said when it comes again."""
    row = await session.get_one(HubMessageRow, (distribution_id, cpts_id), populate_existing=True)
    row.answer = {
        "recipient": outgoing.recipient,
        "kind": outgoing.kind,
        "content": dict(outgoing.content),
        "message_id": str(outgoing.message_id),
    }
    await session.flush()


async def count_delivery(session: AsyncSession, distribution_id: str, cpts_id: str) -> int:
    """Note that a message came again without having been settled; answers how often, 0 when it is settled."""
    key = {"distribution_id": distribution_id, "cpts_id": cpts_id}
    return (await run(session, _COUNT, **key)).scalar_one_or_none() or 0


async def due(session: AsyncSession, *, lease: timedelta) -> Row[Any] | None:
    """Take the oldest that may be sent now, if any; nobody else takes it before the lease ends."""
    due = await _POST.claim(session, _DUE, lease=lease)
    return due[0] if due else None


async def forget_sent(session: AsyncSession, id_: int) -> None:
    """Forget a message that the broker accepted."""
    await session.exec(delete(HubOutgoingRow).where(col(HubOutgoingRow.id) == id_))


async def note_failure(session: AsyncSession, id_: int, error: str, pause: timedelta) -> None:
    """Note what went wrong with a message, to be tried again after a pause."""
    await _POST.put_off(session, error, pause, id=id_)


async def forget_mail(session: AsyncSession, cpts_id: str, now: datetime) -> None:
    """Forget the numbers of messages that cannot come again."""
    old = (col(HubMessageRow.cpts_id) == cpts_id) & (col(HubMessageRow.at) < now - KEPT)
    await session.exec(delete(HubMessageRow).where(old))


async def post(session: AsyncSession, cpts_id: str, outgoing: Outgoing) -> None:
    """Put a message into the post, in this transaction."""
    now = await database_now(session)
    session.add(
        HubOutgoingRow(
            cpts_id=cpts_id,
            message_id=outgoing.message_id,
            recipient=outgoing.recipient,
            kind=outgoing.kind,
            content=dict(outgoing.content),
            created_at=now,
            next_try_at=now,
        )
    )
