"""What each role sees of the requests.

Who runs or supervises the board sees everything; the committee nothing of one person: it is told counts. Who asks
sees their own requests, and of the others enough to count them: neither motive, nor slot, nor who asked. A practitioner
or delegate sees who comes to their own slots, what they asked themselves, and what they are asked to take on top.
"""

from typing import Any

from shared.auth import Caller, Role

APPOINTMENT: dict[str, Any] = {
    "slot_id": None,
    "booking_id": None,
    "practitioner_id": None,
    "held_until": None,
    "in_hand_by": "",
}
OTHERS: dict[str, Any] = {**APPOINTMENT, "act": "", "asked_by": "", "owner": "", "cost": {}, "relaxations": []}
SEES_ALL = frozenset({Role.COORDINATOR, Role.ADMIN, Role.MACHINE})


def request_view(caller: Caller, value: dict[str, Any]) -> dict[str, Any] | None:
    """A request as this caller may see it; None: not at all."""
    if caller.role in SEES_ALL or value["asked_by"] == caller.id:
        return value
    if caller.role in (Role.REGULATOR, Role.PHARMACIST):
        return {**value, **OTHERS}
    comes = (
        value["booking_id"] and caller.practitioners is not None and value["practitioner_id"] in caller.practitioners
    )
    return value if comes else None


def ask_view(caller: Caller, value: dict[str, Any]) -> dict[str, Any] | None:
    """An ask for one more patient: for who asked it or the request, who is asked, and who runs the board."""
    if caller.role in SEES_ALL or caller.id in (value["asked_by"], value["request_by"]):
        return value
    if value["practitioner_id"] in (caller.practitioners or ()):
        return {**value, "asked_by": "", "request_by": ""}
    return None
