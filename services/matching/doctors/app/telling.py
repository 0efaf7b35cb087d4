"""Between a round and its practitioners: telling them of it, or undoing it while they know nothing."""

from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.doctors.app.register import RUNS_THE_REGISTER
from services.matching.doctors.reads import round_row
from services.matching.doctors.store.places import give_place_back
from services.matching.doctors.store.proposals import take_untold, untold_of
from services.matching.doctors.store.register import (
    NOBODY,
    AttachmentRoundRow,
    EntryChange,
    change,
    tell_all,
)
from services.matching.sameday.store.notices import tell_of_round
from shared.auth import Caller
from shared.contracts.register import AttachmentState
from shared.db import database_now
from shared.refusals import Refusal


class RoundTold(Refusal):
    """Les médecins de ce tour sont déjà prévenus, ou il a été annulé : rien n'a changé."""

    code = "round_told"


async def rounds_to_tell(session: AsyncSession) -> dict[str, UUID]:
    """By CPTS, a round whose practitioners are to be told now; another of the same CPTS waits for the next look."""
    now = await database_now(session)
    query = select(AttachmentRoundRow.cpts_id, AttachmentRoundRow.id).where(
        col(AttachmentRoundRow.tell_at) <= now,
        col(AttachmentRoundRow.told_at).is_(None),
        col(AttachmentRoundRow.undone_at).is_(None),
    )
    return dict((await session.exec(query.order_by(col(AttachmentRoundRow.tell_at).desc()))).all())


async def tell_when_due(session: AsyncSession, round_id: UUID) -> None:
    """Tell the practitioners of a round whose time has come, unless somebody was quicker."""
    if await take_untold(session, round_id, await database_now(session), tell=True) is not None:
        await _tell(session, round_id, "time", await database_now(session))


async def tell_round(session: AsyncSession, caller: Caller, round_id: UUID) -> AttachmentRoundRow:
    """Tell the practitioners of a round at once; it cannot be undone any more."""
    row, now = await _take(session, caller, round_id, tell=True)
    await _tell(session, round_id, caller.id, now)
    return row


async def undo_round(session: AsyncSession, caller: Caller, round_id: UUID) -> AttachmentRoundRow:
    """Take a round back: everybody waits again, in their turn; practitioners never learn of it."""
    row, now = await _take(session, caller, round_id, tell=False)
    back = [
        await change(
            session,
            EntryChange(
                each, "undone", caller.id, now, [AttachmentState.PROPOSED], AttachmentState.WAITING, values=dict(NOBODY)
            ),
        )
        for each in await untold_of(session, round_id)
    ]
    for each in back:
        await give_place_back(session, each.id)
    if back:
        await tell_all(session, back, "undone")
    return row


async def _take(
    session: AsyncSession, caller: Caller, round_id: UUID, *, tell: bool
) -> tuple[AttachmentRoundRow, datetime]:
    caller.require(*RUNS_THE_REGISTER)
    await round_row(session, round_id)
    now = await database_now(session)
    row = await take_untold(session, round_id, now, tell=tell)
    if row is None:
        raise RoundTold(field="round_id", value=round_id)
    return row, now


async def _tell(session: AsyncSession, round_id: UUID, by: str, now: datetime) -> None:
    told = [
        await change(session, EntryChange(each, "told", by, now, [AttachmentState.PROPOSED], values={"untold": False}))
        for each in await untold_of(session, round_id)
    ]
    if told:
        await tell_of_round(session, round_id)
        await tell_all(session, told, "told")
