"""What each role sees of a value of the live streams. Nothing here names a person; bookings are still nobody's business
but their practitioner's and those who run the CPTS."""

from typing import Any

from shared.auth import OWN_SLOTS_ONLY, Caller, Role

SEES_BOOKINGS = frozenset({Role.MACHINE, Role.COORDINATOR, Role.ADMIN})
SEES_TYPES = {
    Role.PHARMACIST: frozenset({"PRO", "CPTS", "PUBLIC"}),
    Role.REGULATOR: frozenset({"SNP", "CPTS", "PRO", "PUBLIC"}),
}


def view(caller: Caller, collection: str, value: dict[str, Any]) -> dict[str, Any] | None:
    """A value as this caller may see it, or None. Depends on the caller's role and practitioners only."""
    if collection != "slots" or caller.role in SEES_BOOKINGS:
        return value
    if caller.role in OWN_SLOTS_ONLY and value["practitioner_id"] in (caller.practitioners or ()):
        return value
    types = SEES_TYPES.get(caller.role)
    if types is not None and (types.isdisjoint(value["types"]) or value["status"] != "published"):
        return None
    return {**value, "bookings": []}
