"""The words of the médecin traitant: who looks for a doctor, who takes how many patients, what a round proposes."""

from dataclasses import dataclass, field
from enum import StrEnum

from services.matching.engine.model import Point


@dataclass(frozen=True, slots=True)
class PriorityClass:
    """A class of patients served before the next: by flag, by age, or everybody when neither is said."""

    code: str
    flag: str = ""
    min_age: int | None = None


DEFAULT_CLASSES = (
    PriorityClass("ald", flag="ald"),
    PriorityClass("pregnancy", flag="pregnancy"),
    PriorityClass("age_70", min_age=70),
    PriorityClass("c2s_ame", flag="c2s_ame"),
    PriorityClass("disability", flag="disability"),
    PriorityClass("other"),
)


@dataclass(frozen=True, slots=True)
class Seeker:
    """Someone without a médecin traitant. No name; `since_at_s` is when they asked."""

    id: str
    commune: str
    since_at_s: int
    flags: frozenset[str] = frozenset()
    age: int | None = None
    home_visits: bool = False
    """Cannot come to a practice: only a doctor who makes home visits will do."""
    max_travel_s: int | None = None
    """A shorter journey than the round allows, when the patient set one."""
    household: str = ""
    """Patients of one household go to one doctor, or wait together."""
    forbidden: frozenset[str] = frozenset()
    """Doctors who refused this patient, or whom the patient refused."""


@dataclass(frozen=True, slots=True)
class GpOffer:
    """How many patients a doctor takes in this round, and which. Shares are of the places, those given included."""

    id: str
    point: Point
    places: int
    communes: frozenset[str] = frozenset()
    """INSEE codes the doctor takes patients from; empty: any."""
    min_age: int = 0
    max_age: int = 130
    home_visits: bool = False
    least_ald_percent: int = 0
    """Share of the places kept for patients in ALD, rounded down to whole places; unused ones stay empty."""
    most_ald_percent: int = 100
    """Share of the places that patients in ALD may take, rounded down."""
    given_in_ald: int = 0
    """Places given in this round already to patients in ALD, on top of `places`."""
    given_to_others: int = 0
    """Places given in this round already to other patients, on top of `places`."""


@dataclass(frozen=True, slots=True)
class AttachmentParameters:
    """What a CPTS sets for its rounds. Journeys in seconds, by car, great circle × detour ÷ speed."""

    max_travel_s: int = 1800
    nearest_k: int = 20
    speed_kmh: float = 50.0
    detour: float = 1.3
    first_step_journeys: int = 10
    """Longest journeys traded, at first, against one more person served; widened until the counts are proved."""
    seniority_days: tuple[int, ...] = (365, 183)
    """Bands of seniority, the longest first: within a class, those who waited so many days come before the others."""
    day_price_s: int = 10
    """Within a band, what one day waited more is worth in seconds of travel: six months, half an hour."""


@dataclass(frozen=True, slots=True)
class AttachmentRound:
    """Everything a round decides on. `communes`: INSEE code → where its people start from."""

    patients: tuple[Seeker, ...]
    offers: tuple[GpOffer, ...]
    communes: dict[str, Point]
    classes: tuple[PriorityClass, ...] = DEFAULT_CLASSES
    parameters: AttachmentParameters = field(default_factory=AttachmentParameters)
    at_s: int | None = None
    """When the round is held; None: when the last of them asked."""

    @property
    def now_at_s(self) -> int:
        """The instant at which the days waited are counted."""
        return max((patient.since_at_s for patient in self.patients), default=0) if self.at_s is None else self.at_s


@dataclass(frozen=True, slots=True)
class Proposal:
    """One patient is proposed to one doctor; both may refuse."""

    patient: str
    gp: str
    travel_s: int


class AttachmentBlocker(StrEnum):
    """Why a patient got no proposal, the first that holds."""

    DISTANCE = "distance"
    """No doctor with places within reach."""
    CRITERIA = "criteria"
    """Doctors within reach, none who takes this patient: criteria, or a refusal of either side."""
    TAKEN = "taken"
    """Doctors who would take this patient, all full, and every patient who has a place there is ranked before."""
    TAKEN_NEARER = "taken_nearer"
    """The same, but some of them are of the same class and band and asked no earlier: they are as near or nearer, by at
    least what the days between are worth."""
    TAKEN_TOGETHER = "taken_together"
    """The same, but some of them are not ranked before and came with a household that is kept together."""
    HOUSEHOLD = "household"
    """No doctor has room for the whole household."""


@dataclass(frozen=True, slots=True)
class Unattached:
    """A patient without proposal.

    `taken_by_class` counts, by class, the patients whose places this one could have had; `before` of them are ranked
    before: of a class served before, or of the same class and asked earlier.
    """

    patient: str
    blocker: AttachmentBlocker
    taken_by_class: tuple[int, ...] = ()
    before: int = 0


@dataclass(frozen=True, slots=True)
class AttachmentPlan:
    """What a round proposes. `best_by_class` is the proved maximum; `certified` says that the plan reaches it.

    `household_gap` is what keeping households together cost: people fewer by class than without that rule.
    """

    proposals: tuple[Proposal, ...]
    unattached: tuple[Unattached, ...]
    served_by_class: tuple[int, ...]
    best_by_class: tuple[int, ...]
    certified: bool
    household_gap: tuple[int, ...] = ()


def class_rank(patient: Seeker, classes: tuple[PriorityClass, ...]) -> int:
    """The first class that the patient belongs to, from 0; after the last one when none takes them."""
    for rank, of in enumerate(classes):
        by_age = of.min_age is not None and patient.age is not None and patient.age >= of.min_age
        by_flag = bool(of.flag) and of.flag in patient.flags
        if by_age or by_flag or (of.min_age is None and not of.flag):
            return rank
    return len(classes)


def days_waited(around: AttachmentRound, patient: Seeker) -> int:
    """Whole days since the patient asked."""
    return max(0, around.now_at_s - patient.since_at_s) // 86_400


def band_of(around: AttachmentRound, patient: Seeker) -> int:
    """The band of seniority, from 0 for those who have waited longest; after the last one when in none."""
    days = days_waited(around, patient)
    return sum(days < least for least in around.parameters.seniority_days)
