"""Laws of a médecin traitant round: equal to enumeration, to the un-aggregated round, monotone, blind to names."""

from dataclasses import replace
from itertools import product
from math import asin, cos, radians, sin, sqrt

from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine.doctors.model import (
    AttachmentBlocker,
    AttachmentParameters,
    AttachmentPlan,
    AttachmentRound,
    GpOffer,
    Seeker,
)
from services.matching.engine.doctors.round import propose
from services.matching.engine.model import Point

TOWNS = {"01001": Point(46.0, 5.0), "01002": Point(46.04, 5.01), "01003": Point(46.11, 5.05)}
WIDE = AttachmentParameters(nearest_k=10, max_travel_s=1000)
CLASSES = ("ald", "pregnancy", "age_70", "c2s_ame", "disability", "other")
BANDS = (365, 183)
A_DAY_S = 10
AT_S = 1_700_000_000
since = st.sampled_from([0, 0, 1, 5, 30, 60, 100, 170, 182, 183, 200, 250, 364, 365, 366, 500, 2000]).map(
    lambda days: AT_S - 86_400 * days
)

patients = st.builds(
    lambda commune, flag, age, since, home, forbidden: Seeker(
        "", commune, since, frozenset({flag}), age, home_visits=home, forbidden=forbidden
    ),
    st.sampled_from(sorted(TOWNS)),
    st.sampled_from(["ald", "pregnancy", "c2s_ame", ""]),
    st.sampled_from([None, 3, 40, 80]),
    st.builds(int.__add__, since, st.integers(-7000, 0)),
    st.sampled_from([False, False, True]),
    st.sampled_from([frozenset[str](), frozenset({"gp0"}), frozenset({"gp1", "elsewhere"})]),
)
offers = st.builds(
    lambda commune, places, communes, min_age, home, least, most: GpOffer(
        "", TOWNS[commune], places, communes, min_age, 130, home, least, most
    ),
    st.sampled_from(sorted(TOWNS)),
    st.integers(0, 3),
    st.sampled_from([frozenset[str](), frozenset[str](), frozenset({"01002"})]),
    st.sampled_from([0, 0, 16]),
    st.booleans(),
    st.sampled_from([0, 0, 50]),
    st.sampled_from([100, 100, 50]),
)


@st.composite
def rounds(draw: st.DrawFn, most_patients: int, most_offers: int = 3) -> AttachmentRound:
    waiting = draw(st.lists(patients, min_size=1, max_size=most_patients))
    taking = draw(st.lists(offers, max_size=most_offers))
    return AttachmentRound(
        tuple(replace(patient, id=f"p{i}") for i, patient in enumerate(waiting)),
        tuple(replace(offer, id=f"gp{i}") for i, offer in enumerate(taking)),
        TOWNS,
        parameters=WIDE,
        at_s=AT_S,
    )


def journey_s(around: AttachmentRound, patient: Seeker, offer: GpOffer) -> int:
    """Great circle × detour ÷ speed, by the haversine, in whole seconds."""
    here, there = around.communes[patient.commune], offer.point
    north, east = radians(there.lat - here.lat), radians(there.lon - here.lon)
    across = sin(north / 2) ** 2 + cos(radians(here.lat)) * cos(radians(there.lat)) * sin(east / 2) ** 2
    km = 2 * 6371.0088 * asin(sqrt(across))
    return round(km * around.parameters.detour * 3600 / around.parameters.speed_kmh)


def travel_of(around: AttachmentRound) -> dict[tuple[str, str], int]:
    """The pairs allowed and their journeys, from the sentences of the documents."""
    found = {}
    for patient, offer in product(around.patients, around.offers):
        travel = journey_s(around, patient, offer)
        reach = min(around.parameters.max_travel_s, patient.max_travel_s or around.parameters.max_travel_s)
        of_age = patient.age is None or offer.min_age <= patient.age <= offer.max_age
        from_here = not offer.communes or patient.commune in offer.communes
        visited = offer.home_visits or not patient.home_visits
        if travel <= reach and of_age and from_here and visited and offer.id not in patient.forbidden:
            found[patient.id, offer.id] = travel
    return found


def days_of(around: AttachmentRound, patient: Seeker) -> int:
    at = max(one.since_at_s for one in around.patients) if around.at_s is None else around.at_s
    return max(0, at - patient.since_at_s) // 86_400


def rank_of(around: AttachmentRound, patient: Seeker) -> tuple[int, int]:
    """Class, then band: a year, six months, less."""
    return CLASSES.index(class_of(patient)), len([1 for least in BANDS if days_of(around, patient) < least])


def class_of(patient: Seeker) -> str:
    """ALD, then pregnancy, then 70 years and more, then C2S or AME, then the others."""
    if "ald" in patient.flags or "pregnancy" in patient.flags:
        return "ald" if "ald" in patient.flags else "pregnancy"
    if patient.age is not None and patient.age >= 70:
        return "age_70"
    return "c2s_ame" if "c2s_ame" in patient.flags else "other"


def respects_places(around: AttachmentRound, choice: dict[str, str]) -> bool:
    in_ald = {patient.id for patient in around.patients if "ald" in patient.flags}
    for offer in around.offers:
        sent = [patient for patient, gp in choice.items() if gp == offer.id]
        ald = sum(patient in in_ald for patient in sent)
        most = offer.places * offer.most_ald_percent // 100
        kept = offer.places * offer.least_ald_percent // 100
        if len(sent) > offer.places or ald > most or len(sent) - ald > offer.places - kept:
            return False
    return True


Score = tuple[tuple[int, ...], int]


def score(around: AttachmentRound, choice: dict[str, str], travel: dict[tuple[str, str], int]) -> Score:
    """What is minimised: minus the people served of each rank in order, then travel and the days of those left out."""
    served = [0] * (len(CLASSES) * (len(BANDS) + 1))
    days = 0
    for patient in around.patients:
        of_class, band = rank_of(around, patient)
        served[of_class * (len(BANDS) + 1) + band] -= patient.id in choice
        days += 0 if patient.id in choice else days_of(around, patient)
    return tuple(served), sum(travel[pair] for pair in choice.items()) + A_DAY_S * days


def by_enumeration(around: AttachmentRound, travel: dict[tuple[str, str], int]) -> Score:
    options = [
        [""] + [offer.id for offer in around.offers if (patient.id, offer.id) in travel] for patient in around.patients
    ]
    best: Score | None = None
    for chosen in product(*options):
        choice = {patient.id: gp for patient, gp in zip(around.patients, chosen, strict=True) if gp}
        if respects_places(around, choice):
            found = score(around, choice, travel)
            best = found if best is None or found < best else best
    assert best is not None
    return best


def as_choice(plan: AttachmentPlan) -> dict[str, str]:
    return {proposal.patient: proposal.gp for proposal in plan.proposals}


@settings(deadline=None, max_examples=80)
@given(rounds(most_patients=5))
def test_a_round_is_the_best_of_all(around: AttachmentRound) -> None:
    plan, travel = propose(around), travel_of(around)
    assert plan.certified
    assert respects_places(around, as_choice(plan))
    assert score(around, as_choice(plan), travel) == by_enumeration(around, travel)
    assert len(plan.proposals) + len(plan.unattached) == len(around.patients)


@settings(deadline=None, max_examples=60)
@given(rounds(most_patients=14))
def test_aggregating_loses_nothing(around: AttachmentRound) -> None:
    """Each patient alone in a commune of their own, at the same place, is the un-aggregated round."""
    own = {f"{patient.commune}-{patient.id}": TOWNS[patient.commune] for patient in around.patients}
    open_offers = tuple(replace(offer, communes=frozenset()) for offer in around.offers)
    together = replace(around, offers=open_offers)
    apart = replace(
        together,
        patients=tuple(replace(patient, commune=f"{patient.commune}-{patient.id}") for patient in around.patients),
        communes=own,
    )
    one, other = propose(together), propose(replace(apart, at_s=together.at_s))
    assert one.served_by_class == other.served_by_class
    travel = travel_of(together)
    assert score(together, as_choice(one), travel) == score(together, as_choice(other), travel)


@settings(deadline=None, max_examples=60)
@given(rounds(most_patients=10), st.integers(0, 2))
def test_one_more_place_never_serves_fewer_by_class_order(around: AttachmentRound, which: int) -> None:
    more = tuple(
        replace(offer, places=offer.places + 2 * (i == which), least_ald_percent=0)
        for i, offer in enumerate(around.offers)
    )
    less = tuple(replace(offer, least_ald_percent=0) for offer in around.offers)
    assert (
        propose(replace(around, offers=more)).served_by_class >= propose(replace(around, offers=less)).served_by_class
    )


@settings(deadline=None, max_examples=40)
@given(rounds(most_patients=10))
def test_renaming_changes_nothing_and_the_same_round_gives_the_same_plan(around: AttachmentRound) -> None:
    renamed = replace(
        around,
        patients=tuple(
            replace(p, id=f"z-{p.id}", forbidden=frozenset(f"z-{gp}" for gp in p.forbidden)) for p in around.patients
        ),
        offers=tuple(replace(offer, id=f"z-{offer.id}") for offer in around.offers),
    )
    expected = {f"z-{patient}": f"z-{gp}" for patient, gp in as_choice(propose(around)).items()}
    assert as_choice(propose(renamed)) == expected
    assert propose(around) == propose(around)


@settings(deadline=None, max_examples=40)
@given(rounds(most_patients=12))
def test_within_a_commune_and_a_class_nobody_is_served_before_their_elder(around: AttachmentRound) -> None:
    alike = tuple(
        replace(p, age=None, home_visits=False, forbidden=frozenset(), flags=frozenset({"ald"}))
        for p in around.patients
    )
    plan = propose(replace(around, patients=alike))
    served = {proposal.patient for proposal in plan.proposals}
    for elder, younger in product(alike, alike):
        if elder.commune == younger.commune and elder.since_at_s < younger.since_at_s and younger.id in served:
            assert elder.id in served


@st.composite
def households(draw: st.DrawFn) -> AttachmentRound:
    """A round some of whose patients belong together."""
    around = draw(rounds(most_patients=7))
    homes = draw(st.lists(st.sampled_from(["", "", "h1", "h2"]), min_size=7, max_size=7))
    return replace(
        around, patients=tuple(replace(p, household=home) for p, home in zip(around.patients, homes, strict=False))
    )


def could_have(
    around: AttachmentRound, plan: AttachmentPlan, patient: Seeker, travel: dict[tuple[str, str], int]
) -> list[tuple[Seeker, str]]:
    """Whose place could have been this patient's: each who has one there, if leaving it would make room."""
    choice = as_choice(plan)
    people = {one.id: one for one in around.patients}
    return [
        (people[holder], gp)
        for holder, gp in choice.items()
        if (patient.id, gp) in travel
        and respects_places(around, {**{one: at for one, at in choice.items() if one != holder}, patient.id: gp})
    ]


@settings(deadline=None, max_examples=150)
@given(st.one_of(rounds(most_patients=8), households()))
def test_what_is_said_of_who_has_the_places_is_never_false(around: AttachmentRound) -> None:
    plan, travel = propose(around), travel_of(around)
    people = {one.id: one for one in around.patients}
    choice = as_choice(plan)
    assert respects_places(around, choice)
    for left in plan.unattached:
        patient = people[left.patient]
        holders = could_have(around, plan, patient, travel)
        before = {h.id for h, _ in holders if order(around, h) < order(around, patient)}
        after = [(h, gp) for h, gp in holders if order(around, h) >= order(around, patient)]
        if left.blocker is AttachmentBlocker.TAKEN:
            assert holders
            assert not after
        if left.blocker is AttachmentBlocker.TAKEN_NEARER:
            assert after
            for holder, gp in after:
                assert rank_of(around, holder) == rank_of(around, patient)
                worth = A_DAY_S * (days_of(around, patient) - days_of(around, holder))
                assert travel[holder.id, gp] + worth <= travel[patient.id, gp]
        if left.blocker is AttachmentBlocker.TAKEN_TOGETHER:
            assert after
            assert any(people[one].household for one in choice)
        if left.blocker in (AttachmentBlocker.DISTANCE, AttachmentBlocker.CRITERIA):
            assert not holders
        if left.taken_by_class and not any(one.household for one in around.patients):
            assert left.before == len(before)
            assert sum(left.taken_by_class) == len({h.id for h, _ in holders})


def order(around: AttachmentRound, patient: Seeker) -> tuple[int, int]:
    """Ranked by class, then by the instant of asking."""
    return rank_of(around, patient)[0], patient.since_at_s


@settings(deadline=None, max_examples=100)
@given(rounds(most_patients=10))
def test_nobody_of_a_band_is_passed_over_for_a_later_one_of_the_class(around: AttachmentRound) -> None:
    plan, travel = propose(around), travel_of(around)
    served = as_choice(plan)
    for patient in around.patients:
        if patient.id not in served:
            for holder, _ in could_have(around, plan, patient, travel):
                assert rank_of(around, holder) <= rank_of(around, patient)
