"""What practitioners say of their weeks: when they are there, and when they are not."""

from datetime import date, datetime, time
from typing import Annotated
from uuid import UUID

from pydantic import Field, ValidationInfo, field_validator

from services.availability.orders.offer import Booked, Offer
from shared.outside.asked import Day, Instant, Order
from shared.typed.moments import ENDS_FIRST, Closing, WallTime

LONGEST_NIGHT_MIN = 14 * 60


class NewOpening(Offer):
    """Every week on these weekdays (1 is Monday), local time, cut every `minutes`.

    One that ends no later than it begins ends on the day after: 20:00 to 00:00, 20:00 to 02:00.
    """

    weekdays: list[Annotated[int, Field(ge=1, le=7)]] = Field(min_length=1, max_length=7)
    from_time: WallTime
    to_time: Closing
    first_day: Day
    last_day: Day | None = None
    on_public_holidays: bool = False

    @field_validator("to_time")
    @classmethod
    def some_time(cls, value: time, info: ValidationInfo) -> time:
        """It is open for some time; one that runs past midnight is a night, not an end before its start."""
        opens: time | None = info.data.get("from_time")
        if opens is not None and value != time() and value <= opens:
            length_min = 24 * 60 + value.hour * 60 + value.minute - opens.hour * 60 - opens.minute
            if length_min > LONGEST_NIGHT_MIN:
                raise ENDS_FIRST
        return value

    @field_validator("last_day")
    @classmethod
    def last_after_first(cls, value: date | None, info: ValidationInfo) -> date | None:
        """The last day is not before the first."""
        first = info.data.get("first_day")
        if value is not None and first is not None and value < first:
            raise ENDS_FIRST
        return value


class ChangedOpening(NewOpening):
    """How an opening is from `first_day` on. `booked` says what happens to who is booked in its slots from then on."""

    booked: Booked | None = None


class NewAbsence(Order):
    """A practitioner is away, everywhere. `booked` says what happens to who is booked meanwhile."""

    practitioner_id: UUID
    starts_at: Instant
    ends_at: Instant
    booked: Booked | None = None

    @field_validator("ends_at")
    @classmethod
    def forwards(cls, value: datetime, info: ValidationInfo) -> datetime:
        """It ends after it started."""
        if (starts_at := info.data.get("starts_at")) is not None and starts_at >= value:
            raise ENDS_FIRST
        return value
