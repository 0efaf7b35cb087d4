"""A médecin traitant round serves by class then seniority, respects what doctors and patients said, and says why."""

import numpy as np

from services.matching.doctors.app.parameters import AttachmentSettings
from services.matching.engine.doctors.equity import equity, find_justified_envy
from services.matching.engine.doctors.model import (
    AttachmentBlocker,
    AttachmentParameters,
    AttachmentPlan,
    AttachmentRound,
    GpOffer,
    PriorityClass,
    Proposal,
    Seeker,
)
from services.matching.engine.doctors.nearest import nearest, unit_vectors
from services.matching.engine.doctors.round import propose
from services.matching.engine.model import Point

TOWNS = {"01001": Point(46.0, 5.0), "01002": Point(46.05, 5.0), "01003": Point(46.9, 5.0)}


def a_patient(name: str, flags: str = "", **fields: object) -> Seeker:
    given = {"commune": "01001", "since_at_s": 0, **fields}
    return Seeker(id=name, flags=frozenset(flags.split()), **given)  # type: ignore[arg-type]


def a_gp(name: str, places: int = 1, commune: str = "01001", **fields: object) -> GpOffer:
    return GpOffer(id=name, point=TOWNS[commune], places=places, **fields)  # type: ignore[arg-type]


def a_round(patients: list[Seeker], offers: list[GpOffer], **fields: object) -> AttachmentRound:
    return AttachmentRound(tuple(patients), tuple(offers), TOWNS, **fields)  # type: ignore[arg-type]


def pairs(plan: AttachmentPlan) -> dict[str, str]:
    return {proposal.patient: proposal.gp for proposal in plan.proposals}


def test_the_classes_are_served_in_order_then_the_most_senior() -> None:
    waiting = [a_patient("late", "ald", since_at_s=9), a_patient("early", "ald", since_at_s=1), a_patient("other")]
    plan = propose(a_round(waiting, [a_gp("gp")]))
    assert pairs(plan) == {"early": "gp"}
    assert plan.certified
    assert {left.patient: left.taken_by_class[0] for left in plan.unattached} == {"late": 1, "other": 1}


def test_classes_are_data() -> None:
    waiting = [a_patient("ill", "ald"), a_patient("young", age=10), a_patient("old", age=80)]
    classes = (PriorityClass("old", min_age=75), PriorityClass("rest"))
    assert pairs(propose(a_round(waiting, [a_gp("gp")], classes=classes))) == {"old": "gp"}


def test_one_more_served_is_worth_a_longer_journey() -> None:
    waiting = [a_patient("stuck", max_travel_s=60), a_patient("mobile")]
    plan = propose(a_round(waiting, [a_gp("here"), a_gp("there", commune="01002")]))
    assert pairs(plan) == {"stuck": "here", "mobile": "there"}


def test_doctors_only_get_the_patients_they_take() -> None:
    waiting = [a_patient("child", age=2), a_patient("adult", age=40), a_patient("bedridden", age=41, home_visits=True)]
    offers = [a_gp("adults", 3, min_age=16), a_gp("visits", 3, min_age=16, home_visits=True, commune="01002")]
    plan = propose(a_round(waiting, offers))
    assert pairs(plan) == {"adult": "adults", "bedridden": "visits"}
    assert [left.blocker for left in plan.unattached] == [AttachmentBlocker.CRITERIA]


def test_a_doctor_may_take_from_some_communes_only() -> None:
    waiting = [a_patient("near"), a_patient("listed", commune="01002")]
    plan = propose(a_round(waiting, [a_gp("gp", 2, communes=frozenset({"01002"}))]))
    assert pairs(plan) == {"listed": "gp"}


def test_a_list_of_communes_does_not_hide_doctors_further_away() -> None:
    closed = [a_gp(f"closed{i}", communes=frozenset({"01003"})) for i in range(5)]
    around = a_round([a_patient("p")], [*closed, a_gp("open", commune="01002")])
    short = AttachmentRound(around.patients, around.offers, TOWNS, parameters=AttachmentParameters(nearest_k=2))
    assert pairs(propose(short)) == {"p": "open"}


def test_too_far_is_said() -> None:
    plan = propose(a_round([a_patient("p")], [a_gp("gp", commune="01003")]))
    assert [left.blocker for left in plan.unattached] == [AttachmentBlocker.DISTANCE]


def test_the_share_of_ald_is_guarded_from_both_sides() -> None:
    waiting = [a_patient(f"ald{i}", "ald") for i in range(4)] + [a_patient(f"other{i}") for i in range(4)]
    most = propose(a_round(waiting, [a_gp("gp", 4, most_ald_percent=50)]))
    assert sorted(pairs(most)) == ["ald0", "ald1", "other0", "other1"]
    least = propose(a_round(waiting[3:], [a_gp("gp", 4, least_ald_percent=50)]))
    assert sorted(pairs(least)) == ["ald3", "other0", "other1"]


def test_a_refusal_by_either_side_feeds_the_next_round() -> None:
    first = a_round([a_patient("a"), a_patient("b", since_at_s=1)], [a_gp("x", 2), a_gp("y", 1, commune="01002")])
    assert pairs(propose(first)) == {"a": "x", "b": "x"}
    refused = a_patient("a", forbidden=frozenset({"x"}))
    second = a_round([refused], [a_gp("x", 1), a_gp("y", 1, commune="01002")])
    assert pairs(propose(second)) == {"a": "y"}
    by_both = a_patient("a", forbidden=frozenset({"x", "y"}))
    third = propose(a_round([by_both], list(second.offers)))
    assert [left.blocker for left in third.unattached] == [AttachmentBlocker.CRITERIA]


def test_an_empty_round_and_a_round_without_places_are_answered() -> None:
    assert propose(a_round([], [])).certified
    plan = propose(a_round([a_patient("p")], [a_gp("full", 0)]))
    assert [left.blocker for left in plan.unattached] == [AttachmentBlocker.DISTANCE]


def test_a_household_goes_to_one_doctor_or_waits() -> None:
    family = [a_patient("m", household="h"), a_patient("c", household="h"), a_patient("alone", since_at_s=5)]
    plan = propose(a_round(family, [a_gp("one", 1), a_gp("two", 2, commune="01002")]))
    assert pairs(plan) == {"m": "two", "c": "two", "alone": "one"}
    assert plan.household_gap == (0,) * 7
    apart = propose(a_round(family, [a_gp("one", 1), a_gp("other", 1, commune="01002")]))
    assert pairs(apart) == {"alone": "one"}
    assert sum(apart.household_gap) == 1
    assert not apart.certified
    assert {left.blocker for left in apart.unattached} == {AttachmentBlocker.HOUSEHOLD}


def test_envy_is_counted_when_a_nearer_doctor_took_somebody_ranked_after() -> None:
    around = a_round(
        [a_patient("senior", since_at_s=1), a_patient("junior", since_at_s=2)],
        [a_gp("near"), a_gp("far", commune="01002")],
    )
    unfair = AttachmentPlan((Proposal("senior", "far", 520), Proposal("junior", "near", 0)), (), (2,), (2,), True)
    fair = AttachmentPlan((Proposal("senior", "near", 0), Proposal("junior", "far", 520)), (), (2,), (2,), True)
    assert find_justified_envy(around, unfair) == ("senior",)
    assert find_justified_envy(around, fair) == ()


def test_equity_figures_add_up_by_class_and_by_commune() -> None:
    waiting = [a_patient("a", "ald"), a_patient("b"), a_patient("c", commune="01002")]
    around = a_round(waiting, [a_gp("gp", 2)])
    figures = equity(around, propose(around))
    assert [(row.of, row.asked, row.proposed) for row in figures.by_class] == [("ald", 1, 1), ("other", 2, 1)]
    assert [(row.of, row.asked, row.proposed) for row in figures.by_commune] == [("01001", 2, 2), ("01002", 1, 0)]
    assert figures.envious == 0


def test_the_nearest_are_those_of_the_full_table() -> None:
    rng = np.random.default_rng(5)
    asked = np.column_stack([rng.uniform(-21, 51, 60), rng.uniform(-5, 55, 60)])
    offered = np.concatenate([asked[:7], np.column_stack([rng.uniform(41, 51, 300), rng.uniform(-5, 9, 300)])])
    index, chord = nearest(asked, offered, 9)
    table = ((unit_vectors(asked)[:, None] - unit_vectors(offered)[None]) ** 2).sum(axis=2)
    assert np.allclose(np.sort(table, axis=1)[:, :9], chord, atol=1e-12)
    assert np.allclose(np.take_along_axis(table, index, axis=1), chord, atol=1e-12)


DAY = 86_400


def waiting(name: str, days: int, flags: str = "ald", **fields: object) -> Seeker:
    return a_patient(name, flags, since_at_s=1000 * DAY - days * DAY, **fields)


def held(patients: list[Seeker], offers: list[GpOffer], **parameters: object) -> AttachmentPlan:
    given = {"at_s": 1000 * DAY, "parameters": AttachmentParameters(**parameters)}  # type: ignore[arg-type]
    return propose(a_round(patients, offers, **given))


def test_the_only_place_goes_to_the_band_that_waited_longest_wherever_they_live() -> None:
    """The second round of the trial: one place, a neighbour who waited 73 days, others who waited since January."""
    far = [waiting(f"far{n}", 320 + n, commune="01002") for n in range(5)]
    near = [waiting("near", 73)]
    plan = held(near + far, [a_gp("gp")])
    assert pairs(plan) == {"far4": "gp"}
    assert {left.blocker for left in plan.unattached} == {AttachmentBlocker.TAKEN}


def test_a_year_comes_before_six_months_and_a_class_before_any_band() -> None:
    people = [waiting("year", 400, commune="01002"), waiting("half", 300), waiting("ill", 1), waiting("old", 2000, "")]
    order = []
    while people:
        [gone] = pairs(held(people, [a_gp("gp")]))
        order.append(gone)
        people = [one for one in people if one.id != gone]
    assert order == ["year", "half", "ill", "old"]


def test_within_a_band_days_weigh_against_travel_at_the_price_stated() -> None:
    """5.56 km and 520 s away: at 10 s a day, 53 days more are worth the journey, 51 are not."""
    for more, served in ((53, "far"), (51, "near")):
        plan = held([waiting("near", 100), waiting("far", 100 + more, commune="01002")], [a_gp("gp")])
        assert pairs(plan) == {served: "gp"}
        expected = AttachmentBlocker.TAKEN if served == "far" else AttachmentBlocker.TAKEN_NEARER
        assert [left.blocker for left in plan.unattached] == [expected]


def test_bands_and_the_price_of_a_day_are_data() -> None:
    people = [waiting("near", 100), waiting("far", 130, commune="01002")]
    assert pairs(held(people, [a_gp("gp")])) == {"near": "gp"}
    assert pairs(held(people, [a_gp("gp")], seniority_days=(120,))) == {"far": "gp"}
    assert pairs(held(people, [a_gp("gp")], day_price_s=18)) == {"far": "gp"}
    assert pairs(
        held(
            [waiting("near", 1), waiting("far", 9000, commune="01002")], [a_gp("gp")], seniority_days=(), day_price_s=0
        )
    ) == {"near": "gp"}


def test_without_a_price_the_oldest_of_a_commune_still_comes_first() -> None:
    people = [waiting(f"p{days}", days) for days in (3, 9, 1, 7)]
    assert sorted(pairs(held(people, [a_gp("gp", 2)], day_price_s=0))) == ["p7", "p9"]


def test_places_kept_for_others_only_are_no_places() -> None:
    plan = propose(a_round([a_patient("p"), a_patient("q", "ald")], [a_gp("gp", 1, least_ald_percent=100)]))
    assert pairs(plan) == {"q": "gp"}
    assert [left.blocker for left in plan.unattached] == [AttachmentBlocker.CRITERIA]


def test_a_household_kept_together_is_said_to_be_the_reason() -> None:
    family = [a_patient("m", "ald", household="h"), a_patient("c", household="h", since_at_s=9)]
    senior = a_patient("senior", "pregnancy")
    plan = propose(a_round([*family, senior], [a_gp("gp", 2)]))
    assert pairs(plan) == {"m": "gp", "c": "gp"}
    assert [(left.blocker, left.before) for left in plan.unattached] == [(AttachmentBlocker.TAKEN_TOGETHER, 1)]


def test_a_household_counts_in_the_share_kept_for_patients_in_ald() -> None:
    """Two in ALD placed together are the half that the doctor takes: nobody else in ALD gets in."""
    family = [a_patient(f"h{n}", "ald", household="h", since_at_s=n) for n in (0, 5)]
    others = [a_patient(f"a{n}", "ald", since_at_s=n) for n in (1, 2)]
    plan = propose(a_round([*family, *others, a_patient("o")], [a_gp("gp", 4, most_ald_percent=50)]))
    assert sum("ald" in p.flags for p in [*family, *others] if p.id in pairs(plan)) == 2
    assert "o" in pairs(plan)


def test_the_defaults_are_those_that_the_documents_give() -> None:
    said = AttachmentParameters(
        max_travel_s=30 * 60,
        nearest_k=20,
        speed_kmh=50.0,
        detour=1.3,
        first_step_journeys=10,
        seniority_days=(365, 183),
        day_price_s=10,
    )
    assert AttachmentParameters() == said
    assert AttachmentSettings().core == said


def test_a_cpts_sets_its_bands_and_zero_takes_one_away() -> None:
    assert AttachmentSettings(first_band_months=24, second_band_months=3).core.seniority_days == (730, 91)
    assert AttachmentSettings(first_band_months=6, second_band_months=12).core.seniority_days == (365, 183)
    assert AttachmentSettings(first_band_months=0, second_band_months=0).core.seniority_days == ()
