"""Agendas that practitioners share with us, and the secret addresses of those we share."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Text
from sqlmodel import Field

from services.availability.tables import Availability
from shared.db import instant


class AgendaFeedRow(Availability, table=True):
    """The agenda a practitioner gave; its address is a secret. `error` says why the last good state still holds."""

    __tablename__ = "agenda_feed"

    practitioner_id: UUID = Field(foreign_key="availability.practitioner.id", primary_key=True)
    address_sealed: bytes
    etag: str = Field(default="", sa_type=Text)
    read_at: datetime | None = instant(default=None)
    next_read_at: datetime = instant(index=True)
    error: str = Field(default="", sa_type=Text)


class AgendaBusyRow(Availability, table=True):
    """An absence that comes from the practitioner's agenda, not from their own words."""

    __tablename__ = "agenda_busy"

    absence_id: UUID = Field(foreign_key="availability.absence.id", primary_key=True, ondelete="CASCADE")
    practitioner_id: UUID = Field(foreign_key="availability.practitioner.id", index=True)


class AgendaKeyRow(Availability, table=True):
    """Opens a practitioner's slots as an agenda; only the hash of the key is kept."""

    __tablename__ = "agenda_key"

    practitioner_id: UUID = Field(foreign_key="availability.practitioner.id", primary_key=True)
    key_hash: bytes = Field(unique=True)
