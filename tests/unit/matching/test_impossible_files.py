"""What cannot be is refused wherever a file is read, in one sentence that names the field and says what to do."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.cli.engine.solving import FileNotUnderstood, judge_files, solve_file
from services.matching.engine.files import UnreadableFile, dumps, loads, read_file
from services.matching.engine.model import Instance, Plan
from services.matching.engine.sameday.solve import solve
from services.matching.lab.days.day import Day
from services.matching.lab.days.draw import DaySetting, draw_day, draw_seeded_territory
from services.matching.lab.days.stored import read_day, write_day

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "instance.json"
Change = Callable[[dict[str, Any]], None]


def of(*path: str | int, value: object) -> Change:
    def change(document: dict[str, Any]) -> None:
        at: Any = document["instance"]
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = value

    return change


IMPOSSIBLE = [
    (of("requests", 0, "point", "lat", value=143.34), "not_between", "requests[0].point.lat"),
    (of("slots", 1, "point", "lon", value=-181), "not_between", "slots[1].point.lon"),
    (of("slots", 1, "point", "lat", value=float("nan")), "not_between", "slots[1].point.lat"),
    (of("slots", 0, "ends_at_s", value=0), "not_after", "slots[0].ends_at_s"),
    (of("requests", 1, "id", value="request-1"), "twice", "requests[1].id"),
    (of("slots", 2, "id", value="slot-1"), "twice", "slots[2].id"),
    (of("practitioners", 1, "id", value="dr-alpha"), "twice", "practitioners[1].id"),
    (of("requests", 0, "id", value=""), "no_name", "requests[0].id"),
    (of("slots", 0, "practitioner", value=""), "no_name", "slots[0].practitioner"),
    (of("requests", 0, "deadline_at_s", value=5), "before", "requests[0].deadline_at_s"),
    (of("requests", 0, "party", value=0), "not_between", "requests[0].party"),
    (of("requests", 0, "age", value=-1), "not_between", "requests[0].age"),
    (of("requests", 0, "age", value=131), "not_between", "requests[0].age"),
    (of("requests", 0, "max_travel_s", value=-60), "not_between", "requests[0].max_travel_s"),
    (of("requests", 0, "modes", value=[]), "empty", "requests[0].modes"),
    (of("requests", 0, "professions", value=[]), "empty", "requests[0].professions"),
    (of("requests", 0, "forced", value="slot-9"), "unknown_slot", "requests[0].forced"),
    (of("slots", 0, "places", value=-1), "not_between", "slots[0].places"),
    (of("slots", 0, "min_age", value=200), "not_between", "slots[0].min_age"),
    (of("slots", 0, "max_age", value=-3), "before", "slots[0].max_age"),
    (of("slots", 0, "modes", value=[]), "empty", "slots[0].modes"),
    (of("practitioners", 0, "served_4_weeks", value=-1), "not_between", "practitioners[0].served_4_weeks"),
    (of("practitioners", 0, "week_cap", value=-1), "not_between", "practitioners[0].week_cap"),
    (of("parameters", "speed_kmh", value=0), "not_above", "parameters.speed_kmh"),
    (of("parameters", "detour", value=-1.3), "not_above", "parameters.detour"),
    (of("parameters", "wait_weight_milli", value=[1, 2, -3, 4]), "not_between", "parameters.wait_weight_milli[2]"),
    (of("parameters", "nearest_k", value=0), "not_between", "parameters.nearest_k"),
    (of("parameters", "kappa_s", value=-1), "not_between", "parameters.kappa_s"),
    (of("parameters", "kappa_s", value=10**30), "not_between", "parameters.kappa_s"),
    (of("slots", 0, "starts_at_s", value=-(10**30)), "not_between", "slots[0].starts_at_s"),
    (of("requests", 0, "submitted_at_s", value=10**18), "not_between", "requests[0].submitted_at_s"),
    (of("now_at_s", value=10**18), "not_between", "now_at_s"),
    (of("requests", 0, "party", value=97), "not_between", "requests[0].party"),
    (of("requests", 0, "urgency", value="P2"), "not_one_of", "requests[0].urgency"),
    (of("requests", 0, "now", value=3), "unknown_field", "requests[0]"),
    (of("requests", 0, value={"id": "only"}), "missing_field", "requests[0]"),
    (of("slots", value={}), "not_a_list", "slots"),
    (of("slots", 0, "starts_at_s", value="8:30"), "not_int", "slots[0].starts_at_s"),
    (of("slots", 0, "wheelchair", value=1), "not_bool", "slots[0].wheelchair"),
    (of("slots", 0, "id", value=1), "not_str", "slots[0].id"),
    (of("slots", 0, "point", "lat", value="44"), "not_float", "slots[0].point.lat"),
    (of("slots", 0, "point", value=3), "not_an_object", "slots[0].point"),
    (of("parameters", "confirm_after_s", value=[1]), "not_so_many", "parameters.confirm_after_s"),
]


@pytest.mark.parametrize(("change", "rule", "where"), IMPOSSIBLE, ids=[f"{rule} {at}" for _, rule, at in IMPOSSIBLE])
def test_each_impossible_value_is_refused_by_name(tmp_path: Path, change: Change, rule: str, where: str) -> None:
    document = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    change(document)
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(UnreadableFile) as refused:
        loads(path.read_text(encoding="utf-8"), Instance)
    assert (refused.value.rule, refused.value.where) == (rule, f"instance.{where}")
    with pytest.raises(FileNotUnderstood) as said:
        solve_file(path)
    assert str(path) in said.value.detail
    assert f"instance.{where}" in said.value.detail
    assert "docs/engine.md" in said.value.detail


def test_a_slot_that_is_gone_may_still_be_named(tmp_path: Path) -> None:
    instance = read_file(EXAMPLE, Instance)
    told = replace(instance.requests[0], notified="gone", forbidden=frozenset({"left"}), habitual="retired")
    assert loads(dumps(replace(instance, requests=(told,))), Instance).requests == (told,)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"", b"{", b"[" * 100_000, b"3"])
def test_what_is_no_file_of_ours_is_refused_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(content)
    for read in (solve_file, lambda one: judge_files(EXAMPLE, one)):
        with pytest.raises(FileNotUnderstood) as said:
            read(path)
        assert "\n" not in said.value.detail


def a_day() -> Day:
    return draw_day(3, draw_seeded_territory(3), DaySetting(slots=30, load=0.5))


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"published_at_s": ()}, "not_so_many"),
        ({"closes_at_s": 0}, "not_after"),
        ({"withdrawn": (("nothing", 5),)}, "unknown_slot"),
        ({"requests": a_day().requests[:1] * 2}, "twice"),
    ],
)
def test_an_impossible_day_is_refused_by_name(tmp_path: Path, change: dict[str, Any], rule: str) -> None:
    path = tmp_path / "day-1.json"
    write_day(path, replace(a_day(), **change))
    with pytest.raises(UnreadableFile) as refused:
        read_day(path)
    assert refused.value.rule == rule
    assert refused.value.path == str(path)


def test_the_judge_says_each_fault_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    instance = read_file(EXAMPLE, Instance)
    plan = solve(instance)
    [first, *others] = plan.assignments
    moved = replace(first, slot="slot-3")
    path = tmp_path / "plan.json"
    path.write_text(dumps(Plan((moved, moved, *others), plan.unmatched[1:], True, 0)), encoding="utf-8")
    assert judge_files(EXAMPLE, path) == 1
    shown = capsys.readouterr().out.replace("\n", " ")
    for words in ("décidée 2 fois", "ne peut pas aller au créneau slot-3", "coût de", "(total_wrong)", "équité"):
        assert words in shown


def aiguillage(*arguments: str) -> tuple[int, str]:
    done = subprocess.run([sys.executable, "-m", "services", *arguments], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def test_what_is_possible_but_beyond_the_solver_is_said_too(tmp_path: Path) -> None:
    document = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    for n, party in enumerate((11, 13, 17, 19, 16)):
        document["instance"]["requests"][n]["party"] = party
    for slot in document["instance"]["slots"]:
        slot["places"] = 20
    document["instance"]["parameters"]["wait_weight_milli"] = [10**8] * 4
    path = tmp_path / "huge.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(FileNotUnderstood, match="CostsTooLarge"):
        solve_file(path)


def test_a_policy_that_does_not_exist_is_answered_with_those_that_do() -> None:
    code, said = aiguillage("simulate", "--policy", "luck")
    assert code == 1
    assert "« luck »" in said
    assert "fcfs_early" in said


def test_whatif_refuses_names_files_and_folders_in_one_sentence(tmp_path: Path) -> None:
    day = tmp_path / "day-1.json"
    write_day(day, a_day())
    code, said = aiguillage("whatif", "--day", str(day), "--without", "Dr Inconnu")
    assert code == 1
    assert "Dr Inconnu" in said
    assert "gp-000 (" in said
    for wrong in (EXAMPLE, tmp_path / "empty"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        code, said = aiguillage("whatif", "--day", str(wrong))
        assert code == 1
        assert said.count("\n") == 1
    code, said = aiguillage("whatif", "--day", str(day), "--history", str(tmp_path / "empty"), "--policy", "consensus")
    assert (code, said.count("\n")) == (1, 1)
