"""`aiguillage solve FILE` and `aiguillage judge INSTANCE PLAN`: the engine on files, for whoever wants to check it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.matching.engine.files import UnreadableFile, dumps, read_file
from services.matching.engine.market.least_cost import CostsTooLarge, FlowFailed
from services.matching.engine.model import Assignment, Instance, Plan, Unmatched
from services.matching.engine.sameday.explain import explain
from services.matching.engine.sameday.judge import Fault, faults
from services.matching.engine.sameday.solve import solve
from services.matching.lab.changes import PractitionerUnknown
from shared.refusals import Refusal
from shared.wording.labels import wording

NOT_ALLOWED = "not_allowed_"
TERMS = ("travel", "tele", "wait", "continuity", "fairness", "stability")
MOST_NAMED = 12
T = TypeVar("T", Instance, Plan)


class FileNotUnderstood(Refusal):
    """Ce fichier n'est pas une instance ou un plan au format de cette version : voir docs/engine.md."""

    code = "file_not_understood"


def unreadable(error: UnreadableFile) -> FileNotUnderstood:
    """Which file, which field, what is wrong with it and where the format is said."""
    why = wording().say(f"file.{error.rule}", where=error.where, found=error.found, expected=error.expected)
    return FileNotUnderstood(wording().say("file.remedy", path=error.path, why=why))


def nobody_called(error: PractitionerUnknown) -> FileNotUnderstood:
    """Who could be meant instead, by the names that stand in the day."""
    said = [wording().say("file.of_practitioner", name=name, n=slots) for name, slots in error.known[:MOST_NAMED]]
    more = len(error.known) - len(said)
    said += [wording().say("file.more_practitioners", n=more)] if more else []
    return FileNotUnderstood(wording().say("file.unknown_practitioner", name=error.named, known=", ".join(said)))


def not_written(path: Path, error: Exception) -> FileNotUnderstood:
    """A file that could not be written, and what to do."""
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return FileNotUnderstood(wording().say("file.cannot_write", path=path, why=why))


def solve_file(path: Path, out: Path | None = None, reasons: bool = False) -> int:
    """Solve an instance and print its plan; write it as JSON when `out` is given; 0 when the plan is certified.

    With `reasons`, each request left out also gets the cheapest changes that would serve it, each solved again.
    Raises `FileNotUnderstood` for a file that is not an instance, or that holds what cannot be.
    """
    instance = _read(path, Instance)
    try:
        plan = solve(instance)
        if reasons:
            plan = explain(instance, plan)
    except (FlowFailed, CostsTooLarge) as error:
        raise FileNotUnderstood(wording().say("file.unsolved", path=path, why=type(error).__name__)) from error
    console = Console()
    if out is not None:
        _write(out, dumps(plan) + "\n")
    console.print(_assignments(plan.assignments))
    if plan.unmatched:
        console.print(_tabulate_unmatched(plan.unmatched))
    key = "solving.proved" if plan.certified else "solving.unproved"
    console.print(wording().say(key, served=len(plan.assignments), left=len(plan.unmatched), cost=plan.cost))
    if out is not None:
        console.print(wording().say("solving.written", path=out), markup=False)
    return 0 if plan.certified else 1


def judge_files(instance_path: Path, plan_path: Path) -> int:
    """Print every fault of a plan, in a sentence and by its code; 1 when there is one."""
    found = faults(_read(instance_path, Instance), _read(plan_path, Plan))
    console = Console()
    for fault in found:
        console.print(f"[red]✗[/] {escape(_say(fault))} [dim]({fault.kind})[/]", highlight=False)
    console.print(wording().say("solving.faults", n=len(found)) if found else wording().say("solving.no_fault"))
    return 1 if found else 0


def _say(fault: Fault) -> str:
    values = {"about": fault.about, "found": fault.found, "right": fault.right}
    if fault.kind.startswith(NOT_ALLOWED):
        why = wording().label("blocker", fault.kind.removeprefix(NOT_ALLOWED))
        return wording().say("solving.rule_broken", why=why, **values)
    return wording().say(f"fault.{fault.kind}", **values)


def _read(path: Path, kind: type[T]) -> T:
    try:
        return read_file(path, kind)
    except UnreadableFile as error:
        raise unreadable(error) from error


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise not_written(path, error) from error


def _table(*columns: str) -> Table:
    """A table that folds rather than cuts, at whatever width."""
    table = Table()
    for column in columns:
        table.add_column(wording().say(f"solving.{column}"), overflow="fold")
    return table


def _assignments(found: Sequence[Assignment]) -> Table:
    table = _table("request", "slot", "cost", "of_cost", "runner_up")
    for one in found:
        cost = one.cost
        values = (cost.travel_s, cost.tele_s, cost.wait, cost.continuity, cost.fairness, cost.stability)
        terms = zip(TERMS, values, strict=True)
        of_cost = ", ".join(f"{wording().say(f'solving.{term}').lower()} {value}" for term, value in terms if value)
        table.add_row(escape(one.request), escape(one.slot), str(cost.total), of_cost, escape(one.runner_up))
    return table


def _tabulate_unmatched(left: Sequence[Unmatched]) -> Table:
    table = _table("left_out", "blockers", "held", "changes")
    for one in left:
        why = ", ".join(f"{wording().label('blocker', blocker.value)} {count}" for blocker, count in one.blockers)
        changes = "\n".join(
            wording().say(
                f"change.{change.kind}",
                amount=change.amount,
                minutes=-(-change.amount // 60),
                slot=escape(change.slot),
            )
            for change in one.relaxations
        )
        table.add_row(escape(one.request), why, " ".join(str(people) for people in one.taken_by_class), changes)
    return table
