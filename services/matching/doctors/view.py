"""What each role sees of the register.

Who runs it sees everything; the committee nothing of one person: it is told counts. Whoever registered someone sees
them, and the practitioner only once that one has accepted. A practitioner or delegate sees what is proposed to them,
once they are told of its round and to the declaration, without who registered the person. Nobody else sees anything:
neither who waits, nor, through proposals, how many patients a practitioner takes.
"""

from typing import Any

from shared.auth import Caller, Role
from shared.contracts.register import AttachmentState

SEES_ALL = frozenset({Role.COORDINATOR, Role.ADMIN, Role.MACHINE})
UNSAID: dict[str, Any] = {"practitioner_id": None, "round_id": None, "why": {}}


def attachment_view(caller: Caller, value: dict[str, Any]) -> dict[str, Any] | None:
    """An entry as this caller may see it; None: not at all."""
    if caller.role in SEES_ALL:
        return value
    theirs = (
        not value["untold"]
        and value["practitioner_id"] is not None
        and value["practitioner_id"] in (caller.practitioners or ())
    )
    if value["registered_by"] == caller.id:
        return {**value, **UNSAID} if value["state"] == AttachmentState.PROPOSED and not theirs else value
    return {**value, "registered_by": ""} if theirs else None
