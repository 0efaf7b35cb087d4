"""docs/engine.md is run, its examples are solved and judged, its schemas are those of the classes."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings

from services.cli.engine.solving import judge_files, solve_file
from services.matching.engine.files import dumps, read_file
from services.matching.engine.model import Instance, Plan
from services.matching.engine.sameday.explain import explain
from services.matching.engine.sameday.judge import faults
from services.matching.engine.sameday.solve import solve
from services.matching.engine.schema import schema_of
from services.matching.lab.days.day import Day
from services.matching.lab.days.draw import DaySetting, MishapSetting, draw_day, draw_seeded_territory
from tests.property.engine_instances import instances

DOCS = Path(__file__).parents[3] / "docs"
KINDS = (Instance, Plan, Day)


def stored_schema(kind: type) -> object:
    return json.loads((DOCS / "schemas" / f"{kind.__name__.lower()}.schema.json").read_text(encoding="utf-8"))


def test_the_code_of_the_document_runs_and_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [code] = re.findall(r"```python\n(.*?)```", (DOCS / "engine.md").read_text(encoding="utf-8"), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "docs/engine.md", "exec"), {})  # noqa: S102 - the page's own code
    assert (tmp_path / "plan.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("kind", KINDS)
def test_the_schemas_are_those_of_the_classes(kind: type) -> None:
    assert stored_schema(kind) == schema_of(kind)


def test_the_examples_fit_their_schemas_and_the_plan_is_that_of_the_instance() -> None:
    for kind in (Instance, Plan):
        example = DOCS / "examples" / f"{kind.__name__.lower()}.json"
        jsonschema.validate(json.loads(example.read_text(encoding="utf-8")), stored_schema(kind))
    instance = read_file(DOCS / "examples" / "instance.json", Instance)
    plan = read_file(DOCS / "examples" / "plan.json", Plan)
    assert faults(instance, plan) == ()
    assert plan == explain(instance, solve(instance))


def test_the_example_of_an_instance_fills_every_field_of_some_request_slot_and_practitioner() -> None:
    instance = json.loads((DOCS / "examples" / "instance.json").read_text(encoding="utf-8"))["instance"]
    named = {"requests": "Request", "slots": "Slot", "practitioners": "Practitioner"}
    defined = schema_of(Instance)["$defs"]
    for part, kind in named.items():
        assert {*instance[part][0]} == {*defined[kind]["properties"]}


@settings(max_examples=25, deadline=None)
@given(instances(parties=True))
def test_whatever_is_written_fits_its_schema(instance: Instance) -> None:
    for value in (instance, solve(instance)):
        jsonschema.validate(json.loads(dumps(value)), schema_of(type(value)))


def test_a_drawn_day_fits_its_schema() -> None:
    day = draw_day(1, draw_seeded_territory(1), DaySetting(slots=40), MishapSetting())
    jsonschema.validate(json.loads(dumps(day)), schema_of(Day))


def test_the_examples_are_solved_and_judged_in_eighty_columns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    example, plan = DOCS / "examples" / "instance.json", tmp_path / "plan.json"
    assert solve_file(example, plan, reasons=True) == 0
    assert judge_files(example, plan) == 0
    shown = capsys.readouterr().out
    assert "…" not in shown
    assert max(len(line) for line in shown.splitlines()) <= 80
    assert all(name in shown for name in ("request-5", "slot-3", "request-4"))
