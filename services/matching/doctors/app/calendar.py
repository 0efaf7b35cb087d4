"""What time does to the register: unanswered proposals end, entries are asked about again, closed, then put away."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.doctors.app.parameters import AttachmentSettings, attachment_settings
from services.matching.doctors.store.places import give_place_back
from services.matching.doctors.store.register import NOBODY, AttachmentMoved, AttachmentRow, EntryChange, change, tell
from shared.contracts.register import CLOSED, SEEKING, AttachmentState
from shared.db import database_now

AT_ONCE = 200
AWAITED = frozenset({AttachmentState.PROPOSED, AttachmentState.ACCEPTED_BY_PRACTITIONER})


async def registers(session: AsyncSession) -> list[str]:
    """The CPTS whose register has something that time may change now."""
    now = await database_now(session)
    maybe = or_(
        col(AttachmentRow.state).in_(AWAITED) & (col(AttachmentRow.answer_by) <= now),
        col(AttachmentRow.state).in_(SEEKING | {AttachmentState.TO_REVALIDATE})
        & (col(AttachmentRow.revalidate_by) <= now),
        col(AttachmentRow.state).in_(CLOSED),
    )
    query = select(AttachmentRow.cpts_id).where(col(AttachmentRow.archived_at).is_(None), maybe).distinct()
    return sorted(await session.exec(query))


async def let_time_pass(session: AsyncSession, cpts_id: str) -> int:
    """Make the changes that are due in a CPTS, a batch at most; answers how many were due."""
    now = await database_now(session)
    settings = await attachment_settings(session, cpts_id)
    changed = []
    batch = await _due(session, cpts_id, settings, now)
    for row in batch:
        made = _change(row.id, AttachmentState(row.state), row.practitioner_id, settings, now)
        try:
            after = await change(session, made)
        except AttachmentMoved:
            continue  # somebody answered just now
        changed.append((after, made.code))
    for row, code in changed:
        if code == "unanswered":
            await give_place_back(session, row.id)
    for row, code in changed:
        await tell(session, row, code)
    return len(batch)


def _deadlines(settings: AttachmentSettings, now: datetime) -> dict[str, Any]:
    """What must hold for each change to be due."""
    asked_until, shown_until = now - timedelta(days=settings.expire_days), now - timedelta(days=settings.archive_days)
    return {
        "unanswered": (AWAITED, col(AttachmentRow.answer_by) <= now),
        "to_revalidate": (SEEKING, col(AttachmentRow.revalidate_by) <= now),
        "expired": ({AttachmentState.TO_REVALIDATE}, col(AttachmentRow.revalidate_by) <= asked_until),
        "archived": (CLOSED, col(AttachmentRow.changed_at) <= shown_until),
    }


async def _due(session: AsyncSession, cpts_id: str, settings: AttachmentSettings, now: datetime) -> list[AttachmentRow]:
    cases = [col(AttachmentRow.state).in_(states) & late for states, late in _deadlines(settings, now).values()]
    query = select(AttachmentRow).where(
        AttachmentRow.cpts_id == cpts_id, col(AttachmentRow.archived_at).is_(None), or_(*cases)
    )
    return list(await session.exec(query.order_by(col(AttachmentRow.id)).limit(AT_ONCE)))


def _change(
    attachment_id: UUID,
    state: AttachmentState,
    practitioner_id: UUID | None,
    settings: AttachmentSettings,
    now: datetime,
) -> EntryChange:
    """The change that is due from a state; its guard says again that it is."""
    code, (states, late) = next((code, case) for code, case in _deadlines(settings, now).items() if state in case[0])
    to, values, detail = None, {}, {}
    if code == "unanswered":
        to, values = AttachmentState.WAITING, dict(NOBODY)
        detail = {"practitioner_id": str(practitioner_id), "by": _silent(state)}
    elif code == "archived":
        values = {"archived_at": now, "patient_sealed": None}
    else:
        to = AttachmentState(code)
    guard = (late, col(AttachmentRow.archived_at).is_(None))
    return EntryChange(attachment_id, code, "time", now, states, to, detail=detail, values=values, guard=guard)


def _silent(state: AttachmentState) -> str:
    """Who did not answer."""
    return "practitioner" if state == AttachmentState.PROPOSED else "patient"
