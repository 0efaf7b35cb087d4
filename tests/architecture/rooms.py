"""The rooms of the house: packages, their children, and which child imports which, at every depth."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[2]
Graph = dict[str, set[str]]


def modules() -> dict[str, Path]:
    """Every module of the product by its dotted name; a package by the name of its folder."""
    found: dict[str, Path] = {}
    for top in ("services", "shared"):
        for path in (ROOT / top).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def _imported(path: Path, known: Mapping[str, Path]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            for each in node.names:
                whole = f"{node.module}.{each.name}"
                yield whole if whole in known else node.module
        elif isinstance(node, ast.Import):
            yield from (each.name for each in node.names)


def imports(known: Mapping[str, Path]) -> Graph:
    """Which module imports which, within the product; imports inside functions count."""
    return {
        name: {other for other in _imported(path, known) if other in known and other != name}
        for name, path in known.items()
    }


def siblings(graph: Graph) -> dict[str, Graph]:
    """For each package, which of its children imports which: folders and modules stand side by side."""
    rooms: dict[str, Graph] = defaultdict(lambda: defaultdict(set))
    for name, others in graph.items():
        for other in others:
            mine, theirs = name.split("."), other.split(".")
            depth = next((n for n, (a, b) in enumerate(zip(mine, theirs, strict=False)) if a != b), None)
            if depth is not None:
                rooms[".".join(mine[:depth])][mine[depth]].add(theirs[depth])
    return rooms


def circle(graph: Graph) -> list[str]:
    """One circle of children that reach each other again, if there is any."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as found:
        ring: list[str] = found.args[1]
        return ring
    return []
