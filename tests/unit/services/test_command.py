"""The command line: it teaches, and it refuses in one sentence."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from services.__main__ import app
from services.cli.bench import bench, benchmarks
from shared.embedded.place import CannotStart


def every_command() -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []

    def walk(command: object, path: tuple[str, ...]) -> None:
        below = getattr(command, "commands", {})
        found.extend([path] if path and (not below or getattr(command, "invoke_without_command", False)) else [])
        for name, each in below.items():
            walk(each, (*path, name))

    walk(get_command(app), ())
    return found


@pytest.mark.parametrize("command", every_command(), ids=" ".join)
def test_every_command_teaches_with_an_example(command: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(app, [*command, "--help"])
    assert shown.exit_code == 0
    written = shown.output
    assert written.count(f"aiguillage {command[0]}") > 1 or ";" in written


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "services", *words], capture_output=True, text=True, check=False)


def test_a_refusal_is_one_sentence_and_exit_code_1() -> None:
    refused = run("serve", "nothing")
    assert refused.returncode == 1
    assert refused.stderr.startswith("aiguillage : ")
    assert "availability ou matching" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_an_unknown_policy_is_answered_with_those_there_are() -> None:
    assert "consensus" in run("simulate", "--policy", "none").stderr


def test_a_benchmark_is_a_module_with_a_main_and_an_unknown_one_is_answered_with_those_there_are(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "tests" / "bench"
    folder.mkdir(parents=True)
    (folder / "sample.py").write_text("def main(argv):\n    return len(argv)\n")
    (folder / "report.py").write_text("NOT = 'a benchmark'\n")
    assert benchmarks(tmp_path) == ["sample"]
    with pytest.raises(CannotStart, match="sample"):
        bench("unknown", [], tmp_path)


def test_without_the_sources_bench_says_where_they_are(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="cloner"):
        benchmarks(tmp_path)


def test_the_benchmarks_of_the_sources_are_found() -> None:
    assert {"booking", "live"} <= set(benchmarks())
