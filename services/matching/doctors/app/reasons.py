"""Why a round proposed someone, or did not: figures that a coordinator and both sides can check."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from services.matching.engine.doctors.decision import Decision
from services.matching.engine.doctors.model import AttachmentRound, Seeker, class_rank, days_waited


@dataclass(frozen=True, slots=True)
class PersonDecision:
    """What a round decided for one person, and the figures behind it."""

    attachment_id: UUID
    priority_class: str
    practitioner_id: UUID | None = None
    why: dict[str, int] = field(default_factory=dict)
    blocker: str = ""
    taken_by_class: tuple[int, ...] = ()


def outcomes(around: AttachmentRound, decision: Decision) -> dict[str, PersonDecision]:
    """One line a person: the proposal with its reasons, or what stood in the way; days waited and place in both.

    Where places were taken, `before` counts those who have them and are ranked before, `after` the others.
    """
    ranks = {patient.id: class_rank(patient, around.classes) for patient in around.patients}
    places = _place_in_class(around.patients, ranks)
    codes = [*(of.code for of in around.classes), ""]
    waited = {patient.id: days_waited(around, patient) for patient in around.patients}

    def figures(patient: str) -> dict[str, int]:
        place, of_class = places[patient]
        return {"waited_days": waited[patient], "place": place, "of_class": of_class}

    lines = {}
    for proposal in decision.plan.proposals:
        why = {"travel_s": proposal.travel_s, **figures(proposal.patient)}
        code = codes[ranks[proposal.patient]]
        lines[proposal.patient] = PersonDecision(UUID(proposal.patient), code, UUID(proposal.gp), why)
    for left in decision.plan.unattached:
        why, taken = figures(left.patient), sum(left.taken_by_class)
        if taken:
            why |= {"before": left.before, "after": taken - left.before}
        code, blocker = codes[ranks[left.patient]], left.blocker.value
        lines[left.patient] = PersonDecision(
            UUID(left.patient), code, why=why, blocker=blocker, taken_by_class=left.taken_by_class
        )
    return lines


def _place_in_class(patients: Iterable[Seeker], ranks: dict[str, int]) -> dict[str, tuple[int, int]]:
    """The place of each patient in their class, the oldest first, and how many these are; one instant, one place."""
    by_class: dict[int, list[Seeker]] = {}
    for patient in patients:
        by_class.setdefault(ranks[patient.id], []).append(patient)
    found: dict[str, tuple[int, int]] = {}
    for group in by_class.values():
        asked = sorted(each.since_at_s for each in group)
        found |= {each.id: (1 + bisect_left(asked, each.since_at_s), len(group)) for each in group}
    return found
