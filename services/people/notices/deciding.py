"""Which notices become a message now: the rest waits for the end of quiet hours, or is not sent and says why.

One person's notices are decided together, by one sender at a time, in one transaction.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.people.notices.kinds import NoticeKind, NoticeState, Reason
from services.people.notices.quiet import QuietHours
from services.people.notices.store import deliveries
from services.people.notices.tables import NoticeDeviceRow, NoticePreferenceRow, NoticeRow
from shared.db import database_now, run
from shared.db.clock import PARIS, zones
from shared.db.tables import AccountRow, RoleGrantRow

MAIL = "mail"
_NEXT = text("""
select account_id from (
  select distinct account_id from common.notice where state = 'waiting' and due_at <= common.now() limit 50
) due
where pg_try_advisory_xact_lock(hashtextextended('notices ' || account_id, 0))
limit 1
""")
_STANDING = text("""
select n.id,
  exists (select from common.notice l where l.account_id = n.account_id and l.thread = n.thread and l.id > n.id)
    as overtaken,
  exists (
    select from common.notice e
    where e.account_id = n.account_id and e.thread = n.thread and e.id < n.id and e.state in ('sending', 'sent')
  ) as told
from common.notice n
where n.account_id = :account and n.state = 'waiting' and n.due_at <= common.now()
""")


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who is told, and how they want to be."""

    account: UUID
    choice: NoticePreferenceRow
    email: str | None
    channels: tuple[str, ...]
    zone: ZoneInfo = PARIS

    @property
    def quiet(self) -> QuietHours:
        """When they are left alone."""
        return QuietHours(self.choice.quiet_from, self.choice.quiet_to, self.zone)


@dataclass(slots=True)
class NoticeDecision:
    """What becomes of a person's notices: ids by reason, those that wait for a moment, those of the message."""

    refused: dict[Reason, list[int]] = field(default_factory=dict)
    quiet: dict[datetime, list[int]] = field(default_factory=dict)
    told: list[NoticeRow] = field(default_factory=list)
    counted: set[str] = field(default_factory=set)
    """Subjects of the message: it counts once for each, however many notices it holds of it."""


async def person_of(session: AsyncSession, account: UUID, *, mail_ready: bool) -> Recipient:
    """How somebody is to be told: their choice or the defaults, on the channels that exist."""
    choice = await session.get(NoticePreferenceRow, account) or NoticePreferenceRow(account_id=account)
    email = choice.email or (await session.get_one(AccountRow, account)).email
    devices = await session.exec(select(NoticeDeviceRow.id).where(NoticeDeviceRow.account_id == account))
    mail = [MAIL] if mail_ready and choice.mail and email else []
    found = await session.exec(select(RoleGrantRow.cpts_id).where(RoleGrantRow.account_id == account))
    known = await zones(session)
    lived = Counter(known.get(cpts, PARIS) for cpts in found)
    zone = lived.most_common(1)[0][0] if lived else PARIS
    return Recipient(account, choice, email, (*mail, *sorted(map(str, devices))), zone)


async def decide_next(session: AsyncSession, *, mail_ready: bool) -> bool:
    """Decide for one person who has something due; false when nobody has."""
    account: UUID | None = (await run(session, _NEXT)).scalar_one_or_none()
    if account is None:
        return False
    now = await database_now(session)
    person = await person_of(session, account, mail_ready=mail_ready)
    standing = {row.id: row for row in await run(session, _STANDING, account=account)}
    query = select(NoticeRow).where(col(NoticeRow.id).in_(standing)).order_by(col(NoticeRow.id))
    decision = NoticeDecision()
    for row in (await session.exec(query)).all():
        await _sort(session, decision, person, row, standing[row.id], now)
    await _record(session, decision, person)
    return True


async def _sort(
    session: AsyncSession,
    decision: NoticeDecision,
    person: Recipient,
    row: NoticeRow,
    standing: Row[Any],
    now: datetime,
) -> None:
    assert row.id is not None  # noqa: S101  it was read
    why = untrue(row, overtaken=standing.overtaken, told=standing.told, now=now)
    if why is Reason.NONE:
        why = unwelcome(row, person)
    if why is Reason.NONE:
        passes = person.choice.p1_always and row.urgency == 1
        if not passes and (end := person.quiet.until(now)):
            decision.quiet.setdefault(end, []).append(row.id)
            return
        why = await _count(session, decision, person, row.subject)
    if why is Reason.NONE:
        decision.told.append(row)
    else:
        decision.refused.setdefault(why, []).append(row.id)


async def _count(session: AsyncSession, decision: NoticeDecision, person: Recipient, subject: str) -> Reason:
    if subject not in decision.counted:
        if not await deliveries.count_told(session, person.account, subject):
            return Reason.ENOUGH
        decision.counted.add(subject)
    return Reason.NONE


def untrue(row: NoticeRow, *, overtaken: bool, told: bool, now: datetime) -> Reason:
    """Why a notice needs no telling any more: something newer was written, or its time has come."""
    if overtaken or (row.kind == NoticeKind.CANCELLED and not told):
        return Reason.OVERTAKEN
    return Reason.TOO_LATE if row.until is not None and row.until <= now else Reason.NONE


def unwelcome(row: NoticeRow, person: Recipient) -> Reason:
    """Why a person is not told of this kind, or of anything."""
    if row.kind in person.choice.unwanted:
        return Reason.UNWANTED
    return Reason.NONE if person.channels else Reason.NO_CHANNEL


async def _record(session: AsyncSession, decision: NoticeDecision, person: Recipient) -> None:
    for why, ids in decision.refused.items():
        await deliveries.decide(session, ids, state=NoticeState.SUPPRESSED, reason=why)
    for end, ids in decision.quiet.items():
        await deliveries.decide(session, ids, due_at=end, reason=Reason.QUIET)
    if decision.told:
        message = uuid4()
        ids = [row.id for row in decision.told if row.id is not None]
        await deliveries.decide(session, ids, state=NoticeState.SENDING, reason=Reason.NONE, message_id=message)
        await deliveries.deliver_by(session, message, person.account, person.channels)
