"""The data walk names real files and functions, in at most eight hops."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WALK = (ROOT / "docs" / "data-walk.md").read_text()
NAMED = sorted(set(re.findall(r"`((?:services|shared)/[\w/.]+\.(?:py|js))` `(\w+)`", WALK)))


def defined(path: Path) -> set[str]:
    """The functions that a file defines."""
    if path.suffix == ".js":
        found = re.findall(r"function (\w+)\(|const (\w+) =", path.read_text())
        return {name for pair in found for name in pair if name}
    tree = ast.parse(path.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize(("path", "function"), NAMED)
def test_what_the_walk_names_exists(path: str, function: str) -> None:
    assert function in defined(ROOT / path)


def test_the_walk_has_at_most_eight_hops_each_of_which_names_where_it_is() -> None:
    hops = re.findall(r"^\| (\d) \| (.+?) \|", WALK, flags=re.MULTILINE)
    assert [number for number, _ in hops] == [str(number) for number in range(1, len(hops) + 1)]
    assert len(hops) <= 8
    assert all(re.search(r"`[\w/.]+\.(py|js)` `\w+`", where) for _, where in hops)
