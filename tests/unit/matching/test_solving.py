"""The engine on files: what is solved is judged without fault, and a damaged plan is not."""

from dataclasses import replace
from pathlib import Path

import pytest

from services.cli.engine.solving import FileNotUnderstood, judge_files, solve_file
from services.matching.engine.files import dumps, loads
from services.matching.engine.model import Plan
from tests.unit.matching.test_core_judge import INSTANCE


def test_a_solved_file_is_judged_without_fault(tmp_path: Path) -> None:
    instance, plan = tmp_path / "instance.json", tmp_path / "plan.json"
    instance.write_text(dumps(INSTANCE), encoding="utf-8")
    assert solve_file(instance, plan, reasons=True) == 0
    assert judge_files(instance, plan) == 0


def test_a_damaged_plan_is_judged_at_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    instance, plan = tmp_path / "instance.json", tmp_path / "plan.json"
    instance.write_text(dumps(INSTANCE), encoding="utf-8")
    solve_file(instance, plan)
    solved = loads(plan.read_text(encoding="utf-8"), Plan)
    plan.write_text(dumps(replace(solved, cost=solved.cost - 1)), encoding="utf-8")
    assert judge_files(instance, plan) == 1
    assert "total_wrong" in capsys.readouterr().out


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(FileNotUnderstood):
        solve_file(path)
