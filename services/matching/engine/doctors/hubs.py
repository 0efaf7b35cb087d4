"""From patients and offers to the aggregated flow: hubs of patients who may see the same doctors, gates of doctors."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from services.matching.engine.doctors.flow import HubNetwork
from services.matching.engine.doctors.model import AttachmentRound, GpOffer, Seeker, band_of, class_rank, days_waited
from services.matching.engine.doctors.nearest import NearestSearch, nearest_with_places

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class PatientHub:
    """Patients alike for every doctor: where they start from, what the doctors ask about, whom they cannot have."""

    commune: str
    age: int | None
    in_ald: bool
    home_visits: bool
    max_travel_s: int
    forbidden: frozenset[str]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A round as a network, and the way back. `cell_of` gives each patient's cell; arcs go nearest first in a hub.

    `class_of` and `rank_of` are by patient: a rank is a class and a band of seniority, `bands` of them to a class.
    """

    network: HubNetwork
    hubs: tuple[PatientHub, ...]
    cell_of: Ints
    class_of: Ints
    rank_of: Ints
    bands: int
    arc_offer: Ints


def aggregate(around: AttachmentRound) -> Aggregate:
    """Gather patients in cells and hubs, and find for each hub the nearest doctors that take them."""
    open_offers = np.array([i for i, offer in enumerate(around.offers) if offer.places > 0], np.int64)
    offers = [around.offers[i] for i in open_offers]
    age_bounds = np.unique([0] + [bound for offer in offers for bound in (offer.min_age, offer.max_age + 1)])
    guarded = any(offer.least_ald_percent > 0 or offer.most_ald_percent < 100 for offer in offers)
    known = frozenset(offer.id for offer in offers)
    bands = len(around.parameters.seniority_days) + 1
    hub_ids: dict[PatientHub, int] = {}
    cell_ids: dict[tuple[int, int, int], int] = {}
    cell_of, class_of, rank_of = (np.zeros(len(around.patients), np.int64) for _ in range(3))
    for i, patient in enumerate(around.patients):
        class_of[i] = class_rank(patient, around.classes)
        rank_of[i] = class_of[i] * bands + band_of(around, patient)
        worth = days_waited(around, patient) * around.parameters.day_price_s
        hub = hub_ids.setdefault(_hub(patient, around, age_bounds, guarded, known), len(hub_ids))
        cell_of[i] = cell_ids.setdefault((hub, int(rank_of[i]), worth), len(cell_ids))
    hubs = tuple(hub_ids)
    cells = np.array(list(cell_ids), np.int64).reshape(-1, 3)
    cell_count = np.bincount(cell_of, minlength=len(cells)).astype(np.int64)
    demand = np.bincount(cells[:, 0], weights=cell_count, minlength=len(hubs)).astype(np.int64)
    arc_hub, arc_offer, arc_travel = _arcs(around, offers, hubs, demand)
    gates = _gates(offers, guarded)
    in_ald = np.array([hub.in_ald for hub in hubs], np.bool_)
    network = HubNetwork(
        ranks=(len(around.classes) + 1) * bands,
        hubs=len(hubs),
        cell_hub=cells[:, 0],
        cell_rank=cells[:, 1],
        cell_count=cell_count,
        cell_worth_s=cells[:, 2],
        arc_hub=arc_hub,
        arc_gate=np.where(in_ald[arc_hub], gates.for_ald[arc_offer], gates.for_others[arc_offer]),
        arc_travel_s=arc_travel,
        gate_places=gates.places,
        gate_parent=gates.parent,
    )
    return Aggregate(network, hubs, cell_of, class_of, rank_of, bands, open_offers[arc_offer])


def takes(offer: GpOffer, hub: PatientHub) -> bool:
    """Whether the criteria of a doctor, and earlier refusals, let these patients in; places and distance apart."""
    of_age = hub.age is None or offer.min_age <= hub.age <= offer.max_age
    from_here = not offer.communes or hub.commune in offer.communes
    return of_age and from_here and offer.id not in hub.forbidden and (offer.home_visits or not hub.home_visits)


def _hub(
    patient: Seeker, around: AttachmentRound, age_bounds: Ints, guarded: bool, known: frozenset[str]
) -> PatientHub:
    """The hub of a patient: only what some doctor of the round asks about tells two hubs apart."""
    band = -1 if patient.age is None else int(np.searchsorted(age_bounds, patient.age, side="right")) - 1
    reach = around.parameters.max_travel_s
    return PatientHub(
        commune=patient.commune,
        age=None if band < 0 else int(age_bounds[band]),
        in_ald=guarded and "ald" in patient.flags,
        home_visits=patient.home_visits,
        max_travel_s=reach if patient.max_travel_s is None else min(reach, patient.max_travel_s),
        forbidden=patient.forbidden & known,
    )


def _arcs(
    around: AttachmentRound, offers: list[GpOffer], hubs: tuple[PatientHub, ...], demand: Ints
) -> tuple[Ints, Ints, Ints]:
    """For each hub the nearest doctors that take it: hub, offer (among those with places), travel in seconds."""
    profiles: dict[tuple[int | None, bool], list[int]] = {}
    for i, hub in enumerate(hubs):
        profiles.setdefault((hub.age, hub.home_visits), []).append(i)
    found = [_of_profile(around, offers, hubs, np.array(rows, np.int64), demand) for rows in profiles.values()]
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64)
    arc_hub, arc_offer, arc_travel = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.lexsort((arc_offer, arc_travel, arc_hub))
    return arc_hub[order], arc_offer[order], arc_travel[order]


def _of_profile(
    around: AttachmentRound, offers: list[GpOffer], hubs: tuple[PatientHub, ...], rows: Ints, demand: Ints
) -> tuple[Ints, Ints, Ints]:
    """The arcs of hubs of one age band, in need of home visits or not: only the doctors who take these are searched."""
    sample = replace(hubs[rows[0]], commune="", forbidden=frozenset())
    usable = np.array(
        [i for i, offer in enumerate(offers) if takes(replace(offer, communes=frozenset()), sample)], np.int64
    )
    there = np.array([(offers[i].point.lat, offers[i].point.lon) for i in usable], np.float64).reshape(-1, 2)
    starts = [around.communes[hubs[i].commune] for i in rows]
    search = NearestSearch(
        demand=demand[rows],
        longest_s=np.array([hubs[i].max_travel_s for i in rows], np.int64),
        k=around.parameters.nearest_k,
        speed_kmh=around.parameters.speed_kmh,
        detour=around.parameters.detour,
    )
    row, column, travel = nearest_with_places(
        np.array([(point.lat, point.lon) for point in starts], np.float64),
        there,
        np.array([offers[i].places for i in usable], np.int64),
        search,
        lambda left, index, within: _allow(offers, hubs, rows[left], usable[index], within),
    )
    return rows[row], usable[column], travel


def _allow(offers: list[GpOffer], hubs: tuple[PatientHub, ...], rows: Ints, offered: Ints, within: Mask) -> Mask:
    """Take out of `within` the pairs that a list of communes or a refusal forbids; only those are looked at."""
    listed = np.array([bool(offer.communes) for offer in offers], np.bool_)
    refusing = np.array([bool(hubs[i].forbidden) for i in rows], np.bool_)
    allowed = within.copy()
    for row, column in zip(*np.nonzero(within & (listed[offered] | refusing[:, None])), strict=True):
        allowed[row, column] = takes(offers[offered[row, column]], hubs[rows[row]])
    return allowed


@dataclass(frozen=True, slots=True)
class _Gates:
    """The gates, and through which one each offer lets patients in ALD and the others in."""

    places: Ints
    parent: Ints
    for_ald: Ints
    for_others: Ints


def _gates(offers: list[GpOffer], guarded: bool) -> _Gates:
    """One gate per offer, and two inner gates for each offer that guards its share of patients in ALD."""
    places = [offer.places for offer in offers]
    parent = [-1] * len(offers)
    for_ald, for_others = np.arange(len(offers)), np.arange(len(offers))
    for i, offer in enumerate(offers) if guarded else ():
        in_all = offer.places + offer.given_in_ald + offer.given_to_others
        if offer.most_ald_percent < 100:
            for_ald[i] = len(places)
            places.append(max(0, in_all * offer.most_ald_percent // 100 - offer.given_in_ald))
            parent.append(i)
        if offer.least_ald_percent > 0:
            for_others[i] = len(places)
            places.append(max(0, in_all - in_all * offer.least_ald_percent // 100 - offer.given_to_others))
            parent.append(i)
    return _Gates(np.array(places, np.int64), np.array(parent, np.int64), for_ald, for_others)
