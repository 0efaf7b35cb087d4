"""The engine's arithmetic is computed a second time, and a fault in any of its constants is noticed."""

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from services.matching.engine.model import Instance
from services.matching.engine.sameday import costs, judge, rules, second_look
from services.matching.engine.sameday.table import Table
from tests.mutation.oracle import disagreements
from tests.property.engine_instances import instances


def test_the_engine_says_what_the_second_look_and_the_documents_say() -> None:
    assert list(disagreements()) == []


@settings(max_examples=60, deadline=None)
@given(instances(parties=True, most_requests=6))
def test_rules_and_costs_of_each_pair_are_those_of_the_second_look(instance: Instance) -> None:
    table = Table(instance)
    block = table.block(np.arange(len(instance.requests)))
    for row, request in enumerate(instance.requests):
        for column, slot in enumerate(instance.slots):
            why = second_look.reasons(instance, request, slot)
            assert set(rules.blockers(instance, request, slot)) == why
            assert block.allowed[row, column] == (not why)
            if not why:
                assert second_look.cost(instance, request, slot) == costs.cost_of(instance, request, slot)


@pytest.mark.parametrize("module", [judge, second_look])
def test_the_judge_imports_nothing_of_what_solves(module: object) -> None:
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))  # type: ignore[attr-defined]
    names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    ours = {name.rsplit(".", 1)[1] for name in names if name and name.startswith("services.matching")}
    assert ours <= {"sameday", "engine", "model", "travel", "second_look"}
    taken = {each.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for each in node.names}
    # Of journeys it takes the type of a router's answers, and computes the straight line itself.
    assert taken & {"great_circle_km", "StraightLine", "straight_line", "travel_model"} == set()


def test_a_fault_in_any_constant_of_the_costs_is_noticed() -> None:
    """Of the costs, the journeys and the defaults; `python -m tests.mutation` also tries the rules and the ranks."""
    run = [sys.executable, "-m", "tests.mutation", "costs", "travel", "model"]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert done.returncode == 0, "\n".join(line for line in done.stdout.splitlines() if line.startswith("UNNOTICED"))
    assert " 0 unnoticed" in done.stdout
