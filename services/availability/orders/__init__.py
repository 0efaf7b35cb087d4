"""What may be asked of this service, checked field by field. Fields that are not known are refused."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.availability.orders.calendar import ChangedOpening as ChangedOpening
from services.availability.orders.calendar import NewAbsence as NewAbsence
from services.availability.orders.calendar import NewOpening as NewOpening
from services.availability.orders.offer import AccessNote as AccessNote
from services.availability.orders.offer import Acts as Acts
from services.availability.orders.offer import Age as Age
from services.availability.orders.offer import Ages as Ages
from services.availability.orders.offer import Booked as Booked
from services.availability.orders.offer import Code as Code
from services.availability.orders.offer import Communes as Communes
from services.availability.orders.offer import Finess as Finess
from services.availability.orders.offer import Minutes as Minutes
from services.availability.orders.offer import Mode as Mode
from services.availability.orders.offer import Modes as Modes
from services.availability.orders.offer import Name as Name
from services.availability.orders.offer import Notice as Notice
from services.availability.orders.offer import Offer as Offer
from services.availability.orders.offer import Phone as Phone
from services.availability.orders.offer import PhoneAsWritten as PhoneAsWritten
from services.availability.orders.offer import Reason as Reason
from services.availability.orders.offer import Rpps as Rpps
from services.availability.orders.offer import SlotType as SlotType
from services.availability.orders.offer import SlotTypes as SlotTypes
from shared.outside.asked import LINE, Day, Instant
from shared.outside.asked import Insee as Insee
from shared.outside.asked import Order as Order


class NewSlots(Offer):
    """`count` slots of `minutes` each, one after the other, from `starts_at`.

    `despite_absence` says that the practitioner wants them although they are absent, or their agenda busy, then.
    """

    starts_at: Instant
    count: int = Field(default=1, ge=1, le=60)
    despite_absence: bool = False


class AsBefore(Order):
    """The slots of the last working day before this one, again."""

    practitioner_id: UUID
    day: Day


class OnTop(Offer):
    """A slot that a practitioner opens on top of what they offer, its places held for who is named, and why."""

    starts_at: Instant
    request_ids: list[Code] = Field(min_length=1, max_length=10)
    held_for: Code | None = None
    hold_minutes: int = Field(default=30, ge=1, le=60)
    urgency: int | None = Field(default=None, ge=1, le=4)
    own_patient: bool = False
    regulated_at: Instant | None = None
    reason: Reason


class SlotChange(Order):
    """What changes of a slot; what is left out stays. `give_back_minutes` 0 keeps it until it begins."""

    starts_at: Instant | None = None
    ends_at: Instant | None = None
    capacity: int | None = Field(default=None, ge=1, le=50)
    modes: Modes | None = None
    types: SlotTypes | None = None
    acts: Acts | None = None
    min_age: Age | None = None
    max_age: Age | None = None
    appointment: Literal["ROUTINE", "WALKIN"] | None = None
    give_back_minutes: Notice | None = None
    despite_absence: bool | None = None


class Reopening(Order):
    """A slot that was withdrawn or given back is on offer again."""

    despite_absence: bool = False


class Withdrawal(Order):
    """Why a slot is withdrawn, and what happens to who is booked."""

    reason: Reason
    booked: Booked | None = None


class Hold(Order):
    """A place kept for a request for some minutes. `held_for`: the account that a machine asks for.

    `urgency`, 1 to 4: whoever gives the care may ask to be told of P1 at any hour.
    `own_patient`: the practitioner is the patient's usual one; otherwise the ledger counts someone unknown to them.
    `regulated_at`: when the regulation asked for this patient; the statement of supplements goes by it.
    """

    request_id: Code
    held_for: Code | None = None
    urgency: int | None = Field(default=None, ge=1, le=4)
    minutes: int = Field(default=3, ge=1, le=60)
    own_patient: bool = False
    regulated_at: Instant | None = None


Group = Annotated[str, Field(min_length=1, max_length=60), LINE]
"""Orders of one batch that name the same group are carried out all or none."""


PatientSaid = Annotated[dict[str, Annotated[str, Field(max_length=500)] | None], Field(max_length=10)]
"""A patient in a batch, read with their own order: one that does not suit refuses that order, not the others."""


class HoldOf(Hold):
    """A place of this slot, in a batch; with `confirm` it is made firm at once, for `patient` if one is given."""

    slot_id: UUID
    confirm: bool = False
    patient: PatientSaid | None = None
    all_or_none_group: Group | None = None


class ConfirmationOf(Order):
    """Make this hold firm, in a batch."""

    booking_id: UUID
    patient: PatientSaid | None = None
    all_or_none_group: Group | None = None


class ReleaseOf(Order):
    """Give this place back, in a batch; `state` left out: a hold is released, a confirmed place cancelled."""

    booking_id: UUID
    reason: Reason
    state: Literal["released", "cancelled"] | None = None
    all_or_none_group: Group | None = None


MOST_IN_A_BATCH = 500


class Batch(Order):
    """Many orders in one transaction. Places are given back first, then held, then confirmed."""

    hold: list[HoldOf] = Field(default=[], max_length=MOST_IN_A_BATCH)
    confirm: list[ConfirmationOf] = Field(default=[], max_length=MOST_IN_A_BATCH)
    release: list[ReleaseOf] = Field(default=[], max_length=MOST_IN_A_BATCH)


class BookingsAsked(Order):
    """Bookings to be told about."""

    ids: list[UUID] = Field(max_length=5000)


class Overbooking(Order):
    """A patient taken on top, and why."""

    reason: Reason
    request_id: Code | None = None


class Cancellation(Order):
    """Why a booking is cancelled; with `close_slot`, its place is offered to nobody else."""

    reason: Reason
    close_slot: bool = False


Qualification = Literal["cystitis", "protocol", "esp", "cds", "msp"]
"""Trained for cystitis, under the national protocol; in a primary care team, a health centre, a house of several."""


class PractitionerSettings(Order):
    """What a practitioner sets for themselves; `on_top_limit`: how many a week they are asked for on top."""

    paused: bool = False
    week_cap: int | None = Field(default=None, ge=0, le=500)
    on_top_limit: int | None = Field(default=None, ge=0, le=500)
    qualifications: list[Qualification] = Field(default=[], max_length=5)
    give_back_minutes: Notice = 15


class NewSettings(PractitionerSettings):
    """What a practitioner sets; with `apply_to_published` the notice also holds for slots already published without
    one of their own."""

    apply_to_published: bool = False


class WantedSlots(Order):
    """The slots that somebody who waits in a CPTS, or is about to ask, could take: they are not given back."""

    slot_ids: list[UUID] = Field(max_length=5000)


class Criteria(Ages):
    """Which new patients a médecin traitant takes. `ald_share`: at least so many in a hundred in ALD."""

    communes: Communes = []
    ald_share: int = Field(default=0, ge=0, le=100)
    home_visits: bool = False


class Panel(Order):
    """How many new patients, and which."""

    places: int = Field(ge=0, le=500)
    criteria: Criteria = Criteria()


class Cpts(Order):
    """A territory. `size` is its class: 1 (under 40,000 inhabitants) to 4 (over 175,000)."""

    name: Name
    size: int = Field(ge=1, le=4)
    communes: Communes


class PractitionerEntry(Order):
    """An entry of the directory, in national codes; `cpts_id` keeps it up to date."""

    cpts_id: Finess | None = None
    last_name: Name
    first_name: Name
    profession: Code
    specialty: Annotated[str, Field(max_length=40), LINE] = ""
    phone: PhoneAsWritten = ""


class Place(Order):
    """Where care is given; degrees WGS 84. `cpts_id` keeps the entry up to date. `access_note` left out: unchanged."""

    cpts_id: Finess | None = None
    name: Name
    address: Annotated[str, Field(max_length=200), LINE] = ""
    insee: Insee
    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)
    phone: PhoneAsWritten = ""
    wheelchair: bool = False
    access_note: AccessNote | None = None


class PlaceAccess(Order):
    """How one gets into a place: floor, door code, entrance; by wheelchair; whom to ring."""

    access_note: AccessNote = ""
    phone: Phone = ""
    wheelchair: bool = False


class Membership(Order):
    """Since when a practitioner belongs to a CPTS; now when left out."""

    joined_at: Instant | None = None
