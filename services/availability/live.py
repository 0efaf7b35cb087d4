"""What each role sees of a value of the live streams. Nothing here names a person; bookings are still nobody's business
but their practitioner's and those who run the CPTS."""

from collections.abc import Iterable
from typing import Any

from shared.auth import OWN_SLOTS_ONLY, Caller, Role

SEES_BOOKINGS = frozenset({Role.MACHINE, Role.COORDINATOR, Role.ADMIN})
SEES_TYPES = {
    Role.PHARMACIST: frozenset({"PRO", "CPTS", "PUBLIC"}),
    Role.REGULATOR: frozenset({"SNP", "CPTS", "PRO", "PUBLIC"}),
}


def sees(caller: Caller, practitioner_id: str, types: Iterable[str], status: str) -> bool:
    """Whether this caller sees such a slot at all."""
    if caller.role in SEES_BOOKINGS or (
        caller.role in OWN_SLOTS_ONLY and practitioner_id in (caller.practitioners or ())
    ):
        return True
    if caller.role is Role.COMMITTEE:
        return False
    shown = SEES_TYPES.get(caller.role)
    return shown is None or (status == "published" and not shown.isdisjoint(types))


def view(caller: Caller, collection: str, value: dict[str, Any]) -> dict[str, Any] | None:
    """A value as this caller may see it, or None. Depends on the caller's role and practitioners only."""
    if caller.role is Role.COMMITTEE:
        # It is told trends and counts: who serves how many is nobody's but theirs and those who run the CPTS.
        return value if collection == "cpts" else None
    if collection != "slots" or caller.role in SEES_BOOKINGS:
        return value
    if caller.role in OWN_SLOTS_ONLY and value["practitioner_id"] in (caller.practitioners or ()):
        return value
    if not sees(caller, value["practitioner_id"], value["types"], value["status"]):
        return None
    return {**value, "bookings": []}
