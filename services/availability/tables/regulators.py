"""Regulators' accounts as the SAS sent them, and what it was told of their appointments.

The account that a regulator signs in with has the same id in `common.account`.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, Text, text
from sqlmodel import Field

from services.availability.tables import AvailabilityRow
from shared.db import instant


class RegulatorRow(AvailabilityRow, table=True):
    """A regulator; once disabled, their identifiers and address are free for another."""

    __tablename__ = "regulator"
    __table_args__ = tuple(
        Index(f"uq_regulator_{column}", column, unique=True, postgresql_where=text(f"active and {column} <> ''"))
        for column in ("national_id", "sas_id", "email")
    )

    id: UUID = Field(primary_key=True)
    family: str = Field(sa_type=Text)
    given: str = Field(sa_type=Text)
    email: str = Field(sa_type=Text)
    national_id: str = Field(sa_type=Text)
    sas_id: str = Field(sa_type=Text)
    active: bool


class SasReturnRow(AvailabilityRow, table=True):
    """What the SAS last accepted about a booking (`told`: status and times, empty when it knows nothing)."""

    __tablename__ = "sas_return"

    booking_id: UUID = Field(foreign_key="availability.booking.id", primary_key=True)
    regulator_id: UUID = Field(foreign_key="availability.regulator.id")
    told: str = Field(sa_type=Text)
    tries: int
    next_try_at: datetime = instant(index=True)
    error: str = Field(sa_type=Text)
