"""Instants, days and times as anything asked of us may say them: of our time, on the wall's clock."""

from datetime import UTC, date, datetime, time
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator
from pydantic_core import PydanticCustomError

EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
MIDNIGHT = frozenset({"24:00", "24:00:00", "23:59", "23:59:00", "23:59:59"})
ENDS_FIRST = PydanticCustomError("ends_first", "the end must come after the start")


def _of_our_time(value: datetime) -> datetime:
    """Years that no calendar of care reaches break what reckons with them."""
    if not EARLIEST <= value < LATEST:
        raise PydanticCustomError("out_of_time", "a date between 2000 and 2199")
    return value


def _day_of_our_time(value: date) -> date:
    if not EARLIEST.year <= value.year < LATEST.year:
        raise PydanticCustomError("out_of_time", "a date between 2000 and 2199")
    return value


def _midnight(value: object) -> object:
    """24:00 and 23:59 are how people write midnight."""
    return "00:00" if isinstance(value, str) and value.strip() in MIDNIGHT else value


def _on_the_wall(value: time) -> time:
    if value.tzinfo:
        raise PydanticCustomError("time_without_zone", "a local time, without an offset")
    return value


Instant = Annotated[AwareDatetime, AfterValidator(_of_our_time)]
"""An instant with its offset, between 2000 and 2199."""
Day = Annotated[date, AfterValidator(_day_of_our_time)]
"""A day between 2000 and 2199."""
WallTime = Annotated[time, AfterValidator(_on_the_wall)]
"""A local time."""
Closing = Annotated[time, BeforeValidator(_midnight), AfterValidator(_on_the_wall)]
"""A local time at which something closes; 24:00 and 23:59 are midnight."""
