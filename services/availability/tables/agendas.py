"""Agendas that practitioners share with us, and the secret addresses of those we share."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Text, text
from sqlmodel import Field

from services.availability.tables import AvailabilityRow
from shared.db import instant


class AgendaFeedRow(AvailabilityRow, table=True):
    """The agenda a practitioner gave; its address is a secret. `error` says why the last good state still holds.

    `kept_sealed`: the times of what is not over, as last read; busy times are known for `unrolled_at` and some weeks.
    `left_out` counts the events that could not be read, `failures` the readings in a row that failed.
    """

    __tablename__ = "agenda_feed"

    practitioner_id: UUID = Field(foreign_key="availability.practitioner.id", primary_key=True)
    address_sealed: bytes
    etag: str = Field(default="", sa_type=Text)
    read_at: datetime | None = instant(default=None)
    next_read_at: datetime = instant(index=True)
    error: str = Field(default="", sa_type=Text)
    content_hash: bytes | None = None
    kept_sealed: bytes | None = None
    unrolled_at: datetime | None = instant(default=None)
    left_out: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    failures: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})


class AgendaBusyRow(AvailabilityRow, table=True):
    """An absence that comes from the practitioner's agenda, not from their own words."""

    __tablename__ = "agenda_busy"

    absence_id: UUID = Field(foreign_key="availability.absence.id", primary_key=True, ondelete="CASCADE")
    practitioner_id: UUID = Field(foreign_key="availability.practitioner.id", index=True)


class AgendaKeyRow(AvailabilityRow, table=True):
    """Opens a practitioner's slots as an agenda; only the hash of the key is kept."""

    __tablename__ = "agenda_key"

    practitioner_id: UUID = Field(foreign_key="availability.practitioner.id", primary_key=True)
    key_hash: bytes = Field(unique=True)
