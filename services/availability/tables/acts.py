"""What the regulation's patients are paid on top: dated rules, the same in every territory."""

from datetime import date, time

from sqlalchemy import Text
from sqlmodel import Field

from services.availability.tables import AvailabilityRow, words


class SupplementRuleRow(AvailabilityRow, table=True):
    """What is paid from a day on, and the text that says so. See `SupplementRule`."""

    __tablename__ = "supplement_rule"

    valid_from: date = Field(primary_key=True)
    professions: list[str] = words()
    cents: int
    weekly_limit: int
    within_hours: int
    day_from: time
    day_to: time
    saturday_to: time
    evening_from: time
    evening_to: time
    evening_cents: int
    source: str = Field(sa_type=Text)
