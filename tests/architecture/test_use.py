"""What the product has is used by the product: nothing is kept for tests alone."""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from tests.architecture.rooms import ROOT, modules


def defined(source: str) -> Iterator[str]:
    """The functions and constants of a module; what a decorator registers has its caller there."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.decorator_list:
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (each.id for each in node.targets if isinstance(each, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


def unused(sources: Iterable[str], others: Iterable[str]) -> set[str]:
    """The names that these sources define and that stand nowhere else, in them or in others."""
    sources = list(sources)
    words = Counter(word for text in (*sources, *others) for word in re.findall(r"\w+", text))
    return {name for source in sources for name in defined(source) if words[name] < 2}


def test_what_nothing_calls_is_seen() -> None:
    assert unused(["def served(): pass\nMOST = 3", "served()"], ["MOST"]) == set()
    assert unused(["def served(): pass\nMOST = 3"], ["tests"]) == {"served", "MOST"}


def test_nothing_is_kept_for_tests_alone() -> None:
    known = modules()
    sources = [path.read_text("utf-8") for name, path in known.items() if "migrations" not in name.split(".")]
    others = [path.read_text("utf-8") for name, path in known.items() if "migrations" in name.split(".")]
    for folder, kind in (("services", "*.html"), ("services", "*.mako"), ("shared", "*.html"), ("docs", "*.md")):
        others += [path.read_text("utf-8") for path in (ROOT / folder).rglob(kind)]
    others.append((ROOT / "pyproject.toml").read_text("utf-8"))
    assert not unused(sources, others)
