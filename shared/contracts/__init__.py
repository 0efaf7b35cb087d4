"""What the services tell each other and the pages: the values of the live streams.

Fields are only ever added. No name, phone, age or free text: names of professionals are read from the directory over
HTTP, patients' data from the service that holds them, and each such reading is logged.
"""

from datetime import datetime
from enum import StrEnum

from shared.contracts.events import Contract


class BookingState(StrEnum):
    """Where a place taken in a slot stands."""

    HELD = "held"
    CONFIRMED = "confirmed"
    HONOURED = "honoured"
    NO_SHOW = "no_show"
    CANCELLED = "cancelled"
    RELEASED = "released"
    EXPIRED = "expired"


LIVE_BOOKING = frozenset({BookingState.HELD, BookingState.CONFIRMED, BookingState.HONOURED, BookingState.NO_SHOW})


class BookingView(Contract):
    """One place taken: for whom (`request_id`, opaque), until when if it is only held."""

    id: str
    state: BookingState
    request_id: str | None
    held_until: datetime | None = None
    overbooked: bool = False


class BookingAnswer(Contract):
    """What the availability service answers of a booking that it is asked about: a hold past its time has expired.

    `slot_status`: where its slot stands; `by_hand`: a person took it, no machine.
    """

    id: str
    state: BookingState
    slot_status: str
    by_hand: bool


class SlotView(Contract):
    """A bounded time at one place with one practitioner.

    `taken` counts held and confirmed places (`held` of them may still lapse); `overbooked` those taken on top.
    `audience`: the CPTS it is shown to. `acts` empty: all those of the profession. `fresh_at`: last known to be true.
    """

    id: str
    cpts_id: str
    audience: list[str]
    practitioner_id: str
    place_id: str
    starts_at: datetime
    ends_at: datetime
    capacity: int
    taken: int
    held: int
    overbooked: int
    modes: list[str]
    types: list[str]
    acts: list[str]
    min_age: int
    max_age: int
    appointment: str
    status: str
    origin: str
    fresh_at: datetime
    give_back_at: datetime | None
    version: int
    bookings: list[BookingView] = []


class PractitionerView(Contract):
    """What matching needs of a practitioner: codes, limits and the ledger of the last 4 weeks.

    `on_top_this_week`: patients taken on top of this ISO week's slots; at their own `on_top_limit`
    nobody asks for more. `qualifications`: trainings and structures that some motives need.
    `unknown_this_week`: those of `served_this_week` who were sent and whose usual practitioner is somebody else.
    """

    id: str
    profession: str
    specialty: str
    paused: bool
    week_cap: int | None
    served_4_weeks: int
    served_this_week: int
    joined_at: datetime
    on_top_this_week: int = 0
    on_top_limit: int | None = None
    qualifications: list[str] = []
    unknown_this_week: int = 0


class PlaceView(Contract):
    """Where care is given: commune, point (degrees), and whether a wheelchair gets in."""

    id: str
    insee: str
    lat: float
    lon: float
    wheelchair: bool


class CptsView(Contract):
    """A territory: FINESS, name, size class and communes."""

    id: str
    name: str
    size: int
    communes: list[str]


class RequestState(StrEnum):
    """Where a request stands; every change is a row."""

    OPEN = "open"
    PROPOSED = "proposed"
    HELD = "held"
    CONFIRMED = "confirmed"
    HONOURED = "honoured"
    NO_SHOW = "no_show"
    CANCELLED = "cancelled"
    UNSERVED = "unserved"
    ESCALATED = "escalated"


ON_THE_BOARD = frozenset({RequestState.OPEN, RequestState.PROPOSED, RequestState.ESCALATED, RequestState.UNSERVED})
"""States in which somebody still waits for a slot."""
SEEKING = ON_THE_BOARD - {RequestState.UNSERVED}
"""States in which a round may still give a slot."""


class RelaxationView(Contract):
    """The cheapest change that would serve a request: `kind` and `amount` as the engine says them."""

    kind: str
    amount: int = 0
    slot_id: str = ""
    practitioner_id: str = ""


class RequestView(Contract):
    """A request as the board shows it. `blockers` counts the slots that each rule excludes.

    `told_at`: since when the patient knows; null once something changed without whoever asked: they have to be called.
    `automatic`: rounds may hold and confirm by themselves; else a person decides: `in_hand_by`, until `in_hand_until`.
    `mode`: how they meet, once a slot is held. `patient_…`: what the patient said by their link.
    """

    id: str
    cpts_id: str
    state: RequestState
    version: int
    urgency: int
    insee: str
    professions: list[str]
    act: str
    modes: list[str]
    submitted_at: datetime
    earliest_at: datetime
    deadline_at: datetime
    answer_by: datetime
    source: str
    asked_by: str
    slot_id: str | None = None
    booking_id: str | None = None
    held_until: datetime | None = None
    cost: dict[str, int] = {}
    blockers: dict[str, int] = {}
    relaxations: list[RelaxationView] = []
    escalation: int = 0
    next_step_at: datetime | None = None
    reason: str = ""
    practitioner_id: str | None = None
    starts_at: datetime | None = None
    owner: str = ""
    told_at: datetime | None = None
    automatic: bool = True
    in_hand_by: str = ""
    in_hand_until: datetime | None = None
    mode: str = ""
    patient_confirmed_at: datetime | None = None
    patient_late_minutes: int | None = None
