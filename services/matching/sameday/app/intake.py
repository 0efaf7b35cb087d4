"""What a person may ask: the form, its bounds, and the times it means when none are given."""

from datetime import datetime, timedelta
from typing import Annotated, Literal, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.matching.engine.model import Mode
from shared.outside.asked import CptsId, Insee, Instant
from shared.patients.patient import Patient
from shared.typed.zones import PARIS

EVENING_HOUR = 20
SOURCES = ("sas", "practice", "pharmacy", "nurse", "ehpad", "patient", "other")
Code = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_.-]+$")]
Minutes = Annotated[int, Field(ge=1, le=240)]


class Form(BaseModel):
    """What comes in: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class PointForm(Form):
    """A place, in degrees (WGS 84); kept to about 100 m."""

    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)


class HoldForm(Form):
    """Which slot was chosen, and how they meet there when it offers several ways."""

    slot_id: UUID
    mode: Mode | None = None

    @property
    def how(self) -> dict[str, str]:
        """The way that was said, if any, as a hold takes it."""
        return {} if self.mode is None else {"mode": self.mode}


class RequestForm(Form):
    """A request for a slot. `insee` or `point` says from where; times default by class.

    `hold`: the slot that a person chose; the request is born with it. `board`: whether rounds serve it by themselves;
    left out, they do for what machines ask, for what says `answer_by`, and for what nobody asks at a desk.
    `forbidden`: slots and practitioners that the patient refused. `sex` and `answers`, to what options ask, decide
    which professions may see the patient directly; they are not kept.
    """

    cpts_id: CptsId | None = None
    insee: Insee | None = None
    point: PointForm | None = None
    urgency: int = Field(ge=1, le=4)
    earliest_at: Instant | None = None
    deadline_at: Instant | None = None
    answer_by: Instant | None = None
    motive: Code
    professions: list[Code] = Field(default=[], max_length=10)
    modes: list[Mode] = Field(default=[], max_length=3)
    age: int | None = Field(default=None, ge=0, le=130)
    own_transport: bool = True
    max_travel_minutes: Minutes = 30
    wheelchair: bool = False
    party: int = Field(default=1, ge=1, le=10)
    habitual_practitioner_id: UUID | None = None
    source: str = Field(default="other", pattern=f"^({'|'.join(SOURCES)})$")
    sex: Literal["f", "m"] | None = None
    answers: dict[Code, bool] = Field(default={}, max_length=10)
    patient: Patient | None = None
    hold: HoldForm | None = None
    board: bool | None = None
    forbidden: list[UUID] = Field(default=[], max_length=50)

    @model_validator(mode="after")
    def has_a_place(self) -> Self:
        """Without a place nothing can be near."""
        if self.insee is None and self.point is None:
            raise ValueError("donnez la commune (insee) ou le point")
        if self.hold and self.board:
            raise ValueError("choisissez un créneau, ou mettez au tableau")
        return self


class RelaxationForm(Form):
    """What the patient now accepts; what is left out stays."""

    max_travel_minutes: Minutes | None = None
    modes: list[Mode] | None = Field(default=None, min_length=1, max_length=3)
    deadline_at: Instant | None = None


def midnight_after(now: datetime, zone: ZoneInfo = PARIS) -> datetime:
    """When tomorrow begins where the patient is."""
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, datetime.min.time(), zone).astimezone(now.tzinfo)


def default_deadline(urgency: int, now: datetime, zone: ZoneInfo = PARIS) -> datetime:
    """P1: 3 h. P2: today 20:00 where the patient is, at least 3 h. P3: tomorrow 20:00. P4: 48 h."""
    if urgency == 1:
        return now + timedelta(hours=3)
    if urgency == 4:
        return now + timedelta(hours=48)
    today = now.astimezone(zone).replace(hour=EVENING_HOUR, minute=0, second=0, microsecond=0)
    if urgency == 3:
        return (today + timedelta(days=1)).astimezone(now.tzinfo)
    return max(today.astimezone(now.tzinfo), now + timedelta(hours=3))
