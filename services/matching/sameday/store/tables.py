"""The tables of the schema `matching`."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Column, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from shared.db import instant, schema_metadata
from shared.live.store import Outbox


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
        Index("ix_request_asked", "cpts_id", "submitted_at"),
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
    needs: list[str] = texts(default_factory=list)
    """What is needed of who has one of these professions, such as `21+cystitis`: see `access`."""
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
    companions: list[str] = texts(default_factory=list)
    """Bookings of the others of the party, in the same slot."""
    starts_at: datetime | None = instant(default=None)
    """When the slot begins."""
    held_until: datetime | None = instant(default=None)
    picked: bool = False
    """A person chose the slot: the round leaves it to them."""
    mode: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": text("''")})
    """How the patient and the practitioner agreed to meet in the slot: a code of TRE_R185."""
    automatic: bool = Field(default=True, sa_column_kwargs={"server_default": text("true")})
    """Rounds may hold and confirm a slot by themselves: nobody chooses by hand, or somebody put it on the board."""
    in_hand_by: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": text("''")})
    in_hand_until: datetime | None = instant(default=None)
    """Until then `in_hand_by` is choosing, the patient before them."""
    cost: dict[str, int] = values(default_factory=dict)
    blockers: dict[str, int] = values(default_factory=dict)
    relaxations: list[dict[str, Any]] = values(default_factory=list)
    forbidden: list[str] = texts(default_factory=list)
    """Slots and practitioners that may not be given again."""
    given_back: list[str] = texts(default_factory=list)
    """Bookings it had, or was offered, and gives back: they are never recorded again, whoever ends them."""
    escalation: int = 0
    next_step_at: datetime | None = instant(default=None)
    reason: str = Field(default="", sa_type=Text)
    patient_sealed: bytes | None = None
    changed_at: datetime = instant()
    told_at: datetime | None = instant(default=None)
    """Since when the patient knows where their request stands; none: whoever asked has to call them back."""
    patient_confirmed_at: datetime | None = instant(default=None)
    patient_late_minutes: int | None = None
    """What the patient said by their link: they come, they will be late by so much."""
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
    """One round that decided something or failed, in figures. Its `id` is the seed of the futures it looked at.

    `policy` is the one it ran, `fallback` why not the one that was chosen; `held_back` wait for others.
    """

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
    policy: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": text("''")})
    fallback: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": text("''")})
    held_back: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})


class MotiveRow(Matching, table=True):
    """A reason to ask for care; the list is data, for each CPTS to validate."""

    __tablename__ = "motive"

    code: str = Field(primary_key=True, sa_type=Text)
    label: str = Field(sa_type=Text)
    modes: list[str] = texts()
    urgency: int
    window_hours: int
    min_age: int | None = None
    max_age: int | None = None
    validated: bool = False


class DirectAccessRow(Matching, table=True):
    """A profession may see a motive directly, when all this holds: see `DirectAccess`. The same in every territory."""

    __tablename__ = "direct_access"

    id: UUID = Field(primary_key=True)
    motive: str = Field(sa_type=Text, foreign_key="matching.motive.code", index=True)
    rank: int
    profession: str = Field(sa_type=Text)
    min_age: int
    max_age: int
    sex: str = Field(sa_type=Text)
    flags: list[str] = texts()
    training: str = Field(sa_type=Text)
    structures: list[str] = texts()
    departements: list[str] = texts()
    valid_from: date | None = None
    valid_to: date | None = None
    source: str = Field(sa_type=Text)


OUTBOX = Outbox(Matching.metadata)
