"""What futures agree on is done, within places, weeks and promises; and never at the price of who is here."""

from dataclasses import replace
from typing import Any

import numpy as np

from services.matching.engine.ahead.lookahead import Future, hold_back, majority, serves_as_well, vote, with_choice
from services.matching.engine.ahead.outlook import (
    Ahead,
    PastCounts,
    PastDemand,
    PastOpenings,
    forecast_of,
    futures,
    weekday_factor,
)
from services.matching.engine.model import Instance, Point, Practitioner, Request, Slot, Urgency
from services.matching.engine.sameday.solve import solve
from services.matching.sameday.edges.foresight import shares
from services.matching.sameday.edges.solver import plan_ahead

HERE = Point(44.5, 3.5)
NOW, HOUR, DAY = 1_000_000, 3600, 86_400
SOON = Slot("soon", "ann", HERE, NOW + HOUR, NOW + HOUR + 900)
LATER = Slot("later", "ben", HERE, NOW + 5 * HOUR, NOW + 5 * HOUR + 900)


def asks(name: str, urgency: Urgency, at: int = NOW, **more: int) -> Request:
    """Somebody who can be seen from then on, within the hours of their class."""
    within = 2 if urgency == 1 else 48
    values: dict[str, Any] = {"deadline_at_s": at + within * HOUR, "answer_by_at_s": at + 3 * HOUR, **more}
    return Request(name, urgency, HERE, at, submitted_at_s=at, **values)


P4 = asks("p4", Urgency.P4)
URGENT = Future((asks("to come", Urgency.P1, NOW + 600),))


def test_a_future_with_somebody_urgent_keeps_the_only_slot_for_them() -> None:
    scarce = Instance(NOW, (P4,), (SOON,))
    assert vote(scarce, Future(), {}) == {"p4": "soon"}
    assert vote(scarce, URGENT, {}) == {}
    assert vote(replace(scarce, slots=(SOON, LATER)), URGENT, {}) == {"p4": "later"}


def test_a_slot_that_goes_back_before_they_ask_is_not_kept_for_them() -> None:
    assert vote(Instance(NOW, (P4,), (SOON,)), URGENT, {"soon": NOW + 300}) == {"p4": "soon"}


def test_a_slot_that_will_open_serves_who_is_to_come() -> None:
    opening = replace(URGENT, slots=((replace(SOON, id="to open"), NOW + 900),))
    assert vote(Instance(NOW, (P4,), (SOON,)), opening, {}) == {"p4": "soon"}


def test_most_futures_decide_within_the_places_and_the_weeks() -> None:
    three = tuple(asks(f"r{n}", Urgency.P3) for n in range(3))
    instance = Instance(NOW, three, (SOON, LATER))
    both = {"r0": "soon", "r1": "later"}
    assert majority(instance, [both, both, {}]) == both
    assert majority(instance, [both, {}, {}]) == {}
    assert majority(instance, [{"r0": "soon", "r1": "soon"}] * 2) == {"r0": "soon"}
    full = Practitioner("ann", served_this_week=20, week_cap=20)
    assert majority(replace(instance, practitioners=(full,)), [both] * 2) == {"r1": "later"}
    assert majority(replace(instance, practitioners=(replace(full, week_cap=21),)), [both] * 2) == both


def test_nobody_is_held_back_past_the_time_by_which_they_must_know() -> None:
    must_know = asks("now", Urgency.P4, answer_by_at_s=NOW)
    household = replace(asks("house", Urgency.P4), party=2)
    assert hold_back(Instance(NOW, (P4, must_know, household), (SOON,)), {}) == {"p4"}
    assert hold_back(Instance(NOW, (P4,), (SOON,)), {"p4": "soon"}) == frozenset()


def test_a_vote_never_leaves_out_somebody_present() -> None:
    here = asks("p1", Urgency.P1)
    instance = Instance(NOW, (here, P4), (SOON,))
    robbed = solve(with_choice(instance, {"p4": "soon"}))
    assert not serves_as_well(instance, robbed, solve(instance))
    plan, held = plan_ahead(instance, ({"p4": "soon"},) * 3)
    assert [one.request for one in plan.assignments] == ["p1"]
    assert held == {"p1"}


def test_the_slot_that_spares_the_scarce_one_is_chosen() -> None:
    plan, held = plan_ahead(Instance(NOW, (P4,), (SOON, LATER)), ({"p4": "later"},) * 5)
    assert [(one.request, one.slot) for one in plan.assignments] == [("p4", "later")]
    assert (held, plan.certified) == (frozenset(), True)


def a_history() -> PastCounts:
    """Eight requests each Monday at 9, two each Tuesday, over four weeks; a slot that opens at 10 every day."""
    template = asks("", Urgency.P2, 0)
    opened = PastOpenings(10, 28, replace(LATER, id="", starts_at_s=HOUR, ends_at_s=HOUR + 900))
    asked = (PastDemand(1, 9, 32, template), PastDemand(2, 9, 8, template))
    return PastCounts(known_days=8, calendar=(4,) * 7, asked=asked, opened=(opened,))


def test_a_busy_weekday_is_foretold_busier_as_far_as_it_was_seen() -> None:
    history = a_history()
    assert weekday_factor(history, 1) > 3
    assert weekday_factor(history, 1) < 32 / 4 / (40 / 28)
    assert weekday_factor(history, 7) < 1
    assert weekday_factor(PastCounts(), 1) == 1


def test_futures_have_the_means_of_the_counts_and_the_same_seed_the_same_future() -> None:
    history, monday, tuesday = a_history(), Ahead(0, 1), Ahead(DAY, 2)
    drawn = futures(history, (monday, tuesday), 0, 7, range(200))
    on = [[sum(one.submitted_at_s // DAY == day for one in future.requests) for future in drawn] for day in (0, 1)]
    expected = [40 / 28 * weekday_factor(history, weekday) for weekday in (1, 2)]
    assert all(abs(np.mean(seen) - mean) < 5 * (mean / 200) ** 0.5 for seen, mean in zip(on, expected, strict=True))
    assert all(9 * HOUR <= one.submitted_at_s % DAY < 10 * HOUR for one in drawn[0].requests)
    assert all(slot.starts_at_s == at + HOUR for slot, at in drawn[0].slots)
    assert futures(history, (monday, tuesday), 0, 7, [3]) == (drawn[3],)
    assert len({one.id for one in drawn[0].requests}) == len(drawn[0].requests)
    assert forecast_of(history).days == 28


def test_scenarios_are_dealt_to_the_processes_each_once() -> None:
    assert sorted(n for part in shares(5) for n in part) == [0, 1, 2, 3, 4]
    assert [list(part) for part in shares(1)] == [[0]]
