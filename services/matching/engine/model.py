"""The words of the matching: what is asked, what is offered, what was decided.

Instants are whole seconds since the epoch (UTC), named `…_at_s`; lengths of time are seconds, named `…_s`.
Costs are integers, in seconds of travel: every other term is converted to what it is worth in travel.
Everything is frozen, comparable and made of plain values.
"""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum


class Urgency(IntEnum):
    """How soon: P1 within hours, P4 within 48 h. Lower is served first."""

    P1 = 1
    P2 = 2
    P3 = 3
    P4 = 4


class Mode(StrEnum):
    """How the care is given (HL7 v3-ActCode)."""

    AMB = "AMB"
    HH = "HH"
    VR = "VR"


class SlotType(StrEnum):
    """Who a slot is open to (ANS TRE_R314)."""

    PUBLIC = "PUBLIC"
    PRO = "PRO"
    SNP = "SNP"
    CPTS = "CPTS"


@dataclass(frozen=True, slots=True)
class Point:
    """A place on Earth, in degrees (WGS 84)."""

    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Practitioner:
    """What fairness needs to know of a practitioner: the load of the last 4 weeks and the limits they set."""

    id: str
    served_4_weeks: int = 0
    served_this_week: int = 0
    week_cap: int | None = None
    weeks_since_joining: int = 52
    paused: bool = False
    on_top_this_week: int = 0
    """Patients taken on top of their slots since Monday."""
    on_top_limit: int | None = None
    """How many of those they may be asked for in a week; None: no limit."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A bounded time at one place with one practitioner; `places` is how many of it a plan may use."""

    id: str
    practitioner: str
    point: Point
    starts_at_s: int
    ends_at_s: int
    places: int = 1
    profession: str = "10"
    qualified: frozenset[str] = frozenset()
    """What its practitioner answers to besides the profession, as `21+cystitis`: trained, in a structure."""
    specialty: str = ""
    modes: frozenset[Mode] = frozenset({Mode.AMB})
    acts: frozenset[str] = frozenset()
    """Codes of the acts or motives taken; empty: all those of the profession."""
    min_age: int = 0
    max_age: int = 130
    types: frozenset[SlotType] = frozenset({SlotType.CPTS})
    cpts: frozenset[str] = frozenset()
    """FINESS of the CPTS it is shown to; empty: whoever may see its types."""
    wheelchair: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """Someone asks a slot for a patient. No name: what matching needs, nothing more."""

    id: str
    urgency: Urgency
    point: Point
    earliest_at_s: int
    deadline_at_s: int
    submitted_at_s: int
    answer_by_at_s: int
    cpts: str = ""
    professions: frozenset[str] = frozenset({"10"})
    act: str = ""
    modes: frozenset[Mode] = frozenset({Mode.AMB})
    age: int | None = None
    max_travel_s: int = 1800
    on_foot: bool = False
    wheelchair: bool = False
    habitual: str = ""
    """The practitioner the patient usually sees, if any."""
    party: int = 1
    """People to be seen together: a household takes that many places of one slot."""
    sees: frozenset[SlotType] = frozenset(SlotType)
    """Slot types open to whoever asks."""
    forced: str = ""
    """The only slot that may be given, when a person decided: it then overrides every rule but the places."""
    forbidden: frozenset[str] = frozenset()
    """Slots or practitioners that may not be given (refused, or refusing)."""
    notified: str = ""
    """The slot already told to the patient: it moves only for more than `Parameters.kappa_s`, and is never dropped."""


class Blocker(StrEnum):
    """Why one slot cannot serve one request."""

    PROFESSION = "profession"
    ACT = "act"
    AGE = "age"
    MODE = "mode"
    WINDOW = "window"
    DISTANCE = "distance"
    VISIBILITY = "visibility"
    WHEELCHAIR = "wheelchair"
    PAUSED = "paused"
    WEEK_CAP = "week_cap"
    FORBIDDEN = "forbidden"
    PARTY = "party"
    TAKEN = "taken"
    """Nothing forbids it, but others have it."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a CPTS may set. Durations in seconds; weights in seconds of cost per second waited, in thousandths."""

    speed_kmh: float = 50.0
    foot_kmh: float = 4.5
    detour: float = 1.3
    wait_weight_milli: tuple[int, int, int, int] = (500, 500, 500, 500)
    habitual_bonus_s: int = 1200
    tele_s: int = 900
    """What a téléconsultation is worth in travel: being seen nearby is preferred to it, a long journey is not."""
    kappa_s: int = 7200
    fairness_beta_s: int = 22
    """What sharing the load of four weeks is worth; 22 halves their inequality for 3 % more travel."""
    nearest_k: int = 40
    confirm_after_s: tuple[int, int, int, int] = (0, 600, 3600, 10800)
    """How long a request of each class may stay provisional, when nobody said by when they must know."""


@dataclass(frozen=True, slots=True)
class Instance:
    """Everything one round decides on."""

    now_at_s: int
    requests: tuple[Request, ...]
    slots: tuple[Slot, ...]
    practitioners: tuple[Practitioner, ...] = ()
    parameters: Parameters = field(default_factory=Parameters)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one assignment costs, term by term; each in seconds of travel, or in what is worth as many.

    `wait` is the seconds waited times the weight of the class. Continuity is negative: the habitual practitioner is a
    gain. Stability is `kappa_s` when a notified patient moves. Fairness is the marginal cost of this place in the
    practitioner's load. `tele_s` replaces travel.
    """

    travel_s: int = 0
    wait: int = 0
    continuity: int = 0
    fairness: int = 0
    stability: int = 0
    tele_s: int = 0

    @property
    def total(self) -> int:
        """The sum the solver minimises, in seconds of travel."""
        return self.travel_s + self.tele_s + self.wait + self.continuity + self.fairness + self.stability


@dataclass(frozen=True, slots=True)
class Assignment:
    """One request goes to one slot, at this cost; `runner_up` is the next cheapest slot it could have had."""

    request: str
    slot: str
    cost: Cost
    runner_up: str = ""
    runner_up_cost: Cost | None = None


@dataclass(frozen=True, slots=True)
class Relaxation:
    """The cheapest change that would serve a request: `kind` which, `amount` how much, `slot` the one it would have.

    `amount`: seconds of travel more (`travel`), seconds of waiting more (`later`), places more in that slot (`place`);
    0 where the change has no size (`tele`, `visibility`).
    """

    kind: str
    amount: int = 0
    slot: str = ""
    practitioner: str = ""


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A request without a slot: how many slots each blocker excluded, who holds the others, what would serve it."""

    request: str
    blockers: tuple[tuple[Blocker, int], ...]
    taken_by_class: tuple[int, int, int, int] = (0, 0, 0, 0)
    relaxations: tuple[Relaxation, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a round decided. `certified` says that the counts by class were proved the best possible.

    `cost` is the sum of the costs of the assignments, in seconds of travel; `gap` is the most it may exceed the
    cheapest plan with the same counts: 0 when proved optimal, more only where households were too many to finish the
    search.
    """

    assignments: tuple[Assignment, ...]
    unmatched: tuple[Unmatched, ...]
    certified: bool
    cost: int
    gap: int = 0


@dataclass(frozen=True, slots=True)
class Option:
    """One slot for one request, with what it costs the request and what it costs everybody else (`price`).

    Both are in seconds of travel. A price near a penalty means that somebody would be left out (`leaves_out`).
    """

    slot: str
    cost: Cost
    price: int = 0
    tags: tuple[str, ...] = ()
    """Why it stands out: `nearest`, `earliest`, `habitual`, `spares` (leaves the rare slots to others)."""
    leaves_out: Urgency | None = None
    """The class of the person who would be left without a slot if this one were taken; none: all find another."""
