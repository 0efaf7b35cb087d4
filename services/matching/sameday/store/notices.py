"""What people are told of requests and of the register, in the transaction of each change.

Who asked, and who took charge, learn that a request has its slot, lost it, or must be called back; a practitioner that
a patient is proposed to them. What is asked of practitioners on top is told where it is written.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.sameday.store.tables import RequestRow
from services.people.notices.kinds import NoticeKind
from services.people.notices.store.telling import (
    COLUMNS,
    STREAM,
    News,
    tell_accounts,
    tell_coordinators,
    tell_practitioners,
)
from shared.contracts import RequestState
from shared.db import ring_after_commit, run

KEPT = timedelta(days=1)
SETTLED_FOR_THE_BOARD = frozenset({RequestState.HELD, RequestState.CONFIRMED, RequestState.CANCELLED})
LOST = frozenset({"booking_ended", "slot_withdrawn", "expired"})
_PROPOSED_TO = text(
    "select (detail->>'practitioner_id')::uuid from matching.attachment_change"
    " where attachment_id = :entry and code = 'proposed' order by version desc limit 1"
)

_ROUND = text(f"""
insert into common.notice ({COLUMNS})
select distinct e.cpts_id, a.id, 'attachment_proposed', 'attachment:' || e.id, e.id::text, null::smallint,
  null::timestamptz, e.answer_by, common.now(), common.now(), 'waiting', ''
from matching.attachment e
join common.role_grant g on g.practitioner_id = e.practitioner_id and g.role in ('practitioner', 'delegate')
join common.account a on a.id = g.account_id and a.disabled_at is null
where e.round_id = :round and e.state = 'proposed'
""")  # noqa: S608  constant texts, joined


async def tell_of_round(session: AsyncSession, round_id: UUID) -> None:
    """Tell the practitioners to whom a round has just proposed patients, in one statement."""
    await run(session, _ROUND, round=round_id)
    ring_after_commit(session, STREAM)


async def tell_of_request(
    session: AsyncSession, row: RequestRow, code: str, by: str, *, before: str | None, detail: dict[str, Any]
) -> None:
    """Write the notices that this change of a request causes, if any."""
    await _tell_the_board(session, row, code, by, before=before)
    kind = _for_referrers(row, code, before, detail)
    if kind is None:
        return
    assigned = kind in (NoticeKind.REQUEST_ASSIGNED, NoticeKind.REQUEST_MOVED)
    news = News(
        kind=kind,
        cpts_id=row.cpts_id,
        thread=f"request:{row.id}",
        subject=str(row.id),
        by=by,
        urgency=row.urgency,
        starts_at=row.starts_at if assigned else None,
        until=row.starts_at if assigned else row.deadline_at + KEPT,
    )
    await tell_accounts(session, {row.asked_by, row.owner}, news)


async def _tell_the_board(session: AsyncSession, row: RequestRow, code: str, by: str, *, before: str | None) -> None:
    """Coordinators learn of a P1 that still waits when a step comes, of who stays unserved, and that it is settled."""
    kind = _for_coordinators(row, code, before)
    if kind is None:
        return
    news = News(
        kind=kind,
        cpts_id=row.cpts_id,
        thread=f"board:{row.id}",
        subject=f"board:{row.id}",
        by=by,
        urgency=row.urgency,
        until=row.deadline_at if kind is NoticeKind.P1_WAITING else row.deadline_at + KEPT,
    )
    # Who asked, or took charge, is told of an unserved request as theirs.
    theirs = {row.asked_by, row.owner} if kind is NoticeKind.REQUEST_UNSERVED else set[str]()
    await tell_coordinators(session, news, but=theirs)


def _for_coordinators(row: RequestRow, code: str, before: str | None) -> NoticeKind | None:
    if code == "escalated" and row.urgency == 1:
        return NoticeKind.P1_WAITING
    if code == "unserved":
        return NoticeKind.REQUEST_UNSERVED
    watched = (row.urgency == 1 and row.escalation > 0) or before == RequestState.UNSERVED
    return NoticeKind.SETTLED if watched and row.state in SETTLED_FOR_THE_BOARD and before != row.state else None


def _for_referrers(row: RequestRow, code: str, before: str | None, detail: dict[str, Any]) -> NoticeKind | None:
    if code == "confirmed":
        return NoticeKind.REQUEST_ASSIGNED
    if code == "slot_moved" and row.state == RequestState.CONFIRMED:
        return NoticeKind.REQUEST_MOVED
    if code in LOST and before == RequestState.CONFIRMED:
        return NoticeKind.REQUEST_LOST
    if code == "unserved" or (code == "escalated" and detail.get("step") == "call_back"):
        return NoticeKind.REQUEST_CALL_BACK
    ended = row.state == RequestState.CANCELLED and before != row.state
    return NoticeKind.SETTLED if ended else None


async def tell_of_attachment(session: AsyncSession, row: Any, by: str, *, before: str | None) -> None:
    """Whatever follows a proposal settles it for the practitioner who was told."""
    if before != "proposed":
        return
    whom = await _find_proposed(session, row.id)
    news = News(
        kind=NoticeKind.SETTLED,
        cpts_id=row.cpts_id,
        thread=f"attachment:{row.id}",
        subject=str(row.id),
        by=by,
        until=row.answer_by,
    )
    await tell_practitioners(session, [whom] if whom else [], news)


async def _find_proposed(session: AsyncSession, entry: UUID) -> UUID | None:
    found: UUID | None = (await run(session, _PROPOSED_TO, entry=entry)).scalar_one_or_none()
    return found
