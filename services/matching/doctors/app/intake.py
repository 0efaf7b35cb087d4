"""What a person may enter in the register, and the reasons that may be given."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.matching.sameday.app.intake import Code, Form, Minutes
from shared.outside.asked import LINE, CptsId, Insee, Instant
from shared.patients.patient import Patient

SOURCES = ("patient", "practice", "pharmacy", "mairie", "cpam", "sas", "ehpad", "association", "other")
PractitionerReason = Literal["full", "too_far", "outside_practice", "personal", "not_received", "other"]
PatientReason = Literal["too_far", "prefers_another", "access", "personal", "unreachable", "other"]
RefusalReason = PractitionerReason | PatientReason
WithdrawalReason = Literal["found_elsewhere", "moved_away", "no_longer_wished", "deceased", "duplicate", "other"]


class AttachmentForm(Form):
    """Someone without a médecin traitant. `waiting_since` is their seniority when it is older than the entry.

    `household_with`: someone already entered, whose practitioner must be theirs. `not_practitioners`: whom they do not
    want, or who refused them before. `seen_practitioner_id`: the doctor they saw in the last
    twelve months, who is asked first.
    """

    cpts_id: CptsId | None = None
    insee: Insee
    age: int | None = Field(default=None, ge=0, le=130)
    flags: list[Code] = Field(default=[], max_length=20)
    home_visits: bool = False
    waiting_since: Instant | None = None
    household_with: UUID | None = None
    max_travel_minutes: Minutes | None = None
    seen_practitioner_id: UUID | None = None
    not_practitioners: list[UUID] = Field(default=[], max_length=100)
    source: str = Field(default="other", pattern=f"^({'|'.join(SOURCES)})$")
    reference: Annotated[str, Field(max_length=40), LINE] = ""
    patient: Patient | None = None


class RefusalForm(Form):
    """Why a proposal is refused."""

    reason: RefusalReason


class WithdrawalForm(Form):
    """Why someone leaves the register."""

    reason: WithdrawalReason


class RoundForm(Form):
    """For which CPTS a round is run; yours when you have just one.

    `seen`: the mark of the preview that was looked at; what would now be proposed is the same, or nothing is.
    `tell_after_minutes`: until then, practitioners learn nothing and the round may be undone.
    """

    cpts_id: CptsId | None = None
    seen: str = Field(default="", max_length=64)
    tell_after_minutes: int = Field(default=0, ge=0, le=60)


class EntrySearchForm(Form):
    """Who is looked for, in the body: a name has no business in a log of requests. Empty: everybody."""

    cpts_id: CptsId
    q: Annotated[str, Field(max_length=80), LINE] = ""
