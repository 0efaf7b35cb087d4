"""Choice waves: no place is given twice, no class loses one to a later class, no refusal is asked again."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine.doctors.choice.market import ChoiceMarket, Mask, plan
from services.matching.engine.doctors.choice.odds import AnswerCounts, Odds, reckon_odds, uniform
from services.matching.engine.doctors.choice.wave import Known, WaveParameters, ask, settle

CLASSES = 3


@st.composite
def markets(draw: st.DrawFn) -> ChoiceMarket:
    """A few people and doctors; each pair is there or not, at a drawn cost."""
    people, gps = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    cells = [cell for cell in product(range(people), range(gps)) if draw(st.booleans())] or [(0, 0)]
    costs = draw(st.lists(st.integers(0, 1800), min_size=len(cells), max_size=len(cells)))
    rows = sorted((person, cost, gp) for (person, gp), cost in zip(cells, costs, strict=True))
    return ChoiceMarket(
        rank=np.array(draw(st.lists(st.integers(0, CLASSES - 1), min_size=people, max_size=people))),
        pair_person=np.array([person for person, _, _ in rows]),
        pair_gp=np.array([gp for _, _, gp in rows]),
        pair_travel_s=np.array([cost for _, cost, _ in rows]),
        pair_cost=np.array([cost for _, cost, _ in rows]),
        places=np.array(draw(st.lists(st.integers(0, 2), min_size=gps, max_size=gps))),
    )


def masks(market: ChoiceMarket) -> st.SearchStrategy[Mask]:
    """Some of the pairs."""
    size = len(market.pair_person)
    return st.lists(st.booleans(), min_size=size, max_size=size).map(lambda chosen: np.array(chosen, bool))


def nobody(market: ChoiceMarket) -> Mask:
    return np.zeros(market.people, bool)


def counts(market: ChoiceMarket, chosen: Mask) -> list[int]:
    """People served by class, the classes before included."""
    served = market.rank[market.pair_person[chosen]]
    return [int((served <= rank).sum()) for rank in range(CLASSES)]


def best_counts(market: ChoiceMarket, allowed: Mask) -> list[int]:
    """The best counts by class in order, by trying every assignment."""
    options = [[-1, *np.flatnonzero(allowed & (market.pair_person == person))] for person in range(market.people)]
    best: list[int] = []
    for choice in product(*options):
        pairs = np.array([pair for pair in choice if pair >= 0], np.int64)
        taken = np.bincount(market.pair_gp[pairs], minlength=len(market.places)) if pairs.size else market.places * 0
        if (taken <= market.places).all():
            chosen = np.zeros(len(allowed), bool)
            chosen[pairs] = True
            best = max(best, counts(market, chosen))
    return best


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_a_plan_serves_the_most_of_each_class_in_order(data: st.DataObject) -> None:
    market = data.draw(markets())
    allowed = data.draw(masks(market))
    chosen = plan(market, allowed)
    assert not (chosen & ~allowed).any()
    assert (np.bincount(market.pair_gp[chosen], minlength=len(market.places)) <= market.places).all()
    assert len(set(market.pair_person[chosen])) == int(chosen.sum())
    assert counts(market, chosen) == best_counts(market, allowed)


@given(st.data())
@settings(max_examples=120, deadline=None)
def test_who_gets_a_place_takes_none_that_a_class_before_may_still_use(data: st.DataObject) -> None:
    market = data.draw(markets())
    known = Known(data.draw(masks(market)), data.draw(masks(market)), data.draw(masks(market)), nobody(market))
    settlement = settle(market, known, WaveParameters())
    given_pairs = settlement.attached
    both = known.patient_yes & known.gp_yes & ~known.refused
    assert both[given_pairs].all()
    taken = np.bincount(market.pair_gp[given_pairs], minlength=len(market.places))
    assert (taken <= market.places).all()
    assert len(set(market.pair_person[given_pairs])) == len(given_pairs)
    ready = market.any_of_person(both)
    still = ~known.refused & np.where(ready[market.pair_person], both, True)
    before = best_counts(market, still)
    left = still & ~np.isin(market.pair_person, market.pair_person[given_pairs])
    after = best_counts(replace(market, places=market.places - taken), left)
    kept = np.zeros(len(still), bool)
    kept[given_pairs] = True
    assert [one + other for one, other in zip(counts(market, kept), after or [0] * CLASSES, strict=True)] >= before
    assert set(settlement.held_back) == set(np.flatnonzero(ready)) - set(market.pair_person[given_pairs])


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_nobody_is_asked_again_what_they_refused_and_the_same_seed_asks_the_same(data: st.DataObject) -> None:
    market = data.draw(markets())
    known = Known(data.draw(masks(market)), data.draw(masks(market)), data.draw(masks(market)), nobody(market))
    odds = Odds(np.full((len(market.places), CLASSES), 500), np.full(7, 500), 800)
    parameters = WaveParameters(options=2, list_limit=2)
    questions = ask(market, known, odds, parameters, seed=3)
    for pairs in (questions.patients, questions.gps):
        assert not known.refused[pairs].any()
        assert (market.places[market.pair_gp[pairs]] > 0).all()
    assert not known.patient_yes[questions.patients].any()
    assert not known.gp_yes[questions.gps].any()
    assert known.patient_yes[questions.gps].all()
    assert np.bincount(market.pair_person[questions.patients], minlength=1).max(initial=0) <= 2
    assert np.bincount(market.pair_gp[questions.gps], minlength=1).max(initial=0) <= 2
    again = ask(market, known, odds, parameters, seed=3)
    assert (again.patients == questions.patients).all()
    assert (again.gps == questions.gps).all()


def test_without_futures_the_questions_are_the_plan_of_today() -> None:
    market = ChoiceMarket(
        rank=np.array([1, 0, 0]), pair_person=np.array([0, 1, 2]), pair_gp=np.array([0, 0, 0]),
        pair_travel_s=np.array([60, 600, 900]), pair_cost=np.array([60, 600, 900]), places=np.array([2]),
    )  # fmt: skip
    none = np.zeros(3, bool)
    grid, bands = np.zeros((1, 3), np.int64), np.zeros(7, np.int64)
    odds = reckon_odds(AnswerCounts(grid, grid, bands, bands))
    asked = ask(market, Known(none, none, none, none), odds, WaveParameters(futures=0, options=1), seed=0)
    assert list(asked.patients) == [1, 2]


def test_seniority_changes_the_cost_of_a_pair_and_not_how_likely_a_journey_is_accepted() -> None:
    """Somebody who has waited long: the cost falls under zero, the journey stays in its band."""
    market = ChoiceMarket(
        rank=np.array([0]), pair_person=np.array([0]), pair_gp=np.array([0]), pair_travel_s=np.array([900]),
        pair_cost=np.array([900 - 3600]), places=np.array([1]),
    )  # fmt: skip
    none = np.zeros(1, bool)
    # Only journeys of 15 to 20 minutes are ever accepted: every future then wants the pair.
    odds = Odds(np.full((1, CLASSES), 1000), np.array([0, 0, 0, 1000, 0, 0, 0]), 1000)
    asked = ask(market, Known(none, none, none, none), odds, WaveParameters(futures=4), seed=1)
    assert list(asked.votes) == [8]


def test_a_place_waits_for_a_class_before_and_says_who_waits() -> None:
    """The one place: somebody of the last class is ready, somebody in ALD is not asked yet."""
    market = ChoiceMarket(
        rank=np.array([2, 0]), pair_person=np.array([0, 1]), pair_gp=np.array([0, 0]),
        pair_travel_s=np.array([60, 900]), pair_cost=np.array([60, 900]), places=np.array([1]),
    )  # fmt: skip
    ready, none = np.array([True, False]), np.zeros(2, bool)
    kept = settle(market, Known(ready, ready, none, nobody(market)), WaveParameters())
    assert (list(kept.attached), list(kept.held_back)) == ([], [0])
    gone = settle(market, Known(ready, ready, np.array([False, True]), nobody(market)), WaveParameters())
    assert list(gone.attached) == [0]


@pytest.mark.parametrize(("yes", "asked", "permille"), [(0, 0, 600), (9, 10, 880), (0, 10, 40)])
def test_odds_are_what_one_reckons_by_hand(yes: int, asked: int, permille: int) -> None:
    bands = np.zeros(7, np.int64)
    found = reckon_odds(AnswerCounts(np.array([[yes]]), np.array([[asked]]), bands, bands, 90, 100))
    mean = (yes + 3) / (asked + 5)
    doctor = (yes + 8 * mean) / (asked + 8)
    assert found.gp[0, 0] == round(1000 * (yes + 8 * doctor) / (asked + 8)) == permille
    assert (found.patient[0], found.answers) == (600, round(1000 * 98 / 110))


def test_draws_are_even_and_do_not_depend_on_the_order_of_people() -> None:
    people, gps = np.arange(20_000), np.arange(20_000) % 23
    drawn = uniform(7, 2, people, gps)
    assert abs(drawn.mean() - 499.5) < 10
    assert abs(np.corrcoef(drawn[1:], drawn[:-1])[0, 1]) < 0.03
    assert (uniform(7, 2, people[::-1], gps[::-1]) == drawn[::-1]).all()
