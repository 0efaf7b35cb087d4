"""What time asks for, seldom: requests leave the streams, patients' data are erased, old events are forgotten."""

from datetime import datetime, timedelta

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.sameday.app.round.deciding import ROUND
from services.matching.sameday.store.history import forget_slots
from services.matching.sameday.store.requests import Move, move, tell
from services.matching.sameday.store.rounds import forget_rounds
from services.matching.sameday.store.tables import OUTBOX, RequestRow
from shared.contracts import RequestState

ENDED = frozenset({RequestState.CANCELLED, RequestState.HONOURED, RequestState.NO_SHOW})
SHOWN_AFTER = timedelta(hours=24)
"""How long an ended request stays on the screens; a confirmed one that nobody witnessed counts from its time."""


async def archive(session: AsyncSession, cpts_id: str, now: datetime) -> int:
    """Take ended requests off the streams; their rows and stories stay. Answers how many."""
    over = or_(
        col(RequestRow.state).in_(ENDED) & (col(RequestRow.changed_at) < now - SHOWN_AFTER),
        (col(RequestRow.state) == RequestState.CONFIRMED) & (col(RequestRow.starts_at) < now - SHOWN_AFTER),
    )
    query = select(RequestRow).where(RequestRow.cpts_id == cpts_id, col(RequestRow.archived_at).is_(None), over)
    rows = (await session.exec(query.order_by(col(RequestRow.id)).with_for_update())).all()
    moved = [
        await move(
            session,
            Move(
                row.id,
                code="archived",
                by=ROUND,
                at=now,
                from_states={RequestState(row.state)},
                values={"archived_at": now},
            ),
        )
        for row in rows
    ]
    for row in moved:
        await tell(session, row, "archived", wake=False)
    return len(moved)


async def forget(session: AsyncSession, cpts_id: str, now: datetime, *, events_kept: timedelta) -> None:
    """Forget old events, whose readers start again from a snapshot, and the figures of old rounds."""
    await OUTBOX.prune(session, cpts_id, now - events_kept)
    await forget_slots(session, cpts_id, now)
    await forget_rounds(session, cpts_id, now)
