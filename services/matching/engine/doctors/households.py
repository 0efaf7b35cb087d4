"""Households stay together: a rounding of the exact plan, whose cost in people by class is reported.

Groups of several people are no flow, so the plan of individuals is the bound. A household that it splits is put
whole with one doctor who takes all of its members, where most of them were sent, else the nearest; it ranks as its
first member does. When no doctor has room for all, all wait. The rest is solved again on what is left.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from services.matching.engine.doctors.model import (
    AttachmentPlan,
    AttachmentRound,
    GpOffer,
    Proposal,
    Seeker,
    class_rank,
)

Solve = Callable[[AttachmentRound], AttachmentPlan]


@dataclass(frozen=True, slots=True)
class Together:
    """A plan with no household split, what was left to solve once households were placed, and who waits for room."""

    plan: AttachmentPlan
    left: AttachmentRound
    waiting: frozenset[str] = frozenset()


def keep_together(around: AttachmentRound, bound: AttachmentPlan, solve: Solve) -> Together:
    """The plan with no household split; `certified` only if it serves as many of each class as the bound."""
    fixed: list[Proposal] = []
    waiting: list[str] = []
    plan, left = bound, around
    while split := _split(left, plan):
        for group in split:
            chosen = _one_doctor(left, plan, group, solve)
            fixed.extend(chosen)
            waiting.extend(() if chosen else (patient.id for patient in group))
            left = _without(left, group, chosen)
        plan = solve(left)
    return Together(_assemble(around, bound, plan, fixed), left, frozenset(waiting))


def _split(around: AttachmentRound, plan: AttachmentPlan) -> list[tuple[Seeker, ...]]:
    """The households that the plan does not send whole to one doctor, by class then seniority of their first member."""
    gp_of = {proposal.patient: proposal.gp for proposal in plan.proposals}
    members: dict[str, list[Seeker]] = {}
    for patient in around.patients:
        if patient.household:
            members.setdefault(patient.household, []).append(patient)
    split = [tuple(group) for group in members.values() if len({gp_of.get(patient.id, "") for patient in group}) > 1]
    return sorted(split, key=lambda group: min((class_rank(p, around.classes), p.since_at_s) for p in group))


def _one_doctor(
    around: AttachmentRound, plan: AttachmentPlan, group: tuple[Seeker, ...], solve: Solve
) -> tuple[Proposal, ...]:
    """Proposals of the whole household to one doctor, or nothing when none can take all of them."""
    sent = [proposal.gp for proposal in plan.proposals if proposal.patient in {patient.id for patient in group}]
    by_preference = sorted(set(sent), key=lambda gp: (-sent.count(gp), gp))
    roomy = {offer.id: offer for offer in around.offers if offer.places >= len(group)}
    for gp in by_preference:
        if gp in roomy and (whole := _whole(around, group, roomy[gp], solve)):
            return whole
    best: tuple[Proposal, ...] = ()
    for offer in roomy.values():
        whole = _whole(around, group, offer, solve)
        if whole and (not best or _travel(whole) < _travel(best)):
            best = whole
    return best


def _whole(around: AttachmentRound, group: tuple[Seeker, ...], offer: GpOffer, solve: Solve) -> tuple[Proposal, ...]:
    """The proposals when this doctor is offered to this household alone, if all of its members are served."""
    plan = solve(replace(around, patients=group, offers=(offer,)))
    return plan.proposals if len(plan.proposals) == len(group) else ()


def _travel(proposals: Iterable[Proposal]) -> int:
    return sum(proposal.travel_s for proposal in proposals)


def _without(around: AttachmentRound, group: tuple[Seeker, ...], chosen: tuple[Proposal, ...]) -> AttachmentRound:
    """The round without a household and without the places it took; shares still count those as given."""
    gone = {patient.id for patient in group}
    in_ald = sum("ald" in patient.flags for patient in group) if chosen else 0
    gp = chosen[0].gp if chosen else ""
    return replace(
        around,
        patients=tuple(patient for patient in around.patients if patient.id not in gone),
        offers=tuple(
            replace(
                offer,
                places=offer.places - len(chosen),
                given_in_ald=offer.given_in_ald + in_ald,
                given_to_others=offer.given_to_others + len(chosen) - in_ald,
            )
            if offer.id == gp
            else offer
            for offer in around.offers
        ),
    )


def _assemble(
    around: AttachmentRound, bound: AttachmentPlan, plan: AttachmentPlan, fixed: list[Proposal]
) -> AttachmentPlan:
    """One plan of what was fixed and what was solved on the rest, in the order of the patients."""
    proposals = {proposal.patient: proposal for proposal in (*plan.proposals, *fixed)}
    served = [0] * len(bound.best_by_class)
    for patient in around.patients:
        served[class_rank(patient, around.classes)] += patient.id in proposals
    return replace(
        bound,
        proposals=tuple(proposals[patient.id] for patient in around.patients if patient.id in proposals),
        served_by_class=tuple(served),
        certified=bound.certified and plan.certified and tuple(served) == bound.best_by_class,
        household_gap=tuple(best - now for best, now in zip(bound.best_by_class, served, strict=True)),
    )
