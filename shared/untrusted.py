"""Reading JSON that somebody else wrote: what is absent or of another kind reads as empty."""

from collections.abc import Mapping
from typing import Any


def object_at(owner: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object there, or an empty one."""
    found = owner.get(name)
    return found if isinstance(found, dict) else {}


def objects_at(owner: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The objects of the list there; what is no object is left out."""
    found = owner.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def text_at(owner: Mapping[str, Any], name: str) -> str:
    """The text there, without the spaces around it."""
    found = owner.get(name)
    return found.strip() if isinstance(found, str) else ""
