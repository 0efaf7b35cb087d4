"""The tables of the schema `availability`. Who may see or write which row stands in the migrations."""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, ExcludeConstraint
from sqlmodel import Field, SQLModel

from shared.db import instant, schema_metadata
from shared.live.store import Outbox


class AvailabilityRow(SQLModel):
    """Rows of the schema `availability`."""

    metadata = schema_metadata("availability")


OUTBOX = Outbox(AvailabilityRow.metadata)


def words(**options: Any) -> Any:
    """A column holding a list of codes."""
    return Field(sa_column=Column(ARRAY(Text), nullable=False), **options)


def numbers(**options: Any) -> Any:
    """A column holding a list of small numbers."""
    return Field(sa_column=Column(ARRAY(SmallInteger), nullable=False), **options)


class CptsRow(AvailabilityRow, table=True):
    """A territory, by FINESS; `size` is its class, 1 to 4."""

    __tablename__ = "cpts"

    finess: str = Field(primary_key=True, sa_type=Text)
    name: str = Field(sa_type=Text)
    size: int = Field(sa_type=SmallInteger)
    communes: list[str] = words()


class PractitionerRow(AvailabilityRow, table=True):
    """Who gives care, as the national directory says; `cpts_id` keeps this entry up to date."""

    __tablename__ = "practitioner"

    id: UUID = Field(primary_key=True)
    cpts_id: str | None = Field(default=None, sa_type=Text)
    rpps: str = Field(sa_type=Text, unique=True)
    last_name: str = Field(sa_type=Text)
    first_name: str = Field(sa_type=Text)
    profession: str = Field(sa_type=Text)
    specialty: str = Field(sa_type=Text)
    phone: str = Field(sa_type=Text)


class PlaceRow(AvailabilityRow, table=True):
    """Where care is given; `key` is its business key, such as `finess:130012345` or `siret:…`."""

    __tablename__ = "place"

    id: UUID = Field(primary_key=True)
    cpts_id: str | None = Field(default=None, sa_type=Text)
    key: str = Field(sa_type=Text, unique=True)
    name: str = Field(sa_type=Text)
    address: str = Field(sa_type=Text)
    insee: str = Field(sa_type=Text)
    lat: float
    lon: float
    phone: str = Field(sa_type=Text)
    wheelchair: bool
    access_note: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": text("''")})
    """How one gets in: floor, door code, entrance."""


class MembershipRow(AvailabilityRow, table=True):
    """A practitioner belongs to a CPTS since `joined_at`."""

    __tablename__ = "membership"

    practitioner_id: UUID = Field(foreign_key="availability.practitioner.id", primary_key=True)
    cpts_id: str = Field(foreign_key="availability.cpts.finess", primary_key=True, sa_type=Text)
    joined_at: datetime = instant()


class ScheduleRow(AvailabilityRow, table=True):
    """A practitioner works at a place; the slots published there are at home in `cpts_id`."""

    __tablename__ = "schedule"

    practitioner_id: UUID = Field(foreign_key="availability.practitioner.id", primary_key=True)
    place_id: UUID = Field(foreign_key="availability.place.id", primary_key=True)
    cpts_id: str = Field(foreign_key="availability.cpts.finess", index=True, sa_type=Text)
    closed_at: datetime | None = instant(default=None)
    """When the national directory said that they work there no more: nothing new is published there."""


class DirectoryLoadRow(AvailabilityRow, table=True):
    """How far a CPTS has read the national directory: complete as of `since`, or begun and `settled` so far."""

    __tablename__ = "directory_load"

    cpts_id: str = Field(primary_key=True, sa_type=Text)
    since: datetime | None = instant(default=None)
    began_at: datetime | None = instant(default=None)
    settled: list[str] = words()


class PracticeRow(AvailabilityRow, table=True):
    """What a practitioner set for themselves; without a row, the defaults.

    `on_top_limit`: patients on top of the slots that they may be asked for in an ISO week. `qualifications`: what they
    are trained for, and the structures they work in.
    """

    __tablename__ = "practice"

    practitioner_id: UUID = Field(foreign_key="availability.practitioner.id", primary_key=True)
    paused: bool = False
    week_cap: int | None = None
    on_top_limit: int | None = None
    qualifications: list[str] = words(default_factory=list)
    give_back_minutes: int = 15


class PanelRow(AvailabilityRow, table=True):
    """How many new patients a practitioner takes as médecin traitant, of whom and from where. Not for colleagues."""

    __tablename__ = "panel"

    practitioner_id: UUID = Field(foreign_key="availability.practitioner.id", primary_key=True)
    places: int
    communes: list[str] = words()
    min_age: int
    max_age: int
    ald_share: int
    home_visits: bool
    declared_at: datetime = instant()


class OfferColumns(SQLModel):
    """What a slot and the opening it is cut from have in common."""

    cpts_id: str = Field(sa_type=Text)
    practitioner_id: UUID = Field(foreign_key="availability.practitioner.id")
    place_id: UUID = Field(foreign_key="availability.place.id")
    capacity: int
    modes: list[str] = Field(sa_type=ARRAY(Text))
    types: list[str] = Field(sa_type=ARRAY(Text))
    audience: list[str] = Field(sa_type=ARRAY(Text))
    acts: list[str] = Field(sa_type=ARRAY(Text))
    min_age: int
    max_age: int
    appointment: str = Field(sa_type=Text)


class OpeningRow(OfferColumns, AvailabilityRow, table=True):
    """Open each week, in local time: weekdays (1 is Monday), from when to when, past midnight too, by `minutes`."""

    __tablename__ = "opening"
    __table_args__ = (
        Index(None, "cpts_id"),
        Index("ix_opening_cut_until", text("coalesce(cut_until, '-infinity'::date)")),
    )

    id: UUID = Field(primary_key=True)
    weekdays: list[int] = numbers()
    from_time: time
    to_time: time
    minutes: int
    first_day: date
    last_day: date | None = None
    on_public_holidays: bool = False
    give_back_minutes: int | None = None
    cut_until: date | None = None
    """The last day already cut into slots; None asks to cut again."""


class AbsenceRow(AvailabilityRow, table=True):
    """A practitioner is away, everywhere."""

    __tablename__ = "absence"
    __table_args__ = (CheckConstraint("ends_at > starts_at", name="forwards"),)

    id: UUID = Field(primary_key=True)
    practitioner_id: UUID = Field(foreign_key="availability.practitioner.id", index=True)
    starts_at: datetime = instant()
    ends_at: datetime = instant()


NOT_AWAY = text("absence_id is null")
TIME_TAKEN = "status = 'published' or taken > 0"


class SlotRow(OfferColumns, AvailabilityRow, table=True):
    """A bounded time at one place with one practitioner.

    `audience` holds its home `cpts_id` and the others it is shown to; `live` ends when it leaves the streams. `cut_at`:
    where its opening put it. `own_notice`: when it goes back was said for it, or its opening, alone.
    """

    __tablename__ = "slot"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="forwards"),
        CheckConstraint("taken between 0 and capacity", name="never_over_capacity"),
        CheckConstraint("cpts_id = any (audience)", name="shown_at_home"),
        ExcludeConstraint(
            ("practitioner_id", "="),
            (text("tstzrange(starts_at, ends_at)"), "&&"),
            name="one_place_at_a_time",
            using="gist",
            where=text(TIME_TAKEN),
        ),
        Index(None, "cpts_id", "starts_at"),
        Index("ix_slot_give_back_at", "give_back_at", postgresql_where=text("status = 'published' and taken = 0")),
        Index("ix_slot_live", "starts_at", postgresql_where=text("live")),
        Index("ix_slot_audience", "audience", postgresql_using="gin"),
        Index(None, "practitioner_id", "starts_at", postgresql_where=text("status = 'published'")),
        Index("uq_slot_opening_id_cut_at", "opening_id", "cut_at", unique=True, postgresql_where=NOT_AWAY),
    )

    id: UUID = Field(primary_key=True)
    opening_id: UUID | None = Field(default=None, foreign_key="availability.opening.id", ondelete="SET NULL")
    absence_id: UUID | None = None
    cut_at: datetime | None = instant(default=None)
    despite_absence: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    starts_at: datetime = instant()
    ends_at: datetime = instant()
    taken: int = 0
    overbooked: int = 0
    status: str = Field(sa_type=Text)
    origin: str = Field(sa_type=Text)
    fresh_at: datetime = instant()
    give_back_at: datetime | None = instant(default=None)
    own_notice: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    reason: str | None = Field(default=None, sa_type=Text)
    version: int = 1
    live: bool = True


PLACE_USED = "state in ('held', 'confirmed', 'honoured', 'no_show')"


class BookingRow(AvailabilityRow, table=True):
    """One place taken in a slot of `cpts_id`. A request has one live booking of a slot, whatever is retried."""

    __tablename__ = "booking"
    __table_args__ = (
        Index("uq_booking_slot_id_request_id", "slot_id", "request_id", unique=True, postgresql_where=text(PLACE_USED)),
        Index("ix_booking_held_until", "held_until", postgresql_where=text("state = 'held'")),
    )

    id: UUID = Field(primary_key=True)
    cpts_id: str = Field(sa_type=Text, index=True)
    slot_id: UUID = Field(foreign_key="availability.slot.id", index=True)
    request_id: str | None = Field(default=None, sa_type=Text)
    state: str = Field(sa_type=Text)
    held_by: str = Field(sa_type=Text, index=True)
    held_until: datetime | None = instant(default=None)
    overbooked: bool = False
    own_patient: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    """The request says that this practitioner is the patient's usual one."""
    regulated_at: datetime | None = instant(default=None)
    """When the regulation of the SAMU/SAS asked for this patient; nobody else sent them when it is empty."""
    reason: str | None = Field(default=None, sa_type=Text)
    patient_sealed: bytes | None = None
    urgency: int | None = Field(default=None, sa_type=SmallInteger)


class BookingChangeRow(AvailabilityRow, table=True):
    """What happened to a booking, when and by whom: one row a change, never rewritten."""

    __tablename__ = "booking_change"

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    cpts_id: str = Field(sa_type=Text)
    booking_id: UUID = Field(foreign_key="availability.booking.id", index=True)
    at: datetime = instant()
    state: str = Field(sa_type=Text)
    by: str = Field(sa_type=Text)
    role: str = Field(sa_type=Text)


class LedgerRow(AvailabilityRow, table=True):
    """How many patients a practitioner served for a CPTS, as last counted: on `counted_on`, over 28 days."""

    __tablename__ = "ledger"
    __table_args__ = (Index("ix_ledger_counted_on", "counted_on"),)

    cpts_id: str = Field(primary_key=True, sa_type=Text)
    practitioner_id: UUID = Field(foreign_key="availability.practitioner.id", primary_key=True)
    served_4_weeks: int
    served_this_week: int
    on_top_this_week: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    unknown_this_week: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    counted_on: date
