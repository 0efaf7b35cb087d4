"""The shape of the code: what reviewers would otherwise have to look for."""

import ast
import re
import subprocess
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for folder in ("services", "shared", "tests") for path in (ROOT / folder).rglob("*.py"))
SCRIPTS = sorted(
    path for folder in ("services", "shared") for path in (ROOT / folder).rglob("*.js") if "vendor" not in path.parts
)
PRODUCT = [path for path in SOURCES if path.is_relative_to(ROOT / "services") or path.is_relative_to(ROOT / "shared")]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_no_module_is_longer_than_300_lines() -> None:
    # A migration is a list of statements.
    lengths = {
        named(path): len(path.read_text().splitlines()) for path in [*SOURCES, *SCRIPTS] if "versions" not in path.parts
    }
    assert not {path: length for path, length in lengths.items() if length > 300}


def test_every_module_says_what_it_is_for() -> None:
    assert not [
        named(path) for path in PRODUCT if path.name != "env.py" and not ast.get_docstring(ast.parse(path.read_text()))
    ]


def catches_everything(tree: ast.Module) -> bool:
    """Whether a module has an `except` of nothing in particular, or of Exception."""
    kinds = [node.type for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)]
    return any(
        kind is None or "Exception" in {name.id for name in ast.walk(kind) if isinstance(name, ast.Name)}
        for kind in kinds
    )


def test_nothing_catches_every_exception() -> None:
    assert catches_everything(ast.parse("try:\n    x()\nexcept (ValueError, Exception):\n    pass"))
    assert not [named(path) for path in PRODUCT if catches_everything(ast.parse(path.read_text()))]


def test_nobody_else_owns_our_package_names() -> None:
    owners = packages_distributions()
    for package in ("services", "shared"):
        assert set(owners.get(package, ["aiguillage"])) == {"aiguillage"}


def test_locks_hold_names_versions_and_hashes_only() -> None:
    for lock in ROOT.glob("requirements*.lock"):
        for line in lock.read_text().splitlines():
            assert re.fullmatch(r"[\w.-]+(\[[\w,-]+\])?==\S+( ; .*)? \\| +--hash=sha256:\w+( \\)?| +# .*", line), line


def test_modules_are_not_named_after_nothing() -> None:
    vague = {"utils", "helpers", "common", "misc", "manager", "base"}
    assert not [named(path) for path in PRODUCT if path.stem in vague]


@pytest.mark.parametrize("word", ["utcnow", "datetime.now()"])
def test_no_naive_time(word: str) -> None:
    assert not [named(path) for path in PRODUCT if word in path.read_text()]


def test_the_checkout_holds_no_generated_files() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert not [name for name in tracked if name.endswith((".pyc", ".egg-info")) or name.startswith((".venv", "data/"))]
