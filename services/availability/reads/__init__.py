"""What is read: the values of the live streams, and the directory. Never writes."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, bindparam, or_, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.core.places import TakenPlace
from services.availability.tables import (
    BookingRow,
    CptsRow,
    PlaceRow,
    ScheduleRow,
    SlotRow,
)
from shared.contracts import (
    LIVE_BOOKING,
    BookingAnswer,
    BookingState,
    BookingView,
    CptsView,
    PlaceView,
    PractitionerView,
    SlotView,
)
from shared.contracts.events import State
from shared.db import Session, run
from shared.refusals import NotFound

GUEST_SINCE = datetime(2000, 1, 1, tzinfo=UTC)
"""Since when a practitioner of another CPTS counts as known here: no newcomer's ramp-up for them."""


PLAIN = tuple(set(SlotView.model_fields) - {"id", "practitioner_id", "place_id", "held", "bookings"})


def booking_view(row: BookingRow | TakenPlace) -> BookingView:
    """A booking as the streams tell it."""
    return BookingView(
        id=str(row.id),
        state=BookingState(row.state),
        request_id=row.request_id,
        held_until=row.held_until,
        overbooked=row.overbooked,
    )


_ANSWERS = text("""
select b.id::text as id, s.status as slot_status, b.held_by not like 'machine:%' as by_hand,
       case when b.state = 'held' and b.held_until <= common.now() then 'expired' else b.state end as state
from availability.booking b join availability.slot s on s.id = b.slot_id
where b.id = any(:ids) order by b.id
""")


async def booking_answers(session: AsyncSession, ids: Collection[UUID]) -> list[BookingAnswer]:
    """Where these bookings stand now, by the database; those that the caller may not touch are not answered."""
    return [BookingAnswer(**row) for row in (await run(session, _ANSWERS, ids=list(ids))).mappings()]


def slot_view(row: Any, bookings: Sequence[BookingRow | TakenPlace], **counts: int) -> SlotView:
    """A slot's row as the streams tell it, with the bookings that use it; `counts` stand instead of the row's own."""
    held = sum(booking.state == BookingState.HELD for booking in bookings)
    return SlotView(
        **{**{name: getattr(row, name) for name in PLAIN}, **counts},
        id=str(row.id),
        practitioner_id=str(row.practitioner_id),
        place_id=str(row.place_id),
        held=held,
        bookings=[booking_view(booking) for booking in sorted(bookings, key=lambda booking: booking.id)],
    )


async def slot_views(session: AsyncSession, *conditions: Any) -> dict[UUID, SlotView]:
    """The slots that meet these conditions, by id, in order of time."""
    found = select(SlotRow).where(*conditions).order_by(col(SlotRow.starts_at), col(SlotRow.id))
    slots = (await session.exec(found.execution_options(populate_existing=True))).all()
    # The ids go as one value: a month of a large territory has more slots than a statement takes values.
    ids = bindparam("slot_ids", [slot.id for slot in slots], type_=ARRAY(Uuid))
    used = select(BookingRow).where(col(BookingRow.slot_id) == any_(ids), col(BookingRow.state).in_(LIVE_BOOKING))
    bookings: dict[UUID, list[BookingRow]] = defaultdict(list)
    for booking in (await session.exec(used.execution_options(populate_existing=True))).all():
        bookings[booking.slot_id].append(booking)
    return {slot.id: slot_view(slot, bookings[slot.id]) for slot in slots}


async def slots_shown(
    session: AsyncSession, cpts_id: str, start: datetime, end: datetime, *, past: bool = False
) -> list[SlotView]:
    """The slots that a CPTS is shown and that start between two instants; with `past`, those of days gone too."""
    live = () if past else (col(SlotRow.live).is_(True),)
    within = (col(SlotRow.starts_at) >= start, col(SlotRow.starts_at) < end)
    return list((await slot_views(session, visible_to(cpts_id), *live, *within)).values())


async def slot(session: AsyncSession, slot_id: UUID) -> SlotView:
    """One slot; raises `NotFound`."""
    found = await slot_views(session, col(SlotRow.id) == slot_id)
    if not found:
        raise NotFound
    return found[slot_id]


async def practitioner_of(session: AsyncSession, booking_id: UUID) -> UUID:
    """Whose slot a booking is in; raises `NotFound`."""
    its_slot = select(BookingRow.slot_id).where(BookingRow.id == booking_id).scalar_subquery()
    found = (await session.exec(select(SlotRow.practitioner_id).where(col(SlotRow.id) == its_slot))).one_or_none()
    if found is None:
        raise NotFound
    return found


def visible_to(cpts_id: str) -> Any:
    """The slots that a CPTS is shown."""
    return col(SlotRow.audience).contains([cpts_id])


def of_guests(column: Any, cpts_id: str) -> Any:
    """A column of the slots that other CPTS show to this one, whenever they were."""
    return select(column).where(visible_to(cpts_id), col(SlotRow.cpts_id) != cpts_id)


_PRACTITIONERS = text("""
select p.id::text as id, p.profession, p.specialty, coalesce(w.paused, false) as paused, w.week_cap, w.on_top_limit,
       m.joined_at, coalesce(w.qualifications, '{}') as qualifications,
       coalesce(l.served_4_weeks, 0) as served_4_weeks, coalesce(l.served_this_week, 0) as served_this_week,
       coalesce(l.on_top_this_week, 0) as on_top_this_week, coalesce(l.unknown_this_week, 0) as unknown_this_week
from availability.practitioner p
left join availability.membership m on m.practitioner_id = p.id and m.cpts_id = :cpts
left join availability.practice w on w.practitioner_id = p.id
left join availability.ledger l on l.practitioner_id = p.id and l.cpts_id = :cpts
where (cast(:ids as uuid[]) is null or p.id = any (:ids))
  and (m.cpts_id is not null
       or exists (select from availability.slot s
                  where s.practitioner_id = p.id and s.audience @> array[cast(:cpts as text)] and s.cpts_id <> :cpts))
""")


async def practitioner_views(
    session: Session, cpts_id: str, ids: Collection[UUID] | None = None
) -> dict[UUID, PractitionerView]:
    """The practitioners of a CPTS, and those of other CPTS who show it slots."""
    found = await run(session, _PRACTITIONERS, cpts=cpts_id, ids=None if ids is None else list(ids))
    return {UUID(row["id"]): _practitioner_view(**row) for row in found.mappings()}


def _practitioner_view(joined_at: datetime | None, **known: Any) -> PractitionerView:
    """As the streams tell them; who is known by a slot alone has no newcomer's ramp-up."""
    return PractitionerView(joined_at=joined_at or GUEST_SINCE, **known)


async def place_views(
    session: AsyncSession, cpts_id: str, ids: Collection[UUID] | None = None
) -> dict[UUID, PlaceView]:
    """The places where a CPTS's practitioners work, and those of the slots that others show it."""
    ours = select(ScheduleRow.place_id).where(col(ScheduleRow.cpts_id) == cpts_id)
    query = select(PlaceRow).where(
        or_(col(PlaceRow.id).in_(ours), col(PlaceRow.id).in_(of_guests(SlotRow.place_id, cpts_id)))
    )
    if ids is not None:
        query = query.where(col(PlaceRow.id).in_(ids))
    places = (await session.exec(query.execution_options(populate_existing=True))).all()
    return {place.id: place_view(place) for place in places}


def place_view(row: PlaceRow) -> PlaceView:
    """A place as the streams tell it."""
    return PlaceView(id=str(row.id), insee=row.insee, lat=row.lat, lon=row.lon, wheelchair=row.wheelchair)


def cpts_view(row: CptsRow) -> CptsView:
    """A territory as the streams tell it."""
    return CptsView(id=row.finess, name=row.name, size=row.size, communes=row.communes)


async def read_state(session: AsyncSession, cpts_id: str) -> State:
    """Everything that the stream of a CPTS tells, as it stands now."""
    cpts = (await session.exec(select(CptsRow).where(CptsRow.finess == cpts_id))).all()
    return {
        "cpts": {row.finess: cpts_view(row).model_dump(mode="json") for row in cpts},
        "practitioners": _plain(await practitioner_views(session, cpts_id)),
        "places": _plain(await place_views(session, cpts_id)),
        "slots": _plain(await slot_views(session, visible_to(cpts_id), col(SlotRow.live).is_(True))),
    }


def _plain(views: Mapping[UUID, SlotView | PractitionerView | PlaceView]) -> dict[str, Any]:
    return {str(key): view.model_dump(mode="json") for key, view in views.items()}
