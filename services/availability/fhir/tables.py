"""Regulators' accounts as the SAS sent them. The account they sign in with has the same id in `common.account`."""

from uuid import UUID

from sqlalchemy import Index, Text, text
from sqlmodel import Field

from services.availability.tables import Availability


class RegulatorRow(Availability, table=True):
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
