"""A round's whole answer in one value, so that it is computed in one go, away from whoever serves requests."""

from dataclasses import dataclass

from services.matching.engine.doctors.equity import Equity, equity
from services.matching.engine.doctors.model import AttachmentPlan, AttachmentRound
from services.matching.engine.doctors.round import propose


@dataclass(frozen=True, slots=True)
class Decision:
    """Who is proposed to whom, and what is published about it."""

    plan: AttachmentPlan
    equity: Equity


def decide(around: AttachmentRound) -> Decision:
    """Solve a round and count whom it served."""
    plan = propose(around)
    return Decision(plan, equity(around, plan))
