"""Asking a practitioner for one more patient, as the live streams tell it: the states, and the value of one ask."""

from datetime import datetime
from enum import StrEnum

from shared.contracts.events import Contract


class OverbookingAskState(StrEnum):
    """Where an ask stands; every change is a row."""

    ASKED = "asked"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    """Somebody else said yes, the request was settled otherwise, or whoever asked took it back."""
    EXPIRED = "expired"


class OverbookingAskView(Contract):
    """One practitioner asked to take one more patient (`surnuméraire`) for a request; nothing of the patient.

    `reason` says why it was declined. `slot_id` and `starts_at`: the slot that a yes opened, held for the request.
    """

    id: str
    cpts_id: str
    request_id: str
    request_by: str
    practitioner_id: str
    state: OverbookingAskState
    version: int
    urgency: int
    insee: str
    act: str
    modes: list[str]
    party: int
    asked_by: str
    asked_at: datetime
    answer_by: datetime
    reason: str = ""
    slot_id: str | None = None
    starts_at: datetime | None = None
