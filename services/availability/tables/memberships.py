"""Who is asked to join one more CPTS."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Text
from sqlmodel import Field

from services.availability.tables import AvailabilityRow
from shared.db import instant


class MembershipAskRow(AvailabilityRow, table=True):
    """A CPTS asks a practitioner of another one to join it as well, since `joined_at` if it says so."""

    __tablename__ = "membership_ask"

    practitioner_id: UUID = Field(foreign_key="availability.practitioner.id", primary_key=True)
    cpts_id: str = Field(foreign_key="availability.cpts.finess", primary_key=True, sa_type=Text)
    asked_by: str = Field(sa_type=Text)
    asked_at: datetime = instant()
    joined_at: datetime | None = instant(default=None)
