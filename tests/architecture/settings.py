"""Every setting of the product: its name in the environment, its default, what it is for."""

import ast
import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic_settings import BaseSettings

from tests.architecture.rooms import modules


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting."""

    name: str
    default: str
    purpose: str


def _purposes(path: Path, name: str) -> dict[str, str]:
    """What is written under each field of a class."""
    found: dict[str, str] = {}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    owner = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    for field, below in zip(owner.body, owner.body[1:], strict=False):
        said = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and said:
            found[field.target.id] = " ".join(str(below.value.value).split())  # type: ignore[attr-defined]
    return found


def _classes() -> Iterator[tuple[type[BaseSettings], Path]]:
    for module, path in sorted(modules().items()):
        if "BaseSettings" in path.read_text(encoding="utf-8"):
            for value in vars(importlib.import_module(module)).values():
                if isinstance(value, type) and issubclass(value, BaseSettings) and value.__module__ == module:
                    yield value, path


def _default(value: Any) -> str:
    if isinstance(value, SecretStr):
        return "(secret)" if value.get_secret_value() else ""
    return "" if value in (None, "", [], {}, ()) or repr(value) == "PydanticUndefined" else str(value)


def every_setting() -> list[Setting]:
    """All of them, in order of names."""
    found = []
    for owner, path in _classes():
        purposes = _purposes(path, owner.__name__)
        prefix = str(owner.model_config.get("env_prefix", ""))
        for name, field in owner.model_fields.items():
            known = field.validation_alias if isinstance(field.validation_alias, str) else f"{prefix}{name}".upper()
            found.append(Setting(known, _default(field.default), purposes.get(name, "")))
    return sorted(found, key=lambda each: each.name)


def table() -> str:
    """The table of docs/settings.md."""
    rows = [
        f"| `{each.name}` | {f'`{each.default}`' if each.default else ''} | {each.purpose} |"
        for each in every_setting()
    ]
    return "\n".join(["| variable | default | what it is for |", "|---|---|---|", *rows])


if __name__ == "__main__":
    sys.stdout.write(f"{table()}\n")
