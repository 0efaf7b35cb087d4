"""What becomes of a proposal: both sides accept or refuse it, the declaration is made, the person withdraws.

The practitioner answers first, then the patient, through who registered them or the coordinator. A household is
accepted or refused as one: its members go to one practitioner.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.doctors.app.parameters import attachment_settings, months_later
from services.matching.doctors.app.register import class_of, is_proposed_to, may_act
from services.matching.doctors.reads import attachment_row
from services.matching.doctors.store.places import give_place_back, keep_place
from services.matching.doctors.store.register import NOBODY, AttachmentRow, EntryChange, change, tell
from shared.auth import Caller
from shared.contracts.register import CLOSED, PROMISED, SEEKING, AttachmentState
from shared.db import database_now
from shared.refusals import NotAllowed

MAY_DECLINE = frozenset({AttachmentState.PROPOSED, AttachmentState.ACCEPTED_BY_PRACTITIONER})


@dataclass(frozen=True, slots=True)
class AnswerEffect:
    """A change of state that an answer makes, with its trace."""

    to: AttachmentState
    from_states: Collection[AttachmentState]
    detail: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)


async def accept(session: AsyncSession, caller: Caller, attachment_id: UUID) -> AttachmentRow:
    """Say yes: the practitioner, then the patient."""
    row = await attachment_row(session, attachment_id)
    if _speaks_as_practitioner(caller, row, [AttachmentState.PROPOSED]):
        days = (await attachment_settings(session, row.cpts_id)).answer_days
        until = await database_now(session) + timedelta(days=days)
        to, asked = AttachmentState.ACCEPTED_BY_PRACTITIONER, AttachmentState.PROPOSED
        return await _answer(session, caller, row, AnswerEffect(to, [asked], values={"answer_by": until}))
    to, asked = AttachmentState.ACCEPTED, AttachmentState.ACCEPTED_BY_PRACTITIONER
    return await _answer(session, caller, row, AnswerEffect(to, [asked], values={"answer_by": None}))


async def refuse(session: AsyncSession, caller: Caller, attachment_id: UUID, reason: str) -> AttachmentRow:
    """Say no, with a reason: the pair is not proposed again, and nobody loses their turn."""
    row = await attachment_row(session, attachment_id)
    refused = str(row.practitioner_id)
    to, asked = AttachmentState.REFUSED_BY_PATIENT, PROMISED
    if _speaks_as_practitioner(caller, row, MAY_DECLINE):
        to, asked = AttachmentState.REFUSED_BY_PRACTITIONER, MAY_DECLINE
    forbidden = func.array_append(col(AttachmentRow.forbidden), refused)
    return await _answer(
        session,
        caller,
        row,
        AnswerEffect(
            to,
            asked,
            detail={"practitioner_id": refused, "reason": reason},
            values={**NOBODY, "reason": reason, "forbidden": forbidden},
        ),
    )


async def confirm(session: AsyncSession, caller: Caller, attachment_id: UUID) -> AttachmentRow:
    """The declaration is made: said by the practitioner, who registered the person, or the coordinator."""
    row = await attachment_row(session, attachment_id)
    _speaks_as_practitioner(caller, row, [AttachmentState.ACCEPTED])
    now = await database_now(session)
    to = AttachmentState.CONFIRMED
    made = EntryChange(row.id, to, caller.id, now, [AttachmentState.ACCEPTED], to, practitioner_id=row.practitioner_id)
    confirmed = await change(session, made)
    await keep_place(session, row.id, now)
    await tell(session, confirmed, to)
    return confirmed


async def withdraw(session: AsyncSession, caller: Caller, attachment_id: UUID, reason: str) -> AttachmentRow:
    """The person no longer looks for a médecin traitant here."""
    row = await _lock_registered_by(session, caller, attachment_id)
    to, values = AttachmentState.WITHDRAWN, {**NOBODY, "reason": reason}
    now, asked = await database_now(session), frozenset(AttachmentState) - CLOSED
    withdrawn = await change(
        session, EntryChange(row.id, to, caller.id, now, asked, to, detail={"reason": reason}, values=values)
    )
    await give_place_back(session, row.id)
    await tell(session, withdrawn, to)
    return withdrawn


async def revalidate(session: AsyncSession, caller: Caller, attachment_id: UUID) -> AttachmentRow:
    """The person still looks for a médecin traitant: they keep their turn, and are asked again in some months."""
    row = await _lock_registered_by(session, caller, attachment_id)
    now = await database_now(session)
    settings = await attachment_settings(session, row.cpts_id)
    values = {
        "revalidate_by": months_later(now, settings.revalidate_months),
        "priority_class": class_of(row, settings, now),
        "reason": "",
    }
    asked = {*SEEKING, AttachmentState.TO_REVALIDATE}
    again = EntryChange(row.id, "revalidated", caller.id, now, asked, AttachmentState.WAITING, values=values)
    valid = await change(session, again)
    await tell(session, valid, "revalidated")
    return valid


def _speaks_as_practitioner(caller: Caller, row: AttachmentRow, theirs: Collection[AttachmentState]) -> bool:
    """Whether the caller answers for the practitioner, who comes first where it is `theirs` to answer, or the patient.

    Raises `NotAllowed` for anyone else.
    """
    own = is_proposed_to(caller, row)
    if own and row.state in theirs:
        return True
    if may_act(caller, row):
        return False
    if own:
        return True
    raise NotAllowed("Cette proposition n'est pas la vôtre.", field="attachment_id", value=row.id, rule="your own only")


async def _lock_registered_by(session: AsyncSession, caller: Caller, attachment_id: UUID) -> AttachmentRow:
    row = await attachment_row(session, attachment_id)
    if not may_act(caller, row):
        raise NotAllowed(
            "Cette inscription a été faite par quelqu'un d'autre.", field="attachment_id", value=attachment_id
        )
    return row


async def _answer(session: AsyncSession, caller: Caller, row: AttachmentRow, answer: AnswerEffect) -> AttachmentRow:
    """Answer for the whole household, or for nobody: the guarded changes decide, in one order."""
    now = await database_now(session)
    changed = []
    for member_id in await _with_household(session, row):
        made = EntryChange(
            member_id,
            answer.to,
            caller.id,
            now,
            answer.from_states,
            answer.to,
            practitioner_id=row.practitioner_id,
            detail=answer.detail,
            values=answer.values,
        )
        changed.append(await change(session, made))
    if answer.to in SEEKING:
        for member in changed:
            await give_place_back(session, member.id)
    for member in changed:
        await tell(session, member, answer.to)
    return next(member for member in changed if member.id == row.id)


async def _with_household(session: AsyncSession, row: AttachmentRow) -> list[UUID]:
    """Who is proposed to the same practitioner with this person and stands where they do, themselves included."""
    query = select(AttachmentRow.id).where(
        AttachmentRow.household == row.household,
        col(AttachmentRow.practitioner_id) == row.practitioner_id,
        AttachmentRow.state == row.state,
    )
    return sorted({row.id, *await session.exec(query)})
