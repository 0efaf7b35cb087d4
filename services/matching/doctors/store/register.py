"""The register of people without a médecin traitant: its tables, and guarded writes.

Every change goes through `change`: one guarded UPDATE that also tests, a row in the story, and `tell`, the event, as
the last statement.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlmodel import Field, col
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.sameday.store.changing import Storied
from services.matching.sameday.store.notices import tell_of_attachment
from services.matching.sameday.store.tables import OUTBOX, Matching, texts, values
from shared.contracts.register import AttachmentState, AttachmentView
from shared.db import instant
from shared.refusals import Refusal

HAS_PRACTITIONER = "state in ('proposed', 'accepted_by_practitioner', 'accepted', 'confirmed')"


class AttachmentRow(Matching, table=True):
    """Someone without a médecin traitant. No name: `patient_sealed` holds it, encrypted, if anyone gave it."""

    __tablename__ = "attachment"
    __table_args__ = (
        CheckConstraint(f"({HAS_PRACTITIONER}) = (practitioner_id is not null)", name="practitioner"),
        Index("ix_attachment_register", "cpts_id", "state", postgresql_where=text("archived_at is null")),
    )

    id: UUID = Field(primary_key=True)
    cpts_id: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    version: int = 1
    insee: str = Field(sa_type=Text)
    age: int | None = None
    """On the day of `entered_at`; people grow older while they wait."""
    entered_at: datetime = instant()
    flags: list[str] = texts()
    priority_class: str = Field(sa_type=Text)
    home_visits: bool = False
    household: UUID = Field(index=True)
    max_travel_s: int | None = None
    forbidden: list[str] = texts()
    """Practitioners not to be proposed: refused by either side, here or before."""
    seen_practitioner_id: UUID | None = Field(default=None, index=True)
    seen_answer: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": text("''")})
    """The doctor they saw in the last twelve months, and what came of asking them: asked, mine, take, no."""
    source: str = Field(sa_type=Text)
    registered_by: str = Field(sa_type=Text, index=True)
    registered_role: str = Field(sa_type=Text)
    registered_at: datetime = instant()
    """Since when they look for one: their seniority."""
    revalidate_by: datetime = instant()
    practitioner_id: UUID | None = Field(default=None, index=True)
    round_id: UUID | None = None
    proposed_at: datetime | None = instant(default=None)
    answer_by: datetime | None = instant(default=None)
    why: dict[str, int] = values(default_factory=dict)
    reason: str = Field(default="", sa_type=Text)
    reference: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": text("''")})
    """What those who keep the register call this entry; never a name."""
    untold: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    """Proposed by a round that the practitioners have not been told of: they see nothing of it yet."""
    patient_sealed: bytes | None = None
    changed_at: datetime = instant()
    archived_at: datetime | None = instant(default=None)


class AttachmentChangeRow(Matching, table=True):
    """One line of the story: who changed what, when and why."""

    __tablename__ = "attachment_change"

    attachment_id: UUID = Field(primary_key=True, foreign_key="matching.attachment.id", ondelete="CASCADE")
    version: int = Field(primary_key=True)
    cpts_id: str = Field(sa_type=Text)
    at: datetime = instant()
    from_state: str | None = Field(default=None, sa_type=Text)
    to_state: str = Field(sa_type=Text)
    code: str = Field(sa_type=Text)
    by: str = Field(sa_type=Text)
    detail: dict[str, Any] = values(default_factory=dict)


class AttachmentRoundRow(Matching, table=True):
    """One round, in figures. `kept`: proposals recorded; the others met a change made meanwhile. `failed`: the solver
    gave no answer, so nothing was proposed. `tell_at`: when practitioners are told; until `told_at` it may be undone.
    """

    __tablename__ = "attachment_round"

    id: UUID = Field(primary_key=True)
    cpts_id: str = Field(sa_type=Text, index=True)
    at: datetime = instant()
    by: str = Field(sa_type=Text)
    seeking: int
    practitioners: int
    places: int
    proposed: int
    kept: int
    certified: bool
    seconds: float
    classes: list[str] = texts()
    served_by_class: list[int] = values()
    best_by_class: list[int] = values()
    household_gap: list[int] = values()
    equity_by_class: list[dict[str, Any]] = values()
    equity_by_commune: list[dict[str, Any]] = values()
    envious: int
    failed: bool = False
    tell_at: datetime | None = instant(default=None)
    told_at: datetime | None = instant(default=None)
    undone_at: datetime | None = instant(default=None)


class AttachmentOutcomeRow(Matching, table=True):
    """What a round decided for one person: a practitioner and why, or what stood in the way."""

    __tablename__ = "attachment_outcome"

    round_id: UUID = Field(primary_key=True, foreign_key="matching.attachment_round.id", ondelete="CASCADE")
    attachment_id: UUID = Field(primary_key=True, foreign_key="matching.attachment.id", index=True, ondelete="CASCADE")
    cpts_id: str = Field(sa_type=Text)
    priority_class: str = Field(sa_type=Text)
    practitioner_id: UUID | None = None
    kept: bool = False
    why: dict[str, int] = values(default_factory=dict)
    blocker: str = Field(default="", sa_type=Text)
    taken_by_class: list[int] = values(default_factory=list)


class AttachmentParametersRow(Matching, table=True):
    """What a CPTS sets for its rounds. Absent: the defaults."""

    __tablename__ = "attachment_parameters"

    cpts_id: str = Field(primary_key=True, sa_type=Text)
    body: dict[str, Any] = values()
    changed_at: datetime = instant()
    changed_by: str = Field(sa_type=Text)


class AttachmentMoved(Refusal):
    """Cette inscription vient de changer : rafraîchissez-la avant d'agir."""

    code = "attachment_moved"


def view_of(row: AttachmentRow) -> AttachmentView:
    """An entry as the stream tells it: no age, no flag, nothing of the patient."""
    plain = row.model_dump(include=set(AttachmentView.model_fields))
    ids = {name: str(plain[name]) for name in ("id", "household", "practitioner_id", "round_id") if plain[name]}
    return AttachmentView.model_validate({**plain, **ids})


ATTACHMENTS = Storied("attachment", AttachmentRow, AttachmentChangeRow, "attachment_id", AttachmentMoved, view_of)


@dataclass(frozen=True, slots=True)
class EntryChange:
    """A change of one entry: `code` names it, `by` is the account, `round` or `time`; `to` None keeps the state.

    `practitioner_id` and `guard` narrow it: still proposed to them, still due.
    """

    attachment_id: UUID
    code: str
    by: str
    at: datetime
    from_states: Collection[AttachmentState]
    to: AttachmentState | None = None
    practitioner_id: UUID | None = None
    detail: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    guard: tuple[Any, ...] = ()


NOBODY: dict[str, Any] = {
    "practitioner_id": None,
    "round_id": None,
    "proposed_at": None,
    "answer_by": None,
    "why": {},
    "untold": False,
}
"""What an entry holds when nobody is proposed to it any more."""


async def change(session: AsyncSession, made: EntryChange) -> AttachmentRow:
    """Make the change if the entry still stands where it is expected, else raise `AttachmentMoved` or `NotFound`."""
    guard = [col(AttachmentRow.state).in_(made.from_states), *made.guard]
    if made.practitioner_id is not None:
        guard.append(col(AttachmentRow.practitioner_id) == made.practitioner_id)
    row, before = await ATTACHMENTS.change(
        session, made.attachment_id, *guard, to=made.to, at=made.at, values=made.values
    )
    ATTACHMENTS.write_line(session, row, made.code, made.by, before=before, detail=made.detail)
    await tell_of_attachment(session, row, made.by, before=before)
    return row


async def add_attachment(session: AsyncSession, row: AttachmentRow) -> None:
    """A new entry and the first line of its story."""
    session.add(row)
    await session.flush()
    ATTACHMENTS.write_line(session, row, "registered", row.registered_by, before=None, detail={})


async def tell(session: AsyncSession, row: AttachmentRow, code: str) -> None:
    """Append the entry's new state to the stream: the last statement of a use case."""
    await tell_all(session, [row], code)


async def tell_all(session: AsyncSession, rows: Sequence[AttachmentRow], code: str) -> None:
    """Append the new state of entries of one CPTS to its stream, as `tell` does for one."""
    await session.flush()
    events = [ATTACHMENTS.event(row, code) for row in rows]
    await OUTBOX.append_all(session, {row.cpts_id for row in rows}, events)
