"""Free slots that other editors publish of a CPTS's practitioners, as last read, and how each reading went."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text
from sqlmodel import Field

from services.availability.tables import AvailabilityRow, words
from shared.db import instant


class ForeignSourceRow(AvailabilityRow, table=True):
    """One editor read for one CPTS. `error` says why what was read at `read_at` still holds; empty: it is fresh.

    `followed_until`: whose settings name it say so again and again; afterwards nothing of it is shown, and a day later
    it is forgotten.
    """

    __tablename__ = "foreign_source"

    cpts_id: str = Field(foreign_key="availability.cpts.finess", primary_key=True, sa_type=Text)
    editor: str = Field(primary_key=True, sa_type=Text)
    read_at: datetime | None = instant(default=None)
    next_read_at: datetime = instant(index=True)
    error: str = Field(default="", sa_type=Text)
    followed_until: datetime = instant()


class ForeignSlotRow(AvailabilityRow, table=True):
    """A slot free on another editor's agenda: nobody holds it here, `agenda_url` is where one books (empty: unsaid)."""

    __tablename__ = "foreign_slot"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="forwards"),
        ForeignKeyConstraint(
            ["cpts_id", "editor"],
            ["availability.foreign_source.cpts_id", "availability.foreign_source.editor"],
            name="fk_foreign_slot_source",
            ondelete="CASCADE",
        ),
        Index(None, "practitioner_id", "starts_at"),
    )

    cpts_id: str = Field(primary_key=True, sa_type=Text)
    editor: str = Field(primary_key=True, sa_type=Text)
    their_id: str = Field(primary_key=True, sa_type=Text)
    practitioner_id: UUID = Field(foreign_key="availability.practitioner.id")
    starts_at: datetime = instant()
    ends_at: datetime = instant()
    types: list[str] = words()
    modes: list[str] = words()
    appointment: str = Field(sa_type=Text)
    agenda_url: str = Field(sa_type=Text)
    line: str = Field(sa_type=Text)
    postal_code: str = Field(sa_type=Text)
    city: str = Field(sa_type=Text)
    phone: str = Field(sa_type=Text)
