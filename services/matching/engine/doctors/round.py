"""A médecin traitant round: who is proposed to whom, and why the others are not.

First by class, then by seniority within a class, then by journey. Either side may refuse a proposal; the refusal is
a pair forbidden in the next round, and nobody loses their place in the queue for it.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from services.matching.engine.doctors.flow import solve
from services.matching.engine.doctors.households import keep_together
from services.matching.engine.doctors.hubs import Aggregate, aggregate
from services.matching.engine.doctors.model import (
    AttachmentBlocker,
    AttachmentPlan,
    AttachmentRound,
    Proposal,
    Unattached,
)
from services.matching.engine.doctors.nearest import nearest, travel_seconds

Ints = npt.NDArray[np.int64]

Pairs = frozenset[tuple[str, str]]


def propose(around: AttachmentRound) -> AttachmentPlan:
    """The proposals of a round, proved the most possible class by class when no household had to be kept together."""
    bound = _propose_alone(around)
    return keep_together(around, bound, _propose_alone)


def next_round(around: AttachmentRound, accepted: Pairs = frozenset(), refused: Pairs = frozenset()) -> AttachmentRound:
    """The round that follows: pairs (patient, doctor) accepted leave with their places, pairs refused are forbidden."""
    attached = {patient for patient, _ in accepted}
    refused_by: dict[str, set[str]] = {}
    for patient, gp in refused:
        refused_by.setdefault(patient, set()).add(gp)
    taken: dict[str, int] = {}
    for _, gp in accepted:
        taken[gp] = taken.get(gp, 0) + 1
    patients = tuple(
        replace(patient, forbidden=patient.forbidden | refused_by[patient.id]) if patient.id in refused_by else patient
        for patient in around.patients
        if patient.id not in attached
    )
    offers = tuple(replace(offer, places=max(0, offer.places - taken.get(offer.id, 0))) for offer in around.offers)
    return replace(around, patients=patients, offers=offers)


def _propose_alone(around: AttachmentRound) -> AttachmentPlan:
    """The proposals when every patient may go alone."""
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
        unattached=_unattached(around, gathered, arc_of),
        served_by_class=flows.served_by_class,
        best_by_class=flows.best_by_class,
        certified=flows.certified,
    )


def _disaggregate(around: AttachmentRound, gathered: Aggregate, cell_served: Ints, arc_flow: Ints) -> Ints:
    """The arc of each patient, -1 for none: the most senior of a cell are served, the first of a hub go nearest."""
    since = np.array([patient.since_at_s for patient in around.patients], np.int64)
    hub_of = gathered.network.cell_hub[gathered.cell_of]
    order = np.lexsort((since, gathered.class_of, hub_of))
    cells = gathered.cell_of[order]
    starts = np.flatnonzero(np.concatenate([[True], cells[1:] != cells[:-1]]))
    turn = np.arange(cells.size) - np.repeat(starts, np.diff(np.append(starts, cells.size)))
    arc_of = np.full(len(around.patients), -1, np.int64)
    # Both lists run hub by hub and are as long as each other, since what enters a hub leaves it.
    arc_of[order[turn < cell_served[cells]]] = np.repeat(np.arange(arc_flow.size), arc_flow)
    return arc_of


def _unattached(around: AttachmentRound, gathered: Aggregate, arc_of: Ints) -> tuple[Unattached, ...]:
    """Why each patient left over is: nobody near, nobody who takes them, or doctors full of others (by class)."""
    network, served = gathered.network, np.flatnonzero(arc_of >= 0)
    holders = np.zeros((len(around.offers), network.classes), np.int64)
    np.add.at(holders, (gathered.arc_offer[arc_of[served]], gathered.class_of[served]), 1)
    taken = np.zeros((network.hubs, network.classes), np.int64)
    np.add.at(taken, network.arc_hub, holders[gathered.arc_offer])
    reachable = np.zeros(network.hubs, np.bool_)
    reachable[network.arc_hub] = True
    within = _within_reach(around, gathered)
    found = []
    for i in np.flatnonzero(arc_of < 0):
        hub = network.cell_hub[gathered.cell_of[i]]
        if reachable[hub]:
            by_class = tuple(int(count) for count in taken[hub])
            found.append(Unattached(around.patients[i].id, AttachmentBlocker.TAKEN, by_class))
        else:
            why = AttachmentBlocker.CRITERIA if within[hub] else AttachmentBlocker.DISTANCE
            found.append(Unattached(around.patients[i].id, why))
    return tuple(found)


def _within_reach(around: AttachmentRound, gathered: Aggregate) -> npt.NDArray[np.bool_]:
    """For each hub, whether any doctor with places is within its journey, whatever their criteria."""
    points = [(offer.point.lat, offer.point.lon) for offer in around.offers if offer.places > 0]
    if not points:
        return np.zeros(len(gathered.hubs), np.bool_)
    starts = [around.communes[hub.commune] for hub in gathered.hubs]
    here = np.array([(point.lat, point.lon) for point in starts], np.float64)
    _, chord = nearest(here, np.array(points, np.float64), 1)
    travel = travel_seconds(chord[:, 0], around.parameters.speed_kmh, around.parameters.detour)
    return np.asarray(travel <= np.array([hub.max_travel_s for hub in gathered.hubs], np.int64))
