"""What may be asked of this service, checked field by field. Fields that are not known are refused."""

from datetime import time
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from shared.outside.asked import LINE, Day, Insee, Instant
from shared.typed.phones import LONGEST, read_phone

Finess = Annotated[str, Field(pattern=r"^[0-9AB]{9}$")]
Rpps = Annotated[str, Field(pattern=r"^[0-9]{11}$")]
Code = Annotated[str, Field(min_length=1, max_length=40), LINE]
Name = Annotated[str, Field(min_length=1, max_length=120), LINE]
Age = Annotated[int, Field(ge=0, le=130)]
Mode = Literal["AMB", "HH", "VR"]
SlotType = Literal["PUBLIC", "PRO", "SNP", "CPTS"]
Booked = Literal["keep", "cancel"]
Minutes = Annotated[int, Field(ge=5, le=720)]
Notice = Annotated[int, Field(ge=0, le=10080)]
AccessNote = Annotated[str, Field(max_length=200), LINE]
Phone = Annotated[str, Field(max_length=LONGEST), BeforeValidator(read_phone), LINE]
PhoneAsWritten = Annotated[str, Field(max_length=LONGEST), LINE]
"""As a file or a directory has it: whoever dials reads it again."""
Audience = Annotated[list[Finess], Field(max_length=50)]
Acts = Annotated[list[Code], Field(max_length=50)]
Modes = Annotated[list[Mode], Field(min_length=1, max_length=3)]
SlotTypes = Annotated[list[SlotType], Field(min_length=1, max_length=4)]
Communes = Annotated[list[Insee], Field(max_length=1000)]
Reason = Annotated[str, Field(min_length=1, max_length=200), LINE]


class Order(BaseModel):
    """Something asked; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Ages(Order):
    """From which age to which age, in years, both included."""

    min_age: Age = 0
    max_age: Age = 130

    @model_validator(mode="after")
    def in_order(self) -> Self:
        """The youngest comes first."""
        if self.min_age > self.max_age:
            raise ValueError("min_age must not exceed max_age")
        return self


class Offer(Ages):
    """Whom a slot is for. `audience`: CPTS it is shown to besides its own; `acts` empty: all of the profession."""

    practitioner_id: UUID
    place_id: UUID
    minutes: Minutes = 15
    capacity: int = Field(default=1, ge=1, le=50)
    modes: Modes = ["AMB"]
    types: SlotTypes = ["CPTS"]
    audience: Audience = []
    acts: Acts = []
    appointment: Literal["ROUTINE", "WALKIN"] = "ROUTINE"
    give_back_minutes: Notice | None = None


class NewSlots(Offer):
    """`count` slots of `minutes` each, one after the other, from `starts_at`."""

    starts_at: Instant
    count: int = Field(default=1, ge=1, le=60)


class NewOpening(Offer):
    """Every week on these weekdays (1 is Monday), local time, cut every `minutes`."""

    weekdays: list[Annotated[int, Field(ge=1, le=7)]] = Field(min_length=1, max_length=7)
    from_time: time
    to_time: time
    first_day: Day
    last_day: Day | None = None
    on_public_holidays: bool = False

    @model_validator(mode="after")
    def forwards(self) -> Self:
        """It closes after it opened, on the clock of the wall."""
        if self.from_time.tzinfo or self.to_time.tzinfo:
            raise ValueError("from_time and to_time are local times, without an offset")
        if self.from_time >= self.to_time:
            raise ValueError("to_time must come after from_time")
        return self


class NewAbsence(Order):
    """A practitioner is away, everywhere. `booked` says what happens to who is booked meanwhile."""

    practitioner_id: UUID
    starts_at: Instant
    ends_at: Instant
    booked: Booked | None = None

    @model_validator(mode="after")
    def forwards(self) -> Self:
        """It ends after it started."""
        if self.starts_at >= self.ends_at:
            raise ValueError("ends_at must come after starts_at")
        return self


class OnTop(Offer):
    """A slot that a practitioner opens on top of what they offer, its places held for who is named, and why."""

    starts_at: Instant
    request_ids: list[Code] = Field(min_length=1, max_length=10)
    held_for: Code | None = None
    hold_minutes: int = Field(default=30, ge=1, le=60)
    urgency: int | None = Field(default=None, ge=1, le=4)
    own_patient: bool = False
    reason: Reason


class SlotChange(Order):
    """What changes of a slot; what is left out stays."""

    starts_at: Instant | None = None
    ends_at: Instant | None = None
    capacity: int | None = Field(default=None, ge=1, le=50)
    modes: Modes | None = None
    types: SlotTypes | None = None
    acts: Acts | None = None
    min_age: Age | None = None
    max_age: Age | None = None
    appointment: Literal["ROUTINE", "WALKIN"] | None = None


class Withdrawal(Order):
    """Why a slot is withdrawn, and what happens to who is booked."""

    reason: Reason
    booked: Booked | None = None


class Hold(Order):
    """A place kept for a request for some minutes. `held_for`: the account that a machine asks for.

    `urgency`, 1 to 4: whoever gives the care may ask to be told of P1 at any hour.
    `own_patient`: the practitioner is the patient's usual one; otherwise the ledger counts someone unknown to them.
    """

    request_id: Code
    held_for: Code | None = None
    urgency: int | None = Field(default=None, ge=1, le=4)
    minutes: int = Field(default=3, ge=1, le=60)
    own_patient: bool = False


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


class Asked(Order):
    """Bookings to be told about."""

    ids: list[UUID] = Field(max_length=5000)


class Overbooking(Order):
    """A patient taken on top, and why."""

    reason: Reason
    request_id: Code | None = None


class Cancellation(Order):
    """Why a booking is cancelled."""

    reason: Reason


class Settings(Order):
    """What a practitioner sets for themselves."""

    paused: bool = False
    week_cap: int | None = Field(default=None, ge=0, le=500)
    give_back_minutes: Notice = 60


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
    """A territory. `size` is its class: 1 (under 40,000 inhabitants) to 4 (over 175,000).

    `supplement_limit`: how many patients on top of their slots a practitioner may be asked for in a week; left out, it
    stays as it is (20 at first).
    """

    name: Name
    size: int = Field(ge=1, le=4)
    communes: Communes
    supplement_limit: int | None = Field(default=None, ge=0, le=500)


class Practitioner(Order):
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
    address: AccessNote = ""
    insee: Insee
    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)
    phone: PhoneAsWritten = ""
    wheelchair: bool = False
    access_note: AccessNote | None = None


class Access(Order):
    """How one gets into a place: floor, door code, entrance; by wheelchair; whom to ring."""

    access_note: AccessNote = ""
    phone: Phone = ""
    wheelchair: bool = False


class Membership(Order):
    """Since when a practitioner belongs to a CPTS; now when left out."""

    joined_at: Instant | None = None
