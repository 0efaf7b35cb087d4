"""What a notice may be about, where it may stand and why it was not sent."""

from collections.abc import Mapping
from enum import StrEnum

from shared.auth import Role

MOST_PER_REQUEST = 3
"""Messages that one person gets about one request, at most; the database refuses the next."""


class NoticeKind(StrEnum):
    """What happened."""

    BOOKED = "booked"
    CANCELLED = "cancelled"
    MOVED = "moved"
    OVERBOOKING_ASKED = "overbooking_asked"
    ATTACHMENT_PROPOSED = "attachment_proposed"
    AGENDA_UNREADABLE = "agenda_unreadable"
    REQUEST_ASSIGNED = "request_assigned"
    REQUEST_MOVED = "request_moved"
    REQUEST_LOST = "request_lost"
    REQUEST_CALL_BACK = "request_call_back"
    P1_WAITING = "p1_waiting"
    REQUEST_UNSERVED = "request_unserved"
    SETTLED = "settled"
    """Nothing to tell: what was to be told is no longer true."""


class NoticeState(StrEnum):
    """Where a notice or one of its deliveries stands."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"


class Reason(StrEnum):
    """Why a notice waits, or was not sent."""

    NONE = ""
    QUIET = "quiet"
    OWN_ACT = "own_act"
    OVERTAKEN = "overtaken"
    TOO_LATE = "too_late"
    UNWANTED = "unwanted"
    NO_CHANNEL = "no_channel"
    ENOUGH = "enough"


OF_PRACTITIONERS = (
    NoticeKind.BOOKED,
    NoticeKind.CANCELLED,
    NoticeKind.MOVED,
    NoticeKind.OVERBOOKING_ASKED,
    NoticeKind.ATTACHMENT_PROPOSED,
    NoticeKind.AGENDA_UNREADABLE,
)
OF_REFERRERS = (
    NoticeKind.REQUEST_ASSIGNED,
    NoticeKind.REQUEST_MOVED,
    NoticeKind.REQUEST_LOST,
    NoticeKind.REQUEST_CALL_BACK,
)
OF_THE_BOARD = (NoticeKind.P1_WAITING, NoticeKind.REQUEST_UNSERVED)
OFFERED: Mapping[Role, tuple[NoticeKind, ...]] = {
    Role.PRACTITIONER: (*OF_PRACTITIONERS, *OF_REFERRERS),
    Role.DELEGATE: (*OF_PRACTITIONERS, *OF_REFERRERS),
    Role.PHARMACIST: OF_REFERRERS,
    Role.REGULATOR: OF_REFERRERS,
    Role.COORDINATOR: (*OF_THE_BOARD, *OF_REFERRERS),
    Role.COMMITTEE: (),
    Role.ADMIN: (),
}
"""What each role may be told."""
DETAILS: Mapping[str, str] = {
    NoticeKind.BOOKED: "/creneaux",
    NoticeKind.CANCELLED: "/creneaux",
    NoticeKind.MOVED: "/creneaux",
    NoticeKind.OVERBOOKING_ASKED: "/creneaux#demandes",
    NoticeKind.ATTACHMENT_PROPOSED: "/creneaux#demandes",
    NoticeKind.AGENDA_UNREADABLE: "/creneaux#moi",
    NoticeKind.P1_WAITING: "/tension",
    NoticeKind.REQUEST_UNSERVED: "/tension",
}
"""The page that shows the details, once signed in; those of a referrer are on theirs."""
