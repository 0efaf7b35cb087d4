"""A round's whole answer in one value, so that it is computed in one go, away from whoever serves requests."""

from dataclasses import dataclass, replace

from services.matching.engine.doctors.equity import Equity, equity
from services.matching.engine.doctors.model import AttachmentPlan, AttachmentRound
from services.matching.engine.doctors.round import propose
from services.matching.engine.market.least_cost import WIDER, FlowFailed


@dataclass(frozen=True, slots=True)
class Decision:
    """Who is proposed to whom, and what is published about it."""

    plan: AttachmentPlan
    equity: Equity


def decide(around: AttachmentRound) -> Decision:
    """Solve a round and count whom it served; raises `FlowFailed` or `CostsTooLarge`, nothing having been read.

    A solver that gave no optimum is asked once more with penalties wider apart: it then takes another way.
    """
    try:
        plan = propose(around)
    except FlowFailed:
        wider = around.parameters.first_step_journeys * WIDER
        plan = propose(replace(around, parameters=replace(around.parameters, first_step_journeys=wider)))
    return Decision(plan, equity(around, plan))
