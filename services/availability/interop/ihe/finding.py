"""Which appointments could be had, and which are."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.interop.ihe.existing import Existing
from services.availability.interop.ihe.parameters import OWN, Search
from services.availability.interop.ihe.resources import STATUS, Meeting
from services.availability.live import SEES_TYPES
from shared.auth import Caller, Role
from shared.db import run
from shared.refusals import NotFound

_MEETING = """
       count(*) over () as total, s.id as slot_id, s.starts_at, s.ends_at, s.modes, s.appointment, s.practitioner_id,
       s.place_id,
       p.rpps, p.specialty, p.profession, p.first_name || ' ' || p.last_name as name, l.name as place,
       l.insee
"""
_OF_SLOT = """
join availability.practitioner p on p.id = s.practitioner_id
join availability.place l on l.id = s.place_id
"""
# Nobody is offered what they may not see: types by role, slots shown to their CPTS, nothing held or given back.
_FREE = text(f"""
select {_MEETING} from availability.slot s {_OF_SLOT}
left join availability.practice t on t.practitioner_id = s.practitioner_id
where s.audience @> array[cast(:cpts as text)] and s.status = 'published' and s.taken < s.capacity
  and s.starts_at > common.now() and s.starts_at between :from_at and :to_at
  and not coalesce(t.paused, false)
  and (cast(:types as text[]) is null or s.types && cast(:types as text[]))
  and (cast(:own as text[]) is null or s.practitioner_id::text = any (cast(:own as text[])))
  and (cast(:specialties as text[]) = '{{}}'
       or p.specialty = any (cast(:specialties as text[])) or p.profession = any (cast(:specialties as text[])))
  and (cast(:modes as text[]) = '{{}}' or s.modes && cast(:modes as text[]))
  and (cast(:practitioners as text[]) = '{{}}'
       or p.id::text = any (cast(:practitioners as text[])) or p.rpps = any (cast(:practitioners as text[])))
  and (cast(:places as text[]) = '{{}}' or l.id::text = any (cast(:places as text[])))
order by s.starts_at, s.id limit greatest(:count, 1)
""")  # noqa: S608  constant texts, joined
_BOOKED = f"""
select b.id, b.state, b.held_until, b.request_id, {_MEETING}
from availability.booking b join availability.slot s on s.id = b.slot_id {_OF_SLOT}
where (cast(:by as text) is null or b.held_by = cast(:by as text))
  and (cast(:own as text[]) is null or s.practitioner_id::text = any (cast(:own as text[])))
"""  # noqa: S608  constant texts, joined
_ONE = text(f"{_BOOKED} and b.id = :id")
# `from_at` is the first instant asked for, `to_at` the first one that is not.
_EXISTING = text(f"""{_BOOKED} and b.state = any (cast(:states as text[]))
  and s.starts_at >= coalesce(cast(:from_at as timestamptz),
                              least(cast(:to_at as timestamptz), common.now()) - interval '31 days')
  and (cast(:to_at as timestamptz) is null or s.starts_at < cast(:to_at as timestamptz))
  and (cast(:ids as text[]) is null or b.id::text = any (cast(:ids as text[])))
  and (cast(:requests as text[]) is null or b.request_id = any (cast(:requests as text[])))
  and (cast(:places as text[]) is null or l.id::text = any (cast(:places as text[])))
  and (cast(:people as text[]) is null
       or p.id::text = any (cast(:people as text[])) or p.rpps = any (cast(:people as text[])))
order by s.starts_at, b.id limit greatest(:count, 1) offset :offset
""")
OWN_BOOKINGS_ONLY = frozenset({Role.PHARMACIST, Role.REGULATOR})


def _who(caller: Caller) -> dict[str, Any]:
    own = None if caller.practitioners is None else sorted(caller.practitioners)
    return {"own": own, "by": caller.id if caller.role in OWN_BOOKINGS_ONLY else None}


async def free(session: AsyncSession, caller: Caller, search: Search) -> tuple[list[Meeting], int]:
    """The first appointments that a search finds, by time, and how many there are."""
    finess = search.finess or caller.only_cpts()
    caller.require_cpts(finess)
    types = SEES_TYPES.get(caller.role)
    rows = await run(
        session,
        _FREE,
        cpts=finess,
        from_at=search.from_at,
        to_at=search.to_at,
        types=None if types is None else sorted(types),
        own=_who(caller)["own"],
        specialties=list(search.specialties),
        modes=list(search.modes),
        practitioners=list(search.practitioners),
        places=list(search.places),
        count=search.count,
    )
    found = rows.all()
    shown = [_meeting(row, id=str(row.slot_id), status="proposed") for row in found[: search.count]]
    return shown, found[0].total if found else 0


async def existing(session: AsyncSession, caller: Caller, wanted: Existing) -> tuple[list[Meeting], int]:
    """The first bookings that the caller may see, and how many: a pharmacist or a regulator sees their own.

    Without a first day, those of the 31 days before now or before the last day asked, and after.
    """
    asked: dict[str, Any] = {
        name: None if keys is None else sorted(keys)
        for name, keys in (("ids", wanted.ids), ("people", wanted.practitioners), ("places", wanted.places))
    }
    # A request is known here by the name its caller gave it, or by its own.
    asked["requests"] = (
        None if wanted.requests is None else [*wanted.requests, *(OWN + each for each in wanted.requests)]
    )
    asked |= {"states": sorted(wanted.states), "from_at": wanted.from_at, "to_at": wanted.before}
    rows = await run(session, _EXISTING, **_who(caller), **asked, count=wanted.count, offset=wanted.offset)
    found = rows.all()
    return [_to_meeting(row) for row in found[: wanted.count]], found[0].total if found else 0


async def one(session: AsyncSession, caller: Caller, booking_id: UUID) -> Meeting:
    """One booking; raises `NotFound`."""
    row = (await run(session, _ONE, **_who(caller), id=booking_id)).one_or_none()
    if row is None:
        raise NotFound
    return _to_meeting(row)


def _to_meeting(row: Row[Any]) -> Meeting:
    return _meeting(
        row, id=str(row.id), status=STATUS[row.state], request=row.request_id or "", held_until=row.held_until
    )


def _meeting(row: Row[Any], **of: Any) -> Meeting:
    return Meeting(
        slot_id=str(row.slot_id),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        modes=tuple(row.modes),
        appointment=row.appointment,
        practitioner_id=str(row.practitioner_id),
        rpps=row.rpps,
        name=row.name,
        place_id=str(row.place_id),
        place=row.place,
        insee=row.insee,
        **of,
    )
