"""A slot that its practitioner moved with who is in it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.matching.sameday.app.bookings import BOOKED
from services.matching.sameday.app.round.deciding import ROUND
from services.matching.sameday.store.requests import Move
from services.matching.sameday.store.tables import RequestRow


def slot_moved(row: RequestRow, slot: Mapping[str, Any], now: datetime) -> Move | None:
    """The practitioner moved the slot with who is in it: the request follows, and the patient is yet to be told."""
    starts_at = datetime.fromisoformat(slot["starts_at"])
    if row.starts_at is None or row.starts_at == starts_at:
        return None
    return Move(
        row.id,
        code="slot_moved",
        by=ROUND,
        at=now,
        from_states=BOOKED,
        version=row.version,
        detail={"from": row.starts_at.isoformat(), "to": starts_at.isoformat()},
        values={"starts_at": starts_at, "told_at": None},
    )
