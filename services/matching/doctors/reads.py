"""What screens read of the register and its rounds. Never writes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.doctors.store.register import (
    AttachmentChangeRow,
    AttachmentOutcomeRow,
    AttachmentRoundRow,
    AttachmentRow,
    view_of,
)
from services.matching.sameday.reads import StoryLine
from shared.contracts.events import State
from shared.refusals import NotFound


class EquityFigures(BaseModel):
    """One class or one commune: how many asked, how many got a proposal, their mean journey."""

    of: str
    asked: int
    proposed: int
    mean_travel_s: int


class Round(BaseModel):
    """A round in figures. `kept`: proposals recorded; the others met a change made while the round was computed.

    Lists by class follow `classes`; the last entry counts those of no class. `household_gap`: people fewer than the
    most possible, so that households stay together. `envious`: who would rather have a practitioner given to someone
    ranked after them. `failed`: the calculation gave no answer; nothing was proposed, and a round may be run again.
    `tell_at`: when its practitioners are told; until `told_at` it may be undone.
    """

    id: UUID
    cpts_id: str
    at: datetime
    seeking: int
    proposed: int
    kept: int
    certified: bool
    seconds: float
    classes: list[str]
    served_by_class: list[int]
    best_by_class: list[int]
    household_gap: list[int]
    equity_by_class: list[EquityFigures]
    equity_by_commune: list[EquityFigures]
    envious: int
    failed: bool
    tell_at: datetime | None = None
    told_at: datetime | None = None
    undone_at: datetime | None = None


class RoundPreview(Round):
    """A round computed, not run: nothing is stored, nobody is told. `mark` says what it would propose."""

    outcomes: list["RoundOutcome"]
    mark: str


class RoundOutcome(BaseModel):
    """What a round decided for one person: a practitioner and why, or what stood in the way.

    `taken_by_class`: who holds the places of the practitioners within reach. `kept`: the proposal was recorded.
    """

    attachment_id: UUID
    round_id: UUID
    priority_class: str
    practitioner_id: UUID | None
    kept: bool
    why: dict[str, int]
    blocker: str
    taken_by_class: list[int]


async def read_attachments(session: AsyncSession, cpts_id: str) -> State:
    """Every entry of a CPTS's register that is not archived, as the stream tells them."""
    query = select(AttachmentRow).where(AttachmentRow.cpts_id == cpts_id, col(AttachmentRow.archived_at).is_(None))
    return {"attachments": {str(row.id): view_of(row).model_dump(mode="json") for row in await session.exec(query)}}


async def attachment_row(session: AsyncSession, attachment_id: UUID) -> AttachmentRow:
    """One entry; raises `NotFound`."""
    row = await session.get(AttachmentRow, attachment_id)
    if row is None:
        raise NotFound(field="attachment_id", value=attachment_id)
    return row


async def attachments_of(
    session: AsyncSession, cpts_id: str, states: Sequence[str], limit: int | None = None
) -> list[AttachmentRow]:
    """The entries of a CPTS in these states (all of them when none is given), the oldest first."""
    query = select(AttachmentRow).where(AttachmentRow.cpts_id == cpts_id, col(AttachmentRow.archived_at).is_(None))
    if states:
        query = query.where(col(AttachmentRow.state).in_(states))
    ordered = query.order_by(col(AttachmentRow.registered_at), col(AttachmentRow.id))
    return list(await session.exec(ordered.limit(limit)))


async def attachment_story(session: AsyncSession, attachment_id: UUID) -> list[StoryLine]:
    """Everything that happened to an entry, oldest first."""
    rows = await session.exec(
        select(AttachmentChangeRow)
        .where(AttachmentChangeRow.attachment_id == attachment_id)
        .order_by(col(AttachmentChangeRow.version))
    )
    return [StoryLine.model_validate(row.model_dump()) for row in rows]


async def last_outcome(session: AsyncSession, attachment_id: UUID) -> RoundOutcome | None:
    """What the last round decided for this person, if they were in one."""
    query = (
        select(AttachmentOutcomeRow)
        .join(AttachmentRoundRow, col(AttachmentRoundRow.id) == col(AttachmentOutcomeRow.round_id))
        .where(AttachmentOutcomeRow.attachment_id == attachment_id)
        .order_by(col(AttachmentRoundRow.at).desc(), col(AttachmentRoundRow.id).desc())
    )
    row = (await session.exec(query.limit(1))).first()
    return None if row is None else RoundOutcome.model_validate(row.model_dump())


def figures(row: AttachmentRoundRow) -> Round:
    """A round as it is shown: without how many places anyone declared."""
    plain: dict[str, Any] = row.model_dump(include=set(Round.model_fields))
    return Round.model_validate(plain)


async def round_row(session: AsyncSession, round_id: UUID) -> AttachmentRoundRow:
    """One round; raises `NotFound`."""
    row = await session.get(AttachmentRoundRow, round_id)
    if row is None:
        raise NotFound(field="round_id", value=round_id)
    return row


async def rounds_of(session: AsyncSession, cpts_id: str, limit: int = 50) -> list[Round]:
    """The last rounds of a CPTS, the newest first."""
    query = select(AttachmentRoundRow).where(AttachmentRoundRow.cpts_id == cpts_id)
    newest = query.order_by(col(AttachmentRoundRow.at).desc(), col(AttachmentRoundRow.id).desc())
    return [figures(row) for row in await session.exec(newest.limit(limit))]


async def count_rounds(session: AsyncSession, cpts_id: str) -> int:
    """How many rounds a CPTS ever had."""
    query = select(func.count()).select_from(AttachmentRoundRow).where(AttachmentRoundRow.cpts_id == cpts_id)
    return (await session.exec(query)).one()


async def outcomes_of(session: AsyncSession, round_id: UUID) -> list[RoundOutcome]:
    """What a round decided, one line a person."""
    query = select(AttachmentOutcomeRow).where(AttachmentOutcomeRow.round_id == round_id)
    rows = await session.exec(query.order_by(col(AttachmentOutcomeRow.attachment_id)))
    return [RoundOutcome.model_validate(row.model_dump()) for row in rows]
