"""Why a round proposed someone, or did not: figures that a coordinator and both sides can check."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.matching.engine.doctors.decision import Decision
from services.matching.engine.doctors.model import AttachmentRound, Patient, class_rank


@dataclass(frozen=True, slots=True)
class Line:
    """What a round decided for one person, and the figures behind it."""

    attachment_id: UUID
    priority_class: str
    practitioner_id: UUID | None = None
    why: dict[str, int] = field(default_factory=dict)
    blocker: str = ""
    taken_by_class: tuple[int, ...] = ()


def outcomes(around: AttachmentRound, decision: Decision, now: datetime) -> dict[str, Line]:
    """One line a person: the proposal with its reasons, or what stood in the way."""
    ranks = {patient.id: class_rank(patient, around.classes) for patient in around.patients}
    places = _place_in_class(around.patients, ranks)
    codes = [*(of.code for of in around.classes), ""]
    since = {patient.id: patient.since_at_s for patient in around.patients}
    lines = {}
    for proposal in decision.plan.proposals:
        place, of_class = places[proposal.patient]
        waited_days = (int(now.timestamp()) - since[proposal.patient]) // 86400
        why = {"travel_s": proposal.travel_s, "waited_days": waited_days, "place": place, "of_class": of_class}
        code = codes[ranks[proposal.patient]]
        lines[proposal.patient] = Line(UUID(proposal.patient), code, UUID(proposal.gp), why)
    for left in decision.plan.unattached:
        code = codes[ranks[left.patient]]
        blocker = left.blocker.value
        lines[left.patient] = Line(UUID(left.patient), code, blocker=blocker, taken_by_class=left.taken_by_class)
    return lines


def _place_in_class(patients: Iterable[Patient], ranks: dict[str, int]) -> dict[str, tuple[int, int]]:
    """The place of each patient among those of their class, the oldest first, and how many these are."""
    by_class: dict[int, list[Patient]] = {}
    for patient in patients:
        by_class.setdefault(ranks[patient.id], []).append(patient)
    return {
        patient.id: (place, len(group))
        for group in by_class.values()
        for place, patient in enumerate(sorted(group, key=lambda each: each.since_at_s), start=1)
    }
