"""Instances, plans and other values as JSON, with the version of the format.

Reading refuses what it does not know, and what cannot be: the field is named, in the value's own words (`possible`).
"""

import json
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from services.matching.engine.model import Instance
from services.matching.engine.possible import impossible

VERSION = 1
T = TypeVar("T")


class UnreadableFile(ValueError):
    """The text is not a value of this kind and version.

    `rule`: what does not hold, by its key in the wording; `where`: the field; `found`: what stands there; `expected`.
    """

    def __init__(self, rule: str, where: str = "", found: object = "", expected: object = "") -> None:
        """Say which field does not fit."""
        super().__init__(f"{where}: {rule} {expected}, found {found!r}".strip(": "))
        self.rule, self.where, self.found, self.expected = rule, where, found, expected
        self.path = ""
        """The file, once it is known."""


def dumps(value: object) -> str:
    """A frozen dataclass, such as an Instance or a Plan, as JSON text, sorted so that equal values give equal text."""
    kind = type(value).__name__.lower()
    return json.dumps({"version": VERSION, kind: _plain(value)}, ensure_ascii=False, indent=1, sort_keys=True)


def loads(text: str, kind: type[T]) -> T:
    """Read back what `dumps` wrote. Fields left out take their default; raises `UnreadableFile`.

    What cannot be (`possible`) is refused too.
    """
    try:
        document = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise UnreadableFile("not_json", found=str(error)) from error
    name = kind.__name__.lower()
    if not isinstance(document, dict) or document.get("version") != VERSION or name not in document:
        raise UnreadableFile("not_of_this_kind", name, expected=VERSION)
    found = read(kind, document[name])
    whole = getattr(found, "instance", found)
    wrong = next(impossible(whole, name), None) if isinstance(whole, Instance) else None
    if wrong is not None:
        raise UnreadableFile(wrong.rule, wrong.where, wrong.found, wrong.expected)
    return found


def read_file(path: Path, kind: type[T]) -> T:
    """The value that a file holds; raises `UnreadableFile`, with the path, for a file that cannot be read too."""
    try:
        return loads(path.read_text(encoding="utf-8-sig"), kind)
    except UnreadableFile as error:
        wrong = error
    except UnicodeDecodeError:
        wrong = UnreadableFile("not_text")
    except OSError as error:
        wrong = UnreadableFile("no_file", found=error.strerror or "")
    wrong.path = str(path)
    raise wrong


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
        raise UnreadableFile("not_a_list", where, value)
    return value


def _read_tuple(kinds: tuple[Any, ...], values: list[Any], where: str) -> tuple[Any, ...]:
    if kinds[-1] is Ellipsis:
        return tuple(_read(kinds[0], value, f"{where}[{n}]") for n, value in enumerate(values))
    if len(kinds) != len(values):
        raise UnreadableFile("not_so_many", where, len(values), len(kinds))
    return tuple(_read(kind, value, where) for kind, value in zip(kinds, values, strict=True))


def _read_dataclass(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise UnreadableFile("not_an_object", where, value)
    hints = _hints(kind)
    unknown = value.keys() - hints.keys()
    if unknown:
        raise UnreadableFile("unknown_field", where, min(unknown), ", ".join(sorted(hints)))
    missing = [field.name for field in fields(kind) if field.name not in value and _is_needed(field)]
    if missing:
        raise UnreadableFile("missing_field", where, missing[0])
    return kind(**{name: _read(hints[name], item, f"{where}.{name}") for name, item in value.items()})


def _is_needed(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _read_plain(kind: Any, value: Any, where: str) -> Any:
    if issubclass(kind, Enum):
        try:
            return kind(value)
        except ValueError as error:
            raise UnreadableFile("not_one_of", where, value, ", ".join(str(one.value) for one in kind)) from error
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise UnreadableFile(f"not_{kind.__name__}", where, value)
    return value
