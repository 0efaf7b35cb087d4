"""Times of the wall, as people write when something opens and closes."""

from datetime import time
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError

MIDNIGHT = frozenset({"24:00", "24:00:00", "23:59", "23:59:00", "23:59:59"})
ENDS_FIRST = PydanticCustomError("ends_first", "the end must come after the start")


def _midnight(value: object) -> object:
    """24:00 and 23:59 are how people write midnight."""
    return "00:00" if isinstance(value, str) and value.strip() in MIDNIGHT else value


def _on_the_wall(value: time) -> time:
    if value.tzinfo:
        raise PydanticCustomError("time_without_zone", "a local time, without an offset")
    return value


WallTime = Annotated[time, AfterValidator(_on_the_wall)]
"""A local time."""
Closing = Annotated[time, BeforeValidator(_midnight), AfterValidator(_on_the_wall)]
"""A local time at which something closes; 24:00 and 23:59 are midnight."""
