"""Why each patient of a round has no proposal, read from the plan itself: who has the places they could have had.

A place could have been theirs if its doctor takes them, is among those looked at for them, and has no room left for
patients let in as they are. Ranked before: of a class served before, or of the same class and asked earlier.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.matching.engine.doctors.hubs import Aggregate, aggregate
from services.matching.engine.doctors.model import (
    AttachmentBlocker,
    AttachmentRound,
    Proposal,
    Unattached,
)
from services.matching.engine.doctors.nearest import nearest, travel_seconds

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Held:
    """Who has a place that some patient could have had, as positions in the order of ranking; the first is 0.

    `order` of all of them, sorted; the last of those placed with their household, and of the others (-1: none). Those
    of one class who asked at the same instant have one position: none of them is before the others.
    """

    order: Ints
    of_class: Ints
    last_together: int
    last_alone: int


def explain(
    around: AttachmentRound, left: AttachmentRound, proposals: Iterable[Proposal], waiting: Collection[str]
) -> tuple[Unattached, ...]:
    """One reason for each patient without proposal, in the order of the patients.

    `left` is the round once households were placed, the same one when none had to be; `waiting` are the members of
    those that found no room.
    """
    served = {one.patient: one.gp for one in proposals}
    gathered = aggregate(around)
    alone = gathered if left is around else aggregate(left)
    position = {patient.id: i for i, patient in enumerate(left.patients)}
    holders = _Holders(around, left, gathered, served)
    within, cache = _within_reach(around, gathered), dict[tuple[int, int], Held | None]()
    found = []
    for i, patient in enumerate(around.patients):
        if patient.id in served:
            continue
        if patient.id in waiting:
            found.append(Unattached(patient.id, AttachmentBlocker.HOUSEHOLD))
            continue
        hubs = int(gathered.network.cell_hub[gathered.cell_of[i]]), _hub_of(alone, position[patient.id])
        if hubs not in cache:
            cache[hubs] = holders.of(hubs[0], _offers_of(left, alone, hubs[1]))
        found.append(_say(patient.id, int(holders.order[i]), cache[hubs], within=bool(within[hubs[0]])))
    return tuple(found)


def _hub_of(gathered: Aggregate, patient: int) -> int:
    return int(gathered.network.cell_hub[gathered.cell_of[patient]])


def _offers_of(left: AttachmentRound, gathered: Aggregate, hub: int) -> frozenset[str]:
    """The doctors looked at for a hub."""
    arcs = slice(*np.searchsorted(gathered.network.arc_hub, [hub, hub + 1]))
    return frozenset(left.offers[offer].id for offer in gathered.arc_offer[arcs])


def _say(patient: str, order: int, held: Held | None, *, within: bool) -> Unattached:
    """The reason in words: nobody near, nobody who takes them, or who has the places."""
    if held is None or not held.order.size:
        return Unattached(patient, AttachmentBlocker.CRITERIA if within else AttachmentBlocker.DISTANCE)
    before = int(np.searchsorted(held.order, order))
    if held.last_together >= order:
        blocker = AttachmentBlocker.TAKEN_TOGETHER
    elif held.last_alone >= order:
        blocker = AttachmentBlocker.TAKEN_NEARER
    else:
        blocker = AttachmentBlocker.TAKEN
    return Unattached(patient, blocker, tuple(int(count) for count in held.of_class), before)


class _Holders:
    """Who has the places of each doctor, and through which gate they came."""

    def __init__(
        self, around: AttachmentRound, left: AttachmentRound, gathered: Aggregate, served: dict[str, str]
    ) -> None:
        self._gathered, self._network = gathered, gathered.network
        since = np.array([patient.since_at_s for patient in around.patients], np.int64)
        self.order = np.unique(np.stack([gathered.class_of, since], axis=1), axis=0, return_inverse=True)[1].ravel()
        free = {patient.id for patient in left.patients}
        self._names = [offer.id for offer in around.offers]
        self._filled = {one.id for one in left.offers if one.places <= 0}
        self._together = np.array([patient.id not in free for patient in around.patients], np.bool_)
        self._of: dict[str, list[int]] = {}
        for i, patient in enumerate(around.patients):
            if patient.id in served:
                self._of.setdefault(served[patient.id], []).append(i)
        self._in_ald = np.array([gathered.hubs[_hub_of(gathered, i)].in_ald for i in range(since.size)], np.bool_)

    def of(self, hub: int, looked_at: frozenset[str]) -> Held | None:
        """Who has the places that patients of a hub could have had; None when no doctor takes them."""
        network, gathered = self._network, self._gathered
        arcs = np.arange(*np.searchsorted(network.arc_hub, [hub, hub + 1]))
        names = [self._names[gathered.arc_offer[arc]] for arc in arcs]
        open_to = [(arc, name) for arc, name in zip(arcs, names, strict=True) if name in looked_at | self._filled]
        if not open_to:
            return None
        who = [n for arc, name in open_to for n in self._through(int(network.arc_gate[arc]), name, hub)]
        order, together = self.order[who], self._together[who]
        return Held(
            order=np.sort(order),
            of_class=np.bincount(gathered.class_of[who], minlength=network.ranks // gathered.bands),
            last_together=int(order[together].max(initial=-1)),
            last_alone=int(order[~together].max(initial=-1)),
        )

    def _through(self, gate: int, name: str, hub: int) -> list[int]:
        """Who would have to give way at a doctor: those let in as these patients are where that share is full."""
        here = self._of.get(name, [])
        if self._network.gate_parent[gate] < 0:
            return here
        alike = [n for n in here if self._in_ald[n] == self._gathered.hubs[hub].in_ald]
        return alike if len(alike) >= self._network.gate_places[gate] else here


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
