"""Laws of a médecin traitant round: equal to enumeration, to the un-aggregated round, monotone, blind to names."""

from dataclasses import replace
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine.doctors.model import (
    AttachmentParameters,
    AttachmentPlan,
    AttachmentRound,
    GpOffer,
    Patient,
    class_rank,
)
from services.matching.engine.doctors.round import propose
from services.matching.engine.model import Point

TOWNS = {"01001": Point(46.0, 5.0), "01002": Point(46.04, 5.01), "01003": Point(46.11, 5.05)}
WIDE = AttachmentParameters(nearest_k=10, max_travel_s=1000)

patients = st.builds(
    lambda commune, flag, age, since, home, forbidden: Patient(
        "", commune, since, frozenset({flag}), age, home_visits=home, forbidden=forbidden
    ),
    st.sampled_from(sorted(TOWNS)),
    st.sampled_from(["ald", "pregnancy", "c2s_ame", ""]),
    st.sampled_from([None, 3, 40, 80]),
    st.integers(0, 5),
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
    )


def travel_of(around: AttachmentRound) -> dict[tuple[str, str], int]:
    """The pairs allowed, each tried alone with the guard of ALD lifted: what the rest of the law is built on."""
    alone = {}
    for patient, offer in product(around.patients, around.offers):
        lifted = replace(offer, least_ald_percent=0, most_ald_percent=100)
        plan = propose(replace(around, patients=(patient,), offers=(lifted,)))
        if plan.proposals:
            alone[patient.id, offer.id] = plan.proposals[0].travel_s
    return alone


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


def score(around: AttachmentRound, choice: dict[str, str], travel: dict[tuple[str, str], int]) -> tuple[int, ...]:
    """What is minimised: minus the people served of each class in order, then travel."""
    served = [0] * (len(around.classes) + 1)
    for patient in around.patients:
        served[class_rank(patient, around.classes)] -= patient.id in choice
    return (*served, sum(travel[pair] for pair in choice.items()))


def by_enumeration(around: AttachmentRound, travel: dict[tuple[str, str], int]) -> tuple[int, ...]:
    options = [
        [""] + [offer.id for offer in around.offers if (patient.id, offer.id) in travel] for patient in around.patients
    ]
    best: tuple[int, ...] | None = None
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
    one, other = propose(together), propose(apart)
    assert one.served_by_class == other.served_by_class
    assert sum(p.travel_s for p in one.proposals) == sum(p.travel_s for p in other.proposals)


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
