"""Whose a booking is, which names of requests are the board's own, and who says that the regulation sent one."""

from datetime import datetime
from uuid import UUID

from shared.auth import Caller, Role
from shared.refusals import Invalid, NotAllowed


def require_own_name(caller: Caller, request_id: str | None) -> None:
    """Requests of the board are named by it alone: whoever else used such a name would be taken for it (`Invalid`)."""
    if caller.role is Role.MACHINE or request_id is None:
        return
    try:
        UUID(request_id.partition(".")[0])
    except ValueError:
        return
    raise Invalid("Ce nom est celui d'une demande du tableau.", field="request_id", rule="a name of your own, no UUID")


def require_theirs(caller: Caller, *, held_by: str, host: str) -> None:
    """Who booked acts on a booking, and the CPTS that the slot is at home in (`NotAllowed`).

    A slot shown to other CPTS is booked by their people too: those who only see it act on nothing.
    """
    own, at_home = held_by == caller.id, caller.may_see(host)
    theirs = own or (at_home and held_by.startswith("machine:"))
    if not (theirs if caller.role in {Role.PHARMACIST, Role.REGULATOR} else own or at_home):
        raise NotAllowed("Cette place a été prise par quelqu'un d'autre.", rule="own bookings, or your CPTS's slots")


def find_regulated_at(caller: Caller, told: datetime | None, now: datetime) -> datetime | None:
    """When the regulation sent somebody: the board says so, a regulator who books has just done so, nobody else may."""
    return {Role.MACHINE: told, Role.REGULATOR: now}.get(caller.role)
