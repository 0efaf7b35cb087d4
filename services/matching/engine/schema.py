"""The JSON Schema (2020-12) of what the engine reads and writes, from the classes themselves."""

from dataclasses import MISSING, fields, is_dataclass
from enum import Enum, IntEnum
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from services.matching.engine.files import VERSION, plain

DIALECT = "https://json-schema.org/draft/2020-12/schema"
PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean"}


def schema_of(kind: type) -> dict[str, Any]:
    """The schema of a file that holds one value of this kind, such as an Instance, a Plan or a Day."""
    found: dict[str, Any] = {}
    name = kind.__name__.lower()
    body = _schema(kind, found)
    return {
        "$schema": DIALECT,
        "title": f"Aiguillage: {name}",
        "type": "object",
        "required": ["version", name],
        "properties": {"version": {"const": VERSION}, name: body},
        "$defs": dict(sorted(found.items())),
    }


def _schema(kind: Any, found: dict[str, Any]) -> dict[str, Any]:
    origin, inside = get_origin(kind), get_args(kind)
    if origin is UnionType:
        [present] = [one for one in inside if one is not NoneType]
        return {"anyOf": [_schema(present, found), {"type": "null"}]}
    if origin is frozenset:
        return {"type": "array", "uniqueItems": True, "items": _schema(inside[0], found)}
    if origin is tuple and inside[-1] is Ellipsis:
        return {"type": "array", "items": _schema(inside[0], found)}
    if origin is tuple:
        each = [_schema(one, found) for one in inside]
        return {"type": "array", "prefixItems": each, "minItems": len(each), "maxItems": len(each)}
    if is_dataclass(kind):
        return _of_class(kind, found)  # type: ignore[arg-type]
    if issubclass(kind, Enum):
        return {"type": "integer" if issubclass(kind, IntEnum) else "string", "enum": [one.value for one in kind]}
    return {"type": PLAIN[kind]}


def _of_class(kind: type, found: dict[str, Any]) -> dict[str, Any]:
    reference = {"$ref": f"#/$defs/{kind.__name__}"}
    if kind.__name__ in found:
        return reference
    found[kind.__name__] = {}
    hints = get_type_hints(kind)
    properties, needed = {}, []
    for field in fields(kind):
        properties[field.name] = _schema(hints[field.name], found)
        if field.default is not MISSING:
            properties[field.name] |= {"default": plain(field.default)}
        elif field.default_factory is MISSING:
            needed.append(field.name)
    found[kind.__name__] = {
        "type": "object",
        "description": (kind.__doc__ or "").strip(),
        "additionalProperties": False,
        "required": needed,
        "properties": properties,
    }
    return reference
