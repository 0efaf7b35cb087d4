"""Proposing médecins traitants to many people at once: the writes of a whole round, each kind in one statement."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, text, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.doctors.store.register import (
    AttachmentChangeRow,
    AttachmentMoved,
    AttachmentRoundRow,
    AttachmentRow,
)
from services.matching.sameday.store.notices import tell_of_round
from shared.contracts.register import SEEKING, AttachmentState
from shared.db import run, run_each

PROPOSE = text("""
update matching.attachment a
   set state = 'proposed', version = a.version + 1, changed_at = :at, proposed_at = :at, answer_by = :answer_by,
       round_id = :round_id, practitioner_id = of.gp, priority_class = of.class, why = cast(of.why as jsonb),
       reason = '', untold = :untold
  from unnest(cast(:ids as uuid[]), cast(:versions as int[]), cast(:gps as uuid[]), cast(:classes as text[]),
              cast(:whys as text[])) as of (id, version, gp, class, why)
 where a.id = of.id and a.version = of.version and a.state = any(cast(:seeking as text[]))
returning a.id
""")


@dataclass(frozen=True, slots=True)
class NumberedProposal:
    """Somebody of the register, as they were read, is proposed to a practitioner, who keeps a numbered place."""

    row: AttachmentRow
    practitioner_id: UUID
    number: int
    priority_class: str
    why: dict[str, int]


async def lock_unchanged(session: AsyncSession, versions: Mapping[UUID, int]) -> set[UUID]:
    """Which entries still are as they were read; all of them are locked until the commit, in one order."""
    ours = select(AttachmentRow.id, AttachmentRow.version).where(col(AttachmentRow.id).in_(versions))
    found = await session.exec(ours.order_by(col(AttachmentRow.id)).with_for_update())
    return {key for key, version in found if versions[key] == version}


async def take_untold(session: AsyncSession, round_id: UUID, at: datetime, *, tell: bool) -> AttachmentRoundRow | None:
    """The round, by who is first to tell of it or to undo it; None when that is done, or nothing was to be told."""
    taken = (
        update(AttachmentRoundRow)
        .where(
            col(AttachmentRoundRow.id) == round_id,
            col(AttachmentRoundRow.tell_at).is_not(None),
            col(AttachmentRoundRow.told_at).is_(None),
            col(AttachmentRoundRow.undone_at).is_(None),
        )
        .values(**{"told_at" if tell else "undone_at": at})
        .returning(AttachmentRoundRow)
        .execution_options(populate_existing=True)
    )
    found: AttachmentRoundRow | None = (await session.exec(taken)).scalar_one_or_none()
    return found


async def untold_of(session: AsyncSession, round_id: UUID) -> list[UUID]:
    """The entries of a round whose practitioners know nothing yet, in one order."""
    ours = select(AttachmentRow.id).where(col(AttachmentRow.round_id) == round_id, col(AttachmentRow.untold))
    return sorted(await session.exec(ours))


async def propose(
    session: AsyncSession,
    round_id: UUID,
    proposals: Sequence[NumberedProposal],
    *,
    at: datetime,
    answer_by: datetime,
    untold: bool = False,
) -> list[AttachmentRow]:
    """Propose all of these, whose rows this transaction holds, with a line in each story; answers them as they are now.

    `untold`: practitioners learn nothing of it yet.
    Raises `AttachmentMoved` when one of them is not as it was read: nothing of the round is kept then.
    """
    values = {
        "ids": [each.row.id for each in proposals],
        "versions": [each.row.version for each in proposals],
        "gps": [each.practitioner_id for each in proposals],
        "classes": [each.priority_class for each in proposals],
        "whys": [json.dumps(each.why) for each in proposals],
    }
    seeking = [str(state) for state in SEEKING]
    when = {"at": at, "answer_by": answer_by, "untold": untold}
    done = await run(session, PROPOSE, **values, **when, seeking=seeking, round_id=round_id)
    if len(done.all()) != len(proposals):
        raise AttachmentMoved
    lines = [
        {
            "attachment_id": each.row.id,
            "version": each.row.version + 1,
            "cpts_id": each.row.cpts_id,
            "at": at,
            "from_state": each.row.state,
            "to_state": AttachmentState.PROPOSED,
            "code": AttachmentState.PROPOSED,
            "by": "round",
            "detail": {"round_id": str(round_id), "practitioner_id": str(each.practitioner_id), **each.why},
        }
        for each in proposals
    ]
    await run_each(session, insert(AttachmentChangeRow), lines)
    if not untold:
        await tell_of_round(session, round_id)
    ours = select(AttachmentRow).where(col(AttachmentRow.round_id) == round_id).order_by(col(AttachmentRow.id))
    return list(await session.exec(ours.execution_options(populate_existing=True)))
