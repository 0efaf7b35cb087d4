"""`aiguillage solve FILE` and `aiguillage judge INSTANCE PLAN`: the engine on files, for whoever wants to check it."""

from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.table import Table

from services.matching.engine.files import UnreadableFile, dumps, loads
from services.matching.engine.model import Instance, Plan
from services.matching.engine.sameday.explain import explained
from services.matching.engine.sameday.judge import faults
from services.matching.engine.sameday.solve import solve
from shared.refusals import Refusal
from shared.wording.labels import wording

ASSIGNED = ("request", "slot", "travel", "tele", "wait", "continuity", "fairness", "stability", "runner_up")
LEFT_OUT = ("left_out", "blockers", "held", "changes")
T = TypeVar("T", Instance, Plan)


class FileNotUnderstood(Refusal):
    """Ce fichier n'est pas une instance ou un plan au format de cette version : voir docs/matching.md."""

    code = "file_not_understood"


def solve_file(path: Path, out: Path | None = None, reasons: bool = False) -> int:
    """Solve an instance and print its plan; write it as JSON when `out` is given; 0 when the plan is certified.

    With `reasons`, each request left out also gets the cheapest changes that would serve it, each solved again.
    """
    instance = _read(path, Instance)
    plan = solve(instance)
    if reasons:
        plan = explained(instance, plan)
    if out is not None:
        out.write_text(dumps(plan) + "\n", encoding="utf-8")
    console = Console()
    console.print(_assignments(plan))
    if plan.unmatched:
        console.print(_unmatched(plan))
    key = "solving.proved" if plan.certified else "solving.unproved"
    console.print(wording().say(key, served=len(plan.assignments), left=len(plan.unmatched), cost=plan.cost))
    return 0 if plan.certified else 1


def judge_files(instance_path: Path, plan_path: Path) -> int:
    """Print every fault of a plan; 1 when there is one."""
    found = faults(_read(instance_path, Instance), _read(plan_path, Plan))
    console = Console()
    for fault in found:
        console.print(f"[red]{fault.kind}[/] {fault.about} {fault.found}")
    console.print(wording().say("solving.faults", n=len(found)) if found else wording().say("solving.no_fault"))
    return 1 if found else 0


def _read(path: Path, kind: type[T]) -> T:
    try:
        return loads(path.read_text(encoding="utf-8"), kind)
    except UnreadableFile as error:
        raise FileNotUnderstood(str(error)) from error


def _assignments(plan: Plan) -> Table:
    table = Table(*(wording().say(f"solving.{column}") for column in ASSIGNED))
    for one in plan.assignments:
        cost = one.cost
        terms = (cost.travel_s, cost.tele_s, cost.wait, cost.continuity, cost.fairness, cost.stability)
        table.add_row(one.request, one.slot, *(str(term) for term in terms), one.runner_up)
    return table


def _unmatched(plan: Plan) -> Table:
    table = Table(*(wording().say(f"solving.{column}") for column in LEFT_OUT))
    for one in plan.unmatched:
        why = ", ".join(f"{wording().label('blocker', blocker.value)} {count}" for blocker, count in one.blockers)
        changes = ", ".join(f"{change.kind} {change.amount} ({change.slot})" for change in one.relaxations)
        table.add_row(one.request, why, " ".join(str(people) for people in one.taken_by_class), changes)
    return table
