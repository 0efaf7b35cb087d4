"""A médecin traitant round: who is proposed to whom, and why the others are not.

First by class; within a class, by band of seniority; within a band, journeys are weighed against days waited, at a
stated price. Either side may refuse a proposal; the refusal is a pair forbidden in the next round, and nobody loses
their place in the queue for it.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from services.matching.engine.doctors.flow import solve
from services.matching.engine.doctors.households import keep_together
from services.matching.engine.doctors.hubs import Aggregate, aggregate
from services.matching.engine.doctors.left_out import explain
from services.matching.engine.doctors.model import AttachmentPlan, AttachmentRound, Proposal

Ints = npt.NDArray[np.int64]


def propose(around: AttachmentRound) -> AttachmentPlan:
    """The proposals of a round, proved the most possible class by class when no household had to be kept together.

    Raises `FlowFailed` when the solver gives no optimum, `CostsTooLarge` before any overflow.
    """
    around = replace(around, at_s=around.now_at_s)
    together = keep_together(around, _propose_alone(around), _propose_alone)
    left_out = explain(around, together.left, together.plan.proposals, together.waiting)
    return replace(together.plan, unattached=left_out)


def _propose_alone(around: AttachmentRound) -> AttachmentPlan:
    """The proposals when every patient may go alone; those left out are not explained."""
    if not around.patients:
        none = (0,) * (len(around.classes) + 1)
        return AttachmentPlan((), (), none, none, certified=True)
    gathered = aggregate(around)
    flows = solve(gathered.network, around.parameters.first_step_journeys)
    arc_of = _disaggregate(around, gathered, flows.cell_served, flows.arc_flow)
    return AttachmentPlan(
        proposals=tuple(
            Proposal(
                patient.id,
                around.offers[gathered.arc_offer[arc_of[i]]].id,
                int(gathered.network.arc_travel_s[arc_of[i]]),
            )
            for i, patient in enumerate(around.patients)
            if arc_of[i] >= 0
        ),
        unattached=(),
        served_by_class=_by_class(flows.served_by_rank, gathered.bands),
        best_by_class=_by_class(flows.best_by_rank, gathered.bands),
        certified=flows.certified,
    )


def _by_class(by_rank: tuple[int, ...], bands: int) -> tuple[int, ...]:
    """People of each class, its bands together. The most of each prefix of ranks is also the most of each class."""
    return tuple(sum(by_rank[start : start + bands]) for start in range(0, len(by_rank), bands))


def _disaggregate(around: AttachmentRound, gathered: Aggregate, cell_served: Ints, arc_flow: Ints) -> Ints:
    """The arc of each patient, -1 for none: the most senior of a cell are served, the first of a hub go nearest."""
    since = np.array([patient.since_at_s for patient in around.patients], np.int64)
    hub_of = gathered.network.cell_hub[gathered.cell_of]
    order = np.lexsort((since, gathered.rank_of, hub_of))
    cells = gathered.cell_of[order]
    starts = np.flatnonzero(np.concatenate([[True], cells[1:] != cells[:-1]]))
    turn = np.arange(cells.size) - np.repeat(starts, np.diff(np.append(starts, cells.size)))
    arc_of = np.full(len(around.patients), -1, np.int64)
    # Both lists run hub by hub and are as long as each other, since what enters a hub leaves it.
    arc_of[order[turn < cell_served[cells]]] = np.repeat(np.arange(arc_flow.size), arc_flow)
    return arc_of
