"""Instances, plans and other values as JSON, with the version of the format. Reading refuses what it does not know."""

import json
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

VERSION = 1
T = TypeVar("T")


class UnreadableFile(ValueError):
    """The text is not a value of this kind and version: it says which field does not fit."""


def dumps(value: object) -> str:
    """A frozen dataclass, such as an Instance or a Plan, as JSON text, sorted so that equal values give equal text."""
    kind = type(value).__name__.lower()
    return json.dumps({"version": VERSION, kind: _plain(value)}, ensure_ascii=False, indent=1, sort_keys=True)


def loads(text: str, kind: type[T]) -> T:
    """Read back what `dumps` wrote. Fields left out take their default; raises `UnreadableFile`."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise UnreadableFile(f"not JSON: {error}") from error
    name = kind.__name__.lower()
    if not isinstance(document, dict) or document.get("version") != VERSION or name not in document:
        raise UnreadableFile(f"expected version {VERSION} of an object with the field {name!r}")
    return read(kind, document[name])


def plain(value: object) -> Any:
    """A frozen dataclass as JSON values, without the version: for what is stored beside it."""
    return _plain(value)


def read(kind: type[T], value: Any) -> T:
    """Read back what `plain` gave; raises `UnreadableFile`."""
    return _read(kind, value, kind.__name__.lower())  # type: ignore[no-any-return]


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, frozenset):
        return sorted(_plain(item) for item in value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _read(kind: Any, value: Any, where: str) -> Any:
    origin = get_origin(kind)
    if origin is UnionType:
        return None if value is None else _read(_present(kind), value, where)
    if origin is frozenset:
        return frozenset(_read(get_args(kind)[0], item, where) for item in _list(value, where))
    if origin is tuple:
        return _read_tuple(get_args(kind), _list(value, where), where)
    if is_dataclass(kind):
        return _read_dataclass(kind, value, where)
    return _read_plain(kind, value, where)


def _present(kind: Any) -> Any:
    return next(option for option in get_args(kind) if option is not NoneType)


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise UnreadableFile(f"{where}: expected a list")
    return value


def _read_tuple(kinds: tuple[Any, ...], values: list[Any], where: str) -> tuple[Any, ...]:
    if kinds[-1] is Ellipsis:
        return tuple(_read(kinds[0], value, f"{where}[{n}]") for n, value in enumerate(values))
    if len(kinds) != len(values):
        raise UnreadableFile(f"{where}: expected {len(kinds)} values")
    return tuple(_read(kind, value, where) for kind, value in zip(kinds, values, strict=True))


def _read_dataclass(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise UnreadableFile(f"{where}: expected an object")
    hints = _hints(kind)
    unknown = value.keys() - hints.keys()
    if unknown:
        raise UnreadableFile(f"{where}: unknown field {min(unknown)!r}")
    try:
        return kind(**{name: _read(hints[name], item, f"{where}.{name}") for name, item in value.items()})
    except TypeError as error:
        raise UnreadableFile(f"{where}: {error}") from error


def _read_plain(kind: Any, value: Any, where: str) -> Any:
    if issubclass(kind, Enum):
        try:
            return kind(value)
        except ValueError as error:
            raise UnreadableFile(f"{where}: {error}") from error
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise UnreadableFile(f"{where}: expected {kind.__name__}, found {value!r}")
    return value
