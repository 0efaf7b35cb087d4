"""One word for one thing: no two classes of the engine and of the lab have the same name."""

import ast
from collections import defaultdict
from pathlib import Path

SERVICES = Path(__file__).parents[2] / "services"


def test_class_names_of_the_engine_and_the_lab_are_used_once() -> None:
    found: dict[str, list[str]] = defaultdict(list)
    for folder in ("engine", "lab"):
        for path in (SERVICES / "matching" / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    found[node.name].append(str(path.relative_to(SERVICES)))
    assert {name: paths for name, paths in found.items() if len(paths) > 1} == {}
