"""Reading JSON that somebody else wrote: what is absent or of another kind reads as empty."""

import json
from collections.abc import Mapping
from typing import Any


def json_of(written: bytes) -> Any:
    """The value that these bytes say; raises `ValueError` for what is no JSON, or holds what no text column takes."""
    try:
        found = json.loads(written, parse_constant=_refuse_constant)
        # A lone surrogate is JSON, and no text; NUL is text, and no database takes it.
        if "\\u0000" in json.dumps(found):
            raise ValueError("NUL")
        json.dumps(found, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("too deep") from None
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


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
