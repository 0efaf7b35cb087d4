"""Looking for a médecin traitant, as the live streams tell it: the states, and the value of one entry of the register.

Neither name nor age. Who a practitioner takes, and how many, is in no value.
"""

from datetime import datetime
from enum import StrEnum

from shared.contracts.events import Contract


class AttachmentState(StrEnum):
    """Where someone without a médecin traitant stands; every change is a row."""

    WAITING = "waiting"
    PROPOSED = "proposed"
    ACCEPTED_BY_PRACTITIONER = "accepted_by_practitioner"
    ACCEPTED = "accepted"
    """By both sides; the declaration remains to be made."""
    CONFIRMED = "confirmed"
    """The declaration is made."""
    REFUSED_BY_PRACTITIONER = "refused_by_practitioner"
    REFUSED_BY_PATIENT = "refused_by_patient"
    TO_REVALIDATE = "to_revalidate"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


SEEKING = frozenset(
    {AttachmentState.WAITING, AttachmentState.REFUSED_BY_PRACTITIONER, AttachmentState.REFUSED_BY_PATIENT}
)
"""States in which a round may propose a practitioner: a refusal by either side costs nobody their turn."""
PROMISED = frozenset({AttachmentState.PROPOSED, AttachmentState.ACCEPTED_BY_PRACTITIONER, AttachmentState.ACCEPTED})
"""States that keep one of a practitioner's places until the declaration is made or given up."""
CLOSED = frozenset({AttachmentState.CONFIRMED, AttachmentState.WITHDRAWN, AttachmentState.EXPIRED})


class AttachmentView(Contract):
    """Someone who looks for a médecin traitant. `household`: the same for people who go to one practitioner together.

    `untold`: proposed, and the practitioner is not told yet.
    `why` holds the figures behind a proposal: journey in seconds, days waited, place among those of the class.
    """

    id: str
    cpts_id: str
    state: AttachmentState
    version: int
    insee: str
    priority_class: str
    household: str
    home_visits: bool
    registered_at: datetime
    registered_by: str
    source: str
    revalidate_by: datetime
    practitioner_id: str | None = None
    round_id: str | None = None
    proposed_at: datetime | None = None
    answer_by: datetime | None = None
    why: dict[str, int] = {}
    reason: str = ""
    untold: bool = False
