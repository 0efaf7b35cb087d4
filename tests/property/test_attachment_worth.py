"""What one more place is said to be worth is what solving again with one more place finds."""

from dataclasses import replace

from hypothesis import given, settings

from services.matching.engine.doctors.model import AttachmentPlan, AttachmentRound
from services.matching.engine.doctors.prices import PlaceWorth, worth_of_places
from services.matching.engine.doctors.round import propose
from tests.property.test_attachment_laws import rounds


def with_one_more(around: AttachmentRound, gp: str) -> AttachmentRound:
    return replace(
        around, offers=tuple(replace(offer, places=offer.places + (offer.id == gp)) for offer in around.offers)
    )


def unguarded(around: AttachmentRound) -> AttachmentRound:
    """A guard is a share of the places: one more place would move it, so it is lifted here."""
    return replace(
        around, offers=tuple(replace(offer, least_ald_percent=0, most_ald_percent=100) for offer in around.offers)
    )


def travel(plan: AttachmentPlan) -> int:
    return sum(proposal.travel_s for proposal in plan.proposals)


def difference(around: AttachmentRound, gp: str) -> PlaceWorth:
    before, after = propose(around), propose(with_one_more(around, gp))
    gained = [b - a for a, b in zip(before.served_by_class, after.served_by_class, strict=True)]
    codes = [of.code for of in around.classes] + [""]
    serves = codes[gained.index(1)] if 1 in gained else ""
    return PlaceWorth(gp, serves, travel(before) - travel(after))


@settings(deadline=None, max_examples=40)
@given(rounds(most_patients=8))
def test_the_worth_of_a_place_is_that_of_solving_again(drawn: AttachmentRound) -> None:
    around = unguarded(drawn)
    for worth in worth_of_places(around).by_gp:
        assert worth == difference(around, worth.at)


@settings(deadline=None, max_examples=20)
@given(rounds(most_patients=8))
def test_every_doctor_with_places_and_every_commune_asked_from_is_priced(around: AttachmentRound) -> None:
    worths = worth_of_places(around)
    assert [worth.at for worth in worths.by_gp] == [offer.id for offer in around.offers if offer.places]
    assert [worth.at for worth in worths.by_commune] == sorted({patient.commune for patient in around.patients})
