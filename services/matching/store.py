"""The tables of the schema `matching` and the only SQL that writes them.

Every change of a request goes through `move`: one guarded UPDATE that also tests, a row in the story, and `tell`, the
event, as the last statement of the transaction.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Column, Index, Text, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.contracts import RequestState, RequestView
from shared.db import instant, ring_after_commit, schema_metadata
from shared.events import Event
from shared.log import Outbox
from shared.migrate import History
from shared.refusals import NotFound, Refusal
from shared.wiring import role_of


class Matching(SQLModel):
    """Rows of the schema `matching`."""

    metadata = schema_metadata("matching")


def texts(**options: Any) -> Any:
    """A column holding a list of codes."""
    return Field(sa_column=Column(ARRAY(Text), nullable=False), **options)


def values(**options: Any) -> Any:
    """A column holding plain values."""
    return Field(sa_column=Column(JSONB, nullable=False), **options)


class RequestRow(Matching, table=True):
    """Someone asks a slot for a patient. No name: `patient_sealed` holds it, encrypted, if anyone gave it."""

    __tablename__ = "request"
    __table_args__ = (
        CheckConstraint("urgency between 1 and 4", name="urgency"),
        CheckConstraint("(slot_id is null) = (booking_id is null) or state = 'proposed'", name="slot_and_booking"),
        CheckConstraint(
            "state not in ('held', 'confirmed', 'honoured', 'no_show') or booking_id is not null", name="booked"
        ),
        Index("ix_request_board", "cpts_id", "state", postgresql_where=text("archived_at is null")),
    )

    id: UUID = Field(primary_key=True)
    cpts_id: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    version: int = 1
    urgency: int
    insee: str = Field(sa_type=Text)
    lat: float
    lon: float
    professions: list[str] = texts()
    act: str = Field(sa_type=Text)
    modes: list[str] = texts()
    age: int | None = None
    party: int = 1
    on_foot: bool = False
    wheelchair: bool = False
    max_travel_s: int
    habitual_practitioner_id: UUID | None = None
    source: str = Field(sa_type=Text)
    asked_by: str = Field(sa_type=Text, index=True)
    asked_role: str = Field(sa_type=Text)
    owner: str = Field(default="", sa_type=Text)
    submitted_at: datetime = instant()
    earliest_at: datetime = instant()
    deadline_at: datetime = instant()
    answer_by: datetime = instant()
    slot_id: UUID | None = None
    booking_id: UUID | None = Field(default=None, index=True)
    practitioner_id: UUID | None = None
    held_until: datetime | None = instant(default=None)
    picked: bool = False
    """A person chose the slot: the round leaves it to them."""
    cost: dict[str, int] = values(default_factory=dict)
    blockers: dict[str, int] = values(default_factory=dict)
    relaxations: list[dict[str, Any]] = values(default_factory=list)
    forbidden: list[str] = texts(default_factory=list)
    """Slots and practitioners that may not be given again."""
    escalation: int = 0
    next_step_at: datetime | None = instant(default=None)
    reason: str = Field(default="", sa_type=Text)
    patient_sealed: bytes | None = None
    changed_at: datetime = instant()
    archived_at: datetime | None = instant(default=None)


class RequestChangeRow(Matching, table=True):
    """One line of a request's story: who changed what, when and why."""

    __tablename__ = "request_change"

    request_id: UUID = Field(primary_key=True, foreign_key="matching.request.id", ondelete="CASCADE")
    version: int = Field(primary_key=True)
    cpts_id: str = Field(sa_type=Text)
    at: datetime = instant()
    from_state: str | None = Field(default=None, sa_type=Text)
    to_state: str = Field(sa_type=Text)
    code: str = Field(sa_type=Text)
    by: str = Field(sa_type=Text)
    detail: dict[str, Any] = values(default_factory=dict)


class ParametersRow(Matching, table=True):
    """What a CPTS sets for its matching. Absent: the defaults of `services.matching.parameters`."""

    __tablename__ = "parameters"

    cpts_id: str = Field(primary_key=True, sa_type=Text)
    body: dict[str, Any] = values()
    changed_at: datetime = instant()
    changed_by: str = Field(sa_type=Text)


class RoundLeaseRow(Matching, table=True):
    """Which process may write for a CPTS's rounds, until when (real time). `token` grows at each change of hands."""

    __tablename__ = "round_lease"

    cpts_id: str = Field(primary_key=True, sa_type=Text)
    holder: str = Field(sa_type=Text)
    token: int = Field(sa_type=BigInteger)
    until: datetime = instant()


class RoundRow(Matching, table=True):
    """One round that decided something or failed, in figures."""

    __tablename__ = "round"

    id: UUID = Field(primary_key=True)
    cpts_id: str = Field(sa_type=Text, index=True)
    at: datetime = instant()
    token: int = Field(sa_type=BigInteger)
    requests: int
    slots: int
    matched: int
    certified: bool
    seconds: float
    failure: str = Field(default="", sa_type=Text)


class MotiveRow(Matching, table=True):
    """A reason to ask for care, in people's words; the list is data, for each CPTS to validate."""

    __tablename__ = "motive"

    code: str = Field(primary_key=True, sa_type=Text)
    label: str = Field(sa_type=Text)
    synonyms: list[str] = texts()
    professions: list[str] = texts()
    modes: list[str] = texts()
    urgency: int
    window_hours: int
    validated: bool = False


OUTBOX = Outbox(Matching.metadata)
HISTORY = History(schema="matching", metadata=Matching.metadata, package="services.matching", role=role_of("matching"))


class RequestMoved(Refusal):
    """Cette demande vient de changer : rafraîchissez-la avant d'agir."""

    code = "request_moved"


class LeaseLost(Exception):
    """Another process took over the rounds of this CPTS: nothing more is written under the old token."""


@dataclass(frozen=True, slots=True)
class Move:
    """A change of one request: `code` names it, `by` is the account or `round`; `to` None keeps the state."""

    request_id: UUID
    code: str
    by: str
    at: datetime
    from_states: Collection[RequestState]
    to: RequestState | None = None
    version: int | None = None
    detail: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)


async def move(session: AsyncSession, change: Move) -> RequestRow:
    """Make the change if the request still stands where it is expected, else raise `RequestMoved` or `NotFound`."""
    guard = [col(RequestRow.id) == change.request_id, col(RequestRow.state).in_(change.from_states)]
    if change.version is not None:
        guard.append(col(RequestRow.version) == change.version)
    taken = (
        update(RequestRow)
        .where(*guard)
        .values(
            state=change.to or col(RequestRow.state),
            version=col(RequestRow.version) + 1,
            changed_at=change.at,
            **change.values,
        )
        .returning(RequestRow)
        .execution_options(populate_existing=True)
    )
    row: RequestRow | None = (await session.exec(taken)).scalar_one_or_none()
    if row is None:
        raise await _moved(session, change.request_id)
    before = await session.get_one(RequestChangeRow, (row.id, row.version - 1))
    _write_story(session, row, change.code, change.by, before.to_state, change.detail)
    return row


async def _moved(session: AsyncSession, request_id: UUID) -> Refusal:
    found = (
        await session.exec(select(RequestRow.state, RequestRow.version).where(RequestRow.id == request_id))
    ).one_or_none()
    return (
        NotFound(field="request_id", value=request_id)
        if found is None
        else RequestMoved(state=found[0], version=found[1])
    )


def _write_story(
    session: AsyncSession, row: RequestRow, code: str, by: str, from_state: str | None, detail: dict[str, Any]
) -> None:
    session.add(
        RequestChangeRow(
            request_id=row.id,
            version=row.version,
            cpts_id=row.cpts_id,
            at=row.changed_at,
            from_state=from_state,
            to_state=row.state,
            code=code,
            by=by,
            detail=detail,
        )
    )


async def add_request(session: AsyncSession, row: RequestRow) -> None:
    """A new request and the first line of its story."""
    session.add(row)
    await session.flush()
    _write_story(session, row, "submitted", row.asked_by, None, {})


def door(cpts_id: str) -> str:
    """Where the rounds of a CPTS are rung for."""
    return f"round:{cpts_id}"


async def tell(session: AsyncSession, row: RequestRow, code: str, *, wake: bool = True) -> None:
    """Append the request's new state to the stream: the last statement of a use case. `wake` rings for a round."""
    await session.flush()
    value = None if row.archived_at else view_of(row).model_dump(mode="json")
    event = Event(type=f"request_{code}.v1", at=row.changed_at, collection="requests", id=str(row.id), value=value)
    await OUTBOX.append(session, [row.cpts_id], event)
    if wake:
        ring_after_commit(session, door(row.cpts_id))


def view_of(row: RequestRow) -> RequestView:
    """A request as the board shows it: no age, no point, nothing of the patient."""
    return RequestView.model_validate(
        {
            **row.model_dump(include=set(RequestView.model_fields)),
            "id": str(row.id),
            "slot_id": _text(row.slot_id),
            "booking_id": _text(row.booking_id),
            "practitioner_id": _text(row.practitioner_id),
        }
    )


def _text(id_: UUID | None) -> str | None:
    return None if id_ is None else str(id_)
