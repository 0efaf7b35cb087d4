"""What a caller is answered of a value that streams tell: what the stream shows them of it, and nothing else."""

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel

from shared.auth import Caller

Told = TypeVar("Told", bound=BaseModel)
View = Callable[[Caller, dict[str, Any]], dict[str, Any] | None]
"""What a caller sees of a value; None: not at all."""


def narrow(caller: Caller, view: View, told: Told) -> Told | None:
    """A value as this caller may see it; None: not at all."""
    seen = view(caller, told.model_dump(mode="json"))
    return None if seen is None else type(told).model_validate(seen)
