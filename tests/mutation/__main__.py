"""Put each fault in turn into the engine's arithmetic, in a process of its own, and ask whether anything notices.

python -m tests.mutation            each fault and what became of it; exits with 1 if one goes unnoticed
python -m tests.mutation costs      those of one file
"""

import ast
import importlib.util
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import numpy as np  # noqa: F401  - loaded once, before the processes part
from ortools.graph.python import max_flow, min_cost_flow  # noqa: F401

from tests.mutation.sites import Mutant, mutants

PACKAGE = "services.matching.engine"
IN = {"costs": "sameday.costs", "order": "sameday.order", "rules": "sameday.rules"}
FILES = {
    "costs": "",
    "travel": "StraightLine great_circle_km km_of_chord degrees straight_line",
    "model": "Parameters Cost",
    "order": "rank_of",
    "rules": "places_left_this_week _hidden _out_of_age _not_allowed rules_for blockers ways",
}
SAME = {
    "return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(haversine, 0, 1))))": "they stop rounding",
    "mean = sum(settled) // len(settled) if settled else 0": "where nobody is settled all start from the same",
    "least = min(found.values(), default=0)": "without practitioners there is no load to lower",
    "return max(0, practitioner.week_cap - practitioner.served_this_week)": "no party is of nobody, so -1 forbids as 0",
    "return slot[0] in forbidden or slot[1] in forbidden or (forced != '' and forced != slot[0])": "the slot that a "
    "person chose is let through before this rule",
    "return np.array([(point.lat, point.lon) for point in points], dtype=np.float64).reshape(-1, 2)": "any "
    "number below 0 means: as many rows as there are",
}
"""Faults that change nothing: by what the line computes, the reason."""


@dataclass(frozen=True, slots=True)
class Faulty(MetaPathFinder):
    """Gives one module with its fault in place of the file's own."""

    name: str
    path: Path
    tree: ast.Module

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module with its fault; None for every other."""
        if fullname != self.name:
            return None
        return importlib.util.spec_from_file_location(
            fullname, self.path, loader=_Loader(fullname, self.path, self.tree)
        )


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: Path, tree: ast.Module) -> None:
        super().__init__(name, str(path))
        self._tree = tree

    def get_code(self, _fullname: str) -> CodeType:
        code: Any = compile(self._tree, self.path, "exec")
        return code  # type: ignore[no-any-return]


def noticed(name: str, path: Path, tree: ast.Module) -> bool:
    """Whether something fails with this fault in place."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    sys.meta_path.insert(0, Faulty(name, path, tree))
    try:
        from tests.mutation.oracle import disagreements  # noqa: PLC0415 - with the fault in place

        os._exit(1 if next(disagreements(), None) else 0)
    except BaseException:  # noqa: BLE001 - a fault that breaks everything is noticed
        os._exit(2)


def tried(file: str, only: str) -> list[tuple[Mutant, bool]]:
    """Each fault of a file, and whether it was noticed."""
    name = f"{PACKAGE}.{IN.get(file, file)}"
    path = Path(*name.split(".")).with_suffix(".py")
    return [(one, noticed(name, path, one.tree)) for one in mutants(path.read_text(encoding="utf-8"), only)]


def say(line: str) -> None:
    """One line on the terminal."""
    sys.stdout.write(line + "\n")


def main(files: Sequence[str]) -> int:
    """Print what became of each fault; 1 when one went unnoticed, or when nothing was to be noticed."""
    bad = count = 0
    for file in files or FILES:
        for mutant, seen in tried(file, FILES[file]):
            same = mutant.before in SAME
            bad, count = bad + (not seen and not same), count + 1
            state = "noticed" if seen else "the same" if same else "UNNOTICED"
            say(f"{state:9} {file}:{mutant.line} {mutant.said}")
    say(f"{count} faults, {bad} unnoticed")
    return 1 if bad else 0


if __name__ == "__main__":
    sound = noticed("nothing", Path(__file__), ast.parse(""))
    if sound:
        say("the engine as it stands does not pass: nothing can be said of its faults")
        sys.exit(2)
    sys.exit(main(sys.argv[1:]))
