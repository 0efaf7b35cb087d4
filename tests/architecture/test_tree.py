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


@pytest.mark.parametrize("path", [*SOURCES, *SCRIPTS], ids=named)
def test_no_module_is_longer_than_300_lines(path: Path) -> None:
    if "versions" in path.parts:  # a migration is a list of statements
        return
    assert len(path.read_text().splitlines()) <= 300


@pytest.mark.parametrize("path", PRODUCT, ids=named)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    if path.name == "env.py":
        return
    assert ast.get_docstring(ast.parse(path.read_text())), "a module starts with its reason to exist"


@pytest.mark.parametrize("path", PRODUCT, ids=named)
def test_nothing_catches_every_exception(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None
            assert "Exception" not in {name.id for name in ast.walk(node.type) if isinstance(name, ast.Name)}


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
