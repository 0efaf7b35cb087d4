"""One word for one thing: no two classes of the product have the same name."""

import ast
from collections import defaultdict
from collections.abc import Iterator

from tests.architecture.rooms import modules


def classes() -> Iterator[tuple[str, ast.ClassDef]]:
    """Every class of the product that is not private, with the module that defines it."""
    for module, path in modules().items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield module, node


def test_no_two_classes_share_a_name() -> None:
    found: dict[str, list[str]] = defaultdict(list)
    for module, node in classes():
        found[node.name].append(module)
    assert {name: where for name, where in found.items() if len(where) > 1} == {}
