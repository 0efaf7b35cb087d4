"""The places of slots: one statement reads and locks them, one writes what becomes of them and all that follows.

Every change of a booking locks its slot first, in order of ids. Under these locks nothing else changes a place, so
what is decided on what was read is what is written; the second statement tests it again all the same. `look` reads
without a lock: then that test decides.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import Row, text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.core.places import TakenPlace
from services.availability.tables import OUTBOX, PLACE_USED
from services.people.notices.store.telling import STREAM
from shared.contracts import BookingState
from shared.db import Session, ring_after_commit, run
from shared.db.direct import DirectSession

SLOT = (
    "id", "cpts_id", "audience", "practitioner_id", "place_id", "starts_at", "ends_at", "capacity", "taken",
    "overbooked", "modes", "types", "acts", "min_age", "max_age", "appointment", "status", "origin", "fresh_at",
    "give_back_at", "version", "live",
)  # fmt: skip
BOOKING = (
    "id", "cpts_id", "slot_id", "request_id", "state", "held_by", "held_until", "overbooked", "own_patient",
    "regulated_at", "urgency",
)  # fmt: skip

# `version` is the slot's as the statement began, `locked_version` as it is now that we have its lock: when they differ,
# somebody changed it while we waited, and the bookings read here may be those of before.
_OF_BOOKINGS = "array(select slot_id from availability.booking where id = any (cast(:bookings as uuid[])))"
_ASKED = f"id = any (cast(:slots as uuid[]) || {_OF_BOOKINGS})"
_FREE = "status = 'published' and taken < capacity and starts_at > common.now()"
_READ = text(f"""
with locked as (
  select id, version from availability.slot
  where {_ASKED} and (id = any (cast(:always as uuid[])) or id = any ({_OF_BOOKINGS}) or ({_FREE}))
  order by id for no key update
)
select {", ".join(f"slot.{each}" for each in SLOT)}, locked.version as locked_version, common.now() as now,
       {", ".join(f"b.{each} as b_{each}" for each in BOOKING)}
from (select * from availability.slot where {_ASKED}) as slot
left join locked on locked.id = slot.id
left join availability.booking b on b.slot_id = slot.id and (b.{PLACE_USED} or b.id = any (cast(:bookings as uuid[])))
order by slot.id, b.id
""")  # noqa: S608  constant texts, joined

_LOOK = text(f"""
select w.asker, {", ".join(f"slot.{each}" for each in SLOT)}, slot.version as locked_version, common.now() as now,
       {", ".join(f"b.{each} as b_{each}" for each in BOOKING)}
from (select 'machine:' || name as asker from common.machine where token_hash = :token and cpts = '{{*}}') as w
left join availability.slot on slot.id = coalesce(
  cast(:slot as uuid), (select slot_id from availability.booking where id = cast(:booking as uuid)))
left join availability.booking b on b.slot_id = slot.id and (b.{PLACE_USED} or b.id = cast(:booking as uuid))
order by b.id
""")  # noqa: S608  constant texts, joined
MOVED = (asyncpg.DivisionByZeroError, asyncpg.IntegrityConstraintViolationError)
"""What the driver raises when somebody else was quicker."""
LedgerUncounted = asyncpg.RaiseError
_SERVED_EVENT = {"type": "practitioner_served.v1", "collection": "practitioners", "detail": {}}

# Bookings, the slots' counts, history, accesses, notices, the turn of the streams and their events; then, all of that
# seen, the ledgers and what the streams say of them. The statements stand in migration 0020.
_WRITE = text("""
select availability.write_places(
  cast(:made as jsonb), cast(:moved as jsonb), cast(:slots as jsonb), cast(:history as jsonb),
  cast(:accesses as jsonb), cast(:news as jsonb), cast(:events as jsonb), cast(:served as jsonb),
  cast(:served_event as jsonb), cast(:guest_since as text), cast(:now as timestamptz), cast(:only as boolean)
)::text as missing
""")


@dataclass(frozen=True, slots=True)
class Ground:
    """A slot as it was read, with its places; `locked`: nobody else changes it before our commit."""

    slot: Row[Any]
    places: Mapping[UUID, TakenPlace]
    locked: bool

    @property
    def free(self) -> bool:
        """Whether a place could be had when it was read."""
        slot = self.slot
        return bool(slot.status == "published" and slot.taken < slot.capacity and slot.starts_at > slot.now)

    @property
    def stale(self) -> bool:
        """Whether it changed while its lock was waited for: read it again, now without waiting."""
        if self.slot.locked_version is None:
            return self.free
        return bool(self.slot.locked_version != self.slot.version)


async def look(session: DirectSession, token: bytes, **asked: UUID) -> tuple[str, list[Ground]] | None:
    """Which of our machines asks, and a `slot` or the slot of a `booking` as it is, unlocked; None for anybody else.

    What is then written tests the slot's version.
    """
    values = {"slot": asked.get("slot"), "booking": asked.get("booking"), "token": token}
    rows = (await run(session, _LOOK, **values)).all()
    return (rows[0].asker, _grounds([row for row in rows if row.id is not None])) if rows else None


async def read(
    session: AsyncSession,
    *,
    slots: Collection[UUID] = (),
    always: Collection[UUID] = (),
    bookings: Collection[UUID] = (),
) -> list[Ground]:
    """Slots and the places taken in them, in order of ids.

    `slots` are locked if they have a free place, `always` and the slots of `bookings` whatever they are; what row-level
    security hides is left out.
    """
    asked = {"slots": [*slots, *always], "always": list(always), "bookings": list(bookings)}
    grounds = _grounds((await run(session, _READ, **asked)).all())
    # A slot that stays as it was and is still not locked is not the caller's to change: nothing more will come of it.
    while stale := {(ground.slot.id, ground.slot.version) for ground in grounds if ground.stale}:
        grounds = _grounds((await run(session, _READ, **asked)).all())
        if stale.issuperset((ground.slot.id, ground.slot.version) for ground in grounds if ground.stale):
            break
    return grounds


def _grounds(rows: Sequence[Row[Any]]) -> list[Ground]:
    found: dict[UUID, tuple[Row[Any], dict[UUID, TakenPlace]]] = {}
    for row in rows:
        places = found.setdefault(row.id, (row, {}))[1]
        if row.b_id is not None:
            places[row.b_id] = TakenPlace(
                id=row.b_id,
                cpts_id=row.b_cpts_id,
                slot_id=row.b_slot_id,
                request_id=row.b_request_id,
                state=BookingState(row.b_state),
                held_by=row.b_held_by,
                held_until=row.b_held_until,
                overbooked=row.b_overbooked,
                own_patient=row.b_own_patient,
                regulated_at=row.b_regulated_at,
                urgency=row.b_urgency,
            )
    return [Ground(slot, places, slot.locked_version is not None) for slot, places in found.values()]


@dataclass(slots=True)
class PlacesWritten:
    """What one `write` takes, row by row: see the statement."""

    made: list[dict[str, Any]] = field(default_factory=list)
    moved: list[dict[str, Any]] = field(default_factory=list)
    slots: list[dict[str, Any]] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    accesses: list[dict[str, Any]] = field(default_factory=list)
    news: list[dict[str, Any]] = field(default_factory=list)
    served: list[dict[str, Any]] = field(default_factory=list)


async def write(
    session: Session, rows: PlacesWritten, *, now: datetime, events: str, guest_since: datetime
) -> list[tuple[str, UUID]]:
    """Write what becomes of places, their slots' counts, history, accesses, notices and events, and the ledgers.

    All of it, or nothing: what is not as it was read any more raises one of MOVED. Under a lock that never happens.
    Answers whose ledgers, by CPTS and practitioner, were not counted today and are to be; without a transaction to do
    that in, nothing is written and `LedgerUncounted` raised.
    """
    values = {name: json.dumps(getattr(rows, name), default=str) for name in PlacesWritten.__slots__}
    for stream in {OUTBOX.stream(change["cpts_id"]) for change in rows.served}:
        ring_after_commit(session, stream)
    only = isinstance(session, DirectSession)
    event = json.dumps(_SERVED_EVENT | {"at": _say(now)})
    found = await run(
        session,
        _WRITE,
        **values,
        now=now,
        events=events,
        guest_since=_say(guest_since),
        only=only,
        served_event=event,
    )
    if rows.news:
        ring_after_commit(session, STREAM)
    return [(each["cpts_id"], UUID(each["practitioner_id"])) for each in json.loads(found.scalar_one())]


def _say(at: datetime) -> str:
    """An instant as the streams have it."""
    return at.isoformat().replace("+00:00", "Z")
