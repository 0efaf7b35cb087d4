"""The benchmark of the engine fails when a published optimum is missed, and only says when an aim is."""

from pathlib import Path

import pytest

from tests.bench.engine.letters import Options, aim
from tests.bench.engine.memory import peak_mib
from tests.bench.engine.published import published
from tests.bench.report import Report

DENSE = "3\n 4 1 3\n 2 0 5\n 3 2 2\n"
SPARSE = "3\n1 1 4\n1 2 1\n2 1 2\n2 2 0\n2 3 5\n3 3 2\n"


def a_folder(path: Path, optimum: int) -> Path:
    (path / "assignopt.txt").write_text(
        f"Data file   Optimal solution value\nsmall  {optimum}\nsmallp  5\nreal1  8.5\n"
    )
    (path / "small.txt").write_text(DENSE)
    (path / "smallp.txt").write_text(SPARSE)
    return path


@pytest.mark.parametrize(("optimum", "code"), [(5, 0), (4, 1), (6, 1)])
def test_a_published_optimum_missed_either_way_fails(tmp_path: Path, optimum: int, code: int) -> None:
    report = Report("engine", ("bench", "case", "who", "median", "result"))
    published(report, a_folder(tmp_path, optimum))
    assert len(report.rows) == 2
    assert report.finish(as_json=False) == code
    assert report.figures["guarantees"]["A: smallp solved to its published optimum"]


def test_a_folder_without_a_known_problem_is_refused(tmp_path: Path) -> None:
    (tmp_path / "assignopt.txt").write_text("other 5\n")
    with pytest.raises(SystemExit):
        published(Report("engine", ()), tmp_path)


def test_reference_data_are_looked_for_where_they_were_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIGUILLAGE_REFERENCE", raising=False)
    inside = tmp_path / "assign"
    inside.mkdir()
    a_folder(inside, 5)
    assert Options(quick=True, data=tmp_path).reference("assign", "assignopt.txt") == inside
    assert Options(quick=True, data=inside).reference("assign", "assignopt.txt") == inside
    assert Options(quick=True, data=inside).reference("data", "communes.csv") is None
    monkeypatch.setenv("AIGUILLAGE_REFERENCE", str(tmp_path))
    assert Options(quick=True, data=None).reference("assign", "assignopt.txt") == inside


def test_an_aim_that_is_not_reached_is_said_and_fails_nothing() -> None:
    report = Report("engine", ("bench", "case", "who", "result"))
    aim(report, "K", "moved", 12.5, 5)
    aim(report, "D", "times faster", 300, 100, at_least=True)
    assert [row["result"].rpartition(": ")[2] for row in report.rows] == ["NOT REACHED", "reached"]
    assert report.finish(as_json=True) == 0


def test_the_peak_of_memory_is_that_of_this_process() -> None:
    before = peak_mib()
    block = bytearray(64 * 2**20)
    assert peak_mib() >= before
    assert before > len(block) / 2**20 / 64
