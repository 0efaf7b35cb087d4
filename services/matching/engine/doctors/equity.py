"""Who a round served, by class and by commune, and whom it gave reason to envy somebody."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from services.matching.engine.doctors.hubs import aggregate
from services.matching.engine.doctors.model import AttachmentPlan, AttachmentRound, Seeker, class_rank


@dataclass(frozen=True, slots=True)
class EquityRow:
    """One class or one commune: how many asked, how many got a proposal, their mean journey in seconds."""

    of: str
    asked: int
    proposed: int
    mean_travel_s: int


@dataclass(frozen=True, slots=True)
class Equity:
    """What is published after a round. `envious` counts patients who justly envy another: `find_justified_envy`."""

    by_class: tuple[EquityRow, ...]
    by_commune: tuple[EquityRow, ...]
    envious: int


def equity(around: AttachmentRound, plan: AttachmentPlan) -> Equity:
    """The figures of a round by class, in order, and by commune, in order of code."""
    codes = [of.code for of in around.classes] + [""]
    by_class = _rows(around, plan, lambda patient: codes[class_rank(patient, around.classes)])
    ordered = sorted(by_class, key=lambda row: codes.index(row.of))
    by_commune = sorted(_rows(around, plan, lambda patient: patient.commune), key=lambda row: row.of)
    return Equity(tuple(ordered), tuple(by_commune), len(find_justified_envy(around, plan)))


def find_justified_envy(around: AttachmentRound, plan: AttachmentPlan) -> tuple[str, ...]:
    """Patients who would rather have, among the doctors near them, one who got a patient ranked after them.

    Ranked: by class, then by seniority. Rather: nearer, or any doctor for whoever has none. A plan that serves the
    most people leaves some such envy; it is published, not hidden. Doctors kept for patients in ALD are compared
    among patients let in by the same rule.
    """
    if not around.patients:
        return ()
    gathered = aggregate(around)
    network = gathered.network
    place = {offer.id: i for i, offer in enumerate(around.offers)}
    got = {proposal.patient: (place[proposal.gp], proposal.travel_s) for proposal in plan.proposals}
    since = np.array([patient.since_at_s for patient in around.patients], np.int64)
    rank = np.lexsort((since, gathered.class_of)).argsort()
    hub_of = network.cell_hub[gathered.cell_of]
    last = np.full((len(around.offers), 2), -1, np.int64)
    kept = [int(gathered.hubs[hub].in_ald) for hub in hub_of]
    for i, patient in enumerate(around.patients):
        if patient.id in got:
            gp = got[patient.id][0]
            last[gp, kept[i]] = max(last[gp, kept[i]], rank[i])
    bounds = np.searchsorted(network.arc_hub, np.arange(network.hubs + 1))
    envious = []
    for i, patient in enumerate(around.patients):
        arcs = slice(bounds[hub_of[i]], bounds[hub_of[i] + 1])
        travel = got[patient.id][1] if patient.id in got else np.iinfo(np.int64).max
        nearer = network.arc_travel_s[arcs] < travel
        if np.any(last[gathered.arc_offer[arcs][nearer], kept[i]] > rank[i]):
            envious.append(patient.id)
    return tuple(envious)


def _rows(around: AttachmentRound, plan: AttachmentPlan, key: Callable[[Seeker], str]) -> list[EquityRow]:
    """Group the patients of a round and count what became of them."""
    travel_of = {proposal.patient: proposal.travel_s for proposal in plan.proposals}
    asked: dict[str, int] = {}
    travels: dict[str, list[int]] = {}
    for patient in around.patients:
        of = key(patient)
        asked[of] = asked.get(of, 0) + 1
        if patient.id in travel_of:
            travels.setdefault(of, []).append(travel_of[patient.id])
    return [
        EquityRow(
            of, count, len(travels.get(of, [])), round(sum(travels[of]) / len(travels[of])) if of in travels else 0
        )
        for of, count in asked.items()
    ]
