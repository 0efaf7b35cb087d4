"""A simulated day is the same for every policy, hides the future from all, and is judged before it is counted."""

from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from services.matching.engine.ahead.policies import POLICIES, PolicyUnknown
from services.matching.engine.files import UnreadableFile
from services.matching.engine.model import Instance
from services.matching.lab.changes import (
    PractitionerUnknown,
    Supposition,
    with_demand,
    with_more_slots,
    without_practitioner,
)
from services.matching.lab.days.day import Day, NotADay, day_of_instances
from services.matching.lab.days.draw import CALM, DaySetting, MishapSetting, draw_day, draw_seeded_territory
from services.matching.lab.days.stored import read_day, write_day
from services.matching.lab.days.territory import TerritorySetting
from services.matching.lab.deciders import decider, for_somebody
from services.matching.lab.figures import figures, pair, urgent
from services.matching.lab.life import SlotTold, begin, live
from services.matching.lab.outcome import PlanRefused, gini_milli, judge_tellings, outcome_of
from services.matching.lab.pairs import pairs_of
from services.matching.lab.run import Trial, run_case, run_cases, run_day
from services.matching.lab.terminal.command import simulate, whatif

SMALL = TerritorySetting(inhabitants=20_000, practitioners=12, communes=8)
SETTING = DaySetting(slots=48, load=1.1)
ROUGH = MishapSetting(refusal=0.2, cancellation=0.2, no_show=0.1, withdrawn=0.1, late=0.1)


def a_day(seed: int = 1, mishaps: MishapSetting = CALM) -> Day:
    return draw_day(seed, draw_seeded_territory(seed, SMALL), SETTING, mishaps)


def a_case(seed: int, policies: tuple[str, ...], mishaps: MishapSetting = CALM) -> Trial:
    return Trial(seed, policies, SETTING, mishaps, SMALL)


def test_a_seed_is_a_day() -> None:
    assert a_day(3) == a_day(3)
    assert a_day(3) != a_day(4)


def test_mishaps_happen_to_the_same_requests_and_slots() -> None:
    calm, rough = a_day(), a_day(mishaps=ROUGH)
    assert rough.requests == calm.requests
    assert rough.slots[: len(calm.slots)] == calm.slots
    assert len(rough.slots) > len(calm.slots)
    assert rough.mishaps
    assert rough.withdrawn


def test_slots_are_published_after_opening_and_before_they_start() -> None:
    day = a_day(mishaps=ROUGH)
    known = [at == day.opens_at_s for at in day.published_at_s]
    assert 0.4 < np.mean(known) < 0.8
    assert all(day.opens_at_s <= at < s.starts_at_s for s, at in zip(day.slots, day.published_at_s, strict=True))


@pytest.mark.parametrize("mishaps", [CALM, ROUGH], ids=["calm", "rough"])
def test_every_policy_passes_the_judge_and_accounts_for_everybody(mishaps: MishapSetting) -> None:
    names = tuple(name for name in POLICIES if mishaps is CALM or name != "clairvoyant")
    for outcome in run_case(a_case(2, names, mishaps)):
        assert sum(outcome.asked) == len(a_day(2).requests)
        assert all(left <= asked for left, asked in zip(outcome.unserved, outcome.asked, strict=True))
        assert outcome.dropped == 0 or mishaps is ROUGH


def test_refusals_cancellations_and_absences_are_counted() -> None:
    outcome = run_case(a_case(5, ("defer",), ROUGH))[0]
    assert outcome.refused > 0
    assert outcome.cancelled > 0
    assert outcome.absent > 0


def test_hindsight_serves_at_least_as_many_class_by_class() -> None:
    names = ("clairvoyant", "fcfs_early", "fcfs_cost", "batch_30s", "defer", "stable_120", "call_3")
    for seed in range(2):
        bound, *others = run_case(a_case(seed, names))
        assert all(bound.unserved <= other.unserved for other in others)


def test_moving_people_told_drops_nobody_and_is_counted() -> None:
    lived = [run_case(a_case(seed, ("stable_120",)))[0] for seed in range(6)]
    assert sum(one.moved for one in lived) > 0
    assert all(one.dropped == 0 for one in lived)


def test_somebody_told_is_moved_once_at_most_and_only_for_someone_urgent_who_has_waited() -> None:
    policy, moved = POLICIES["stable_120"], 0
    for seed in range(6):
        day = a_day(seed)
        pairs = pairs_of(day)
        practices = [slot.practitioner for slot in day.slots]
        life = live(day, pairs, decider(policy, pairs, practices), policy.period_s)
        told: dict[int, int] = {}
        for at in sorted({one.at_s for one in life.log}):
            then = [one for one in life.log if one.at_s == at]
            moves = [one for one in then if one.request in told]
            stuck = [one.request for one in then if one.request not in told and pairs.rank[one.request] < 2]
            waited = [at - pairs.submitted_at_s[row] >= policy.moves_after_s[pairs.rank[row]] for row in stuck]
            assert sum(waited) > 0 or not moves
            told |= {one.request: told.get(one.request, 0) + 1 for one in then}
            moved += len(moves)
        assert max(told.values()) <= 2
    assert moved > 0


def test_nobody_is_moved_for_their_own_comfort() -> None:
    day = a_day(3)
    pairs = pairs_of(day)
    row = int(np.argmax((pairs.until_at_s > day.opens_at_s).sum(axis=1)))
    far, near = np.flatnonzero(pairs.until_at_s[row] > 0)[:2]
    life = begin(day, pairs)
    life.told[row] = far
    assert for_somebody(life, {row: int(near)}) == []
    other = int(np.flatnonzero(pairs.until_at_s[:, far] > 0)[-1])
    life.places[far] = 0
    assert for_somebody(life, {row: int(near), other: int(far)}) == [(row, near), (other, far)]


def test_a_slot_told_before_it_is_published_is_refused() -> None:
    day = a_day()
    pairs, late = pairs_of(day), int(np.argmax(day.published_at_s))
    row = int(np.argmax(pairs.until_at_s[:, late]))
    life = begin(day, pairs)
    life.log.append(SlotTold(day.published_at_s[late] - 1, row, late))
    with pytest.raises(PlanRefused):
        judge_tellings(day, life)


def test_a_slot_given_twice_is_refused() -> None:
    day = a_day()
    pairs = pairs_of(day)
    column = int(np.argmax((pairs.until_at_s > 0).sum(axis=0)))
    rows = np.flatnonzero(pairs.until_at_s[:, column] > 0)[:2]
    life = live(day, pairs, lambda _: [], 0)
    life.told[rows] = column
    with pytest.raises(PlanRefused, match="slot_overfull"):
        outcome_of(POLICIES["defer"], day, pairs, life)


def test_cases_give_the_same_outcomes_on_two_processes() -> None:
    cases = [a_case(seed, ("fcfs_early", "defer")) for seed in range(2)]
    assert run_cases(cases, workers=2) == run_cases(cases)


def test_a_day_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    write_day(tmp_path / "day.json", a_day(mishaps=ROUGH))
    assert read_day(tmp_path / "day.json") == a_day(mishaps=ROUGH)
    (tmp_path / "other.json").write_text('{"version": 1, "plan": {}}')
    with pytest.raises(UnreadableFile):
        read_day(tmp_path / "other.json")


def test_captured_rounds_make_a_day() -> None:
    day = a_day()
    first, second = day.opens_at_s, day.opens_at_s + 3600
    told = replace(day.requests[0], notified=day.slots[0].id)
    rounds = (
        Instance(first, (told,), day.slots[:3]),
        Instance(second, day.requests[1:3], day.slots[1:5]),
    )
    lived = day_of_instances("captured", rounds)
    assert lived.published_at_s == (first, first, first, second, second)
    assert lived.requests == day.requests[:3]
    with pytest.raises(NotADay):
        day_of_instances("backwards", rounds[::-1])
    run_day(lived, ("defer",))


def test_changes_change_what_they_say() -> None:
    day, rng = a_day(), np.random.default_rng(1)
    gone = day.slots[0].practitioner
    assert not any(slot.practitioner == gone for slot in without_practitioner(day, gone).slots)
    assert len(with_more_slots(day, 2, rng).slots) == len(day.slots) + 2 * 12
    assert len(with_demand(day, 0.5, rng).requests) == round(len(day.requests) * 0.5)
    assert len(with_demand(day, 3.0, rng).requests) > 2 * len(day.requests)
    with pytest.raises(PractitionerUnknown):
        without_practitioner(day, "nobody")


def test_more_slots_never_hurt_hindsight() -> None:
    day = a_day(7)
    fewer = run_day(day, ("clairvoyant",))[0]
    more = run_day(with_more_slots(day, 1, np.random.default_rng(1)), ("clairvoyant",))[0]
    assert more.unserved <= fewer.unserved


def test_simulate_prints_a_table_and_writes_a_picture(tmp_path: Path) -> None:
    shown = Console(file=StringIO(), width=200)
    rows = simulate(days=1, policies=("fcfs_early", "defer"), plot_to=tmp_path / "days.png", console=shown)
    assert [row.policy for row in rows] == ["fcfs_early", "defer"]
    assert (tmp_path / "days.png").read_bytes().startswith(b"\x89PNG")
    assert isinstance(shown.file, StringIO)
    assert "P1+P2" in shown.file.getvalue()
    with pytest.raises(PolicyUnknown):
        simulate(policies=("luck",))


def test_the_tables_say_errors_and_policies_in_eighty_columns_and_cut_nothing(tmp_path: Path) -> None:
    shown = Console(file=StringIO(), width=80)
    names = ("call_3", "fcfs_early", "fcfs_cost")
    rows = simulate(days=3, policies=names, plot_to=tmp_path / "days.png", console=shown)
    assert isinstance(shown.file, StringIO)
    said = shown.file.getvalue()
    assert "…" not in said
    assert max(len(line) for line in said.splitlines()) <= 80
    assert "±" in said
    assert all(f"{name} : " in said for name in names)
    lived = run_cases([Trial(seed, names) for seed in range(3)])
    shares = [100 * sum(day[0].unserved) / sum(day[0].asked) for day in lived]
    assert rows[0].errors is not None
    assert rows[0].errors.unserved == pytest.approx(np.std(shares, ddof=1) / 3**0.5)


def test_one_day_has_no_error_and_says_so() -> None:
    shown = Console(file=StringIO(), width=80)
    [row] = simulate(days=1, policies=("fcfs_early",), console=shown)
    assert row.errors is None
    assert isinstance(shown.file, StringIO)
    assert "un seul jour" in shown.file.getvalue()
    assert "±" not in shown.file.getvalue()


def test_whatif_lives_a_stored_day_again(tmp_path: Path) -> None:
    write_day(tmp_path / "day.json", a_day())
    shown = Console(file=StringIO(), width=200)
    change = Supposition(demand=1.4, policy="fcfs_early")
    today, changed = whatif(change, day=tmp_path / "day.json", console=shown)
    assert today.days == changed.days == 1
    assert changed.unserved > today.unserved


def test_the_gini_is_0_when_all_are_equal_and_near_1_when_one_does_everything() -> None:
    assert gini_milli(np.array([3, 3, 3])) == 0
    assert gini_milli(np.array([0] * 99 + [50])) == 990
    assert gini_milli(np.array([0, 0])) == 0


def test_paired_differences_carry_their_standard_error() -> None:
    ours = [run_case(a_case(seed, ("defer",)))[0] for seed in range(3)]
    theirs = [replace(one, unserved=(one.unserved[0] + 1, *one.unserved[1:])) for one in ours]
    gap = pair(urgent, ours, theirs)
    assert gap.mean < 0
    assert gap.days_below == 3
    assert figures(ours).days == 3
