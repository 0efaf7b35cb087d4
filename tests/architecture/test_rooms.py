"""The plan of the house: no circle between rooms at any depth, no crowded room, no name that repeats its room."""

import tomllib
from itertools import pairwise

import pytest

from tests.architecture.rooms import ROOT, circle, imports, modules, siblings

MODULES = modules()
ROOMS = siblings(imports(MODULES))
MOST = 15
"""Entries of a folder, of code or of a page's files, before it hides what it holds; migrations do not count."""


def test_no_rooms_reach_each_other_in_a_circle() -> None:
    rings = {room or "the top": circle(graph) for room, graph in ROOMS.items()}
    assert not {room: ring for room, ring in rings.items() if ring}


def test_a_circle_is_seen() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}})
    assert not circle({"a": {"b", "c"}, "b": {"c"}})


def test_no_room_is_crowded() -> None:
    code = {path.parent for path in MODULES.values() if path.parent.name != "versions"}
    pages = {path for top in ("services", "shared") for path in (ROOT / top).rglob("static/**/") if path.is_dir()}
    entries = {
        str(room.relative_to(ROOT)): [
            each.name for each in room.iterdir() if each.name not in ("__init__.py", "__pycache__", "README.md")
        ]
        for room in code | pages
    }
    assert "shared/web/static/people" in entries
    assert not {room: names for room, names in entries.items() if len(names) > MOST}


@pytest.mark.parametrize("room", ["services", "shared"])
def test_no_name_repeats_its_room(room: str) -> None:
    repeated = []
    for name in MODULES:
        parts = name.split(".")
        for folder, child in pairwise(parts):
            if parts[0] == room and (child.startswith((f"{folder}_", f"{folder.removesuffix('s')}_"))):
                repeated.append(name)
    assert not repeated


def leaky(settings: str) -> list[str]:
    """The contracts of layers within rooms that would let a new module stand outside of every layer."""
    contracts = tomllib.loads(settings)["tool"]["importlinter"]["contracts"]
    return [each["name"] for each in contracts if "containers" in each and not each.get("exhaustive")]


def test_every_contract_names_every_module_of_its_rooms() -> None:
    open_one = '[[tool.importlinter.contracts]]\nname = "open"\ntype = "layers"\ncontainers = ["services"]\nlayers = []'
    assert leaky(open_one) == ["open"]
    assert not leaky((ROOT / "pyproject.toml").read_text("utf-8"))
