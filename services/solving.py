"""`aiguillage solve` and `judge`: instances and plans in files, away from any server."""

import sys
from pathlib import Path
from typing import TypeVar

from services.matching.core.files import dumps, loads
from services.matching.core.judge import faults
from services.matching.core.model import Instance, Plan
from services.matching.core.policies import PolicyUnknown, policy_named
from services.matching.core.solve import solve
from services.saying import say
from shared.embedded_place import CannotStart

T = TypeVar("T")


def solve_file(file: Path, out: Path | None) -> None:
    """Solve the instance of a file; write the plan to `out`, or print it."""
    instance = _read(file, Instance)
    plan = dumps(solve(instance))
    if out is None:
        sys.stdout.write(f"{plan}\n")
        return
    out.write_text(plan)
    say(f"Plan écrit dans {out}.")


def judge_files(instance: Path, plan: Path) -> int:
    """Print every rule that the plan of a file breaks; 1 when there is one."""
    found = list(faults(_read(instance, Instance), _read(plan, Plan)))
    for fault in found:
        say(str(fault))
    say(f"{len(found)} règle(s) rompue(s)." if found else "Aucune règle rompue.")
    return 1 if found else 0


def check_policies(*names: str) -> None:
    """CannotStart, with the names there are, when one of these is no policy."""
    try:
        for name in names:
            policy_named(name)
    except PolicyUnknown as unknown:
        raise CannotStart(str(unknown)) from None


def _read(file: Path, kind: type[T]) -> T:
    try:
        return loads(file.read_text(), kind)
    except ValueError as wrong:
        raise CannotStart(f"{file} : {wrong}") from None
