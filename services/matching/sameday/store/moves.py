"""Many guarded changes of requests in few statements: what a round does to everybody at once.

Each change is the one that `store.requests.move` makes, with the same guards; those that no longer hold are left out.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.sameday.store.notices import tell_of_request
from services.matching.sameday.store.overbooking_asks import OverbookingAskRow, follow_request
from services.matching.sameday.store.requests import REQUESTS, Move
from services.matching.sameday.store.tables import OUTBOX, RequestRow
from shared.contracts import RequestState
from shared.db import run

Moved = tuple[Move, RequestRow]
_NAMES = [column.name for column in RequestRow.__table__.columns]  # type: ignore[attr-defined]
_SET = ", ".join(f"{name} = w.{name}" for name in _NAMES if name != "id")
_AFTER = ", ".join(f"(w.after).{name}" for name in _NAMES)

# The row after the change is the row before it with the values that change: each takes its column's own type.
_MOVE = text(f"""
with given as (
  select (m->>'id')::uuid as id, (m->>'version')::integer as version, m->'from' as from_states, m->>'to' as to_state,
         (m->>'at')::timestamptz as at, m->>'code' as code, m->>'by' as by, m->'detail' as detail, m->'values' as given,
         array(select jsonb_array_elements_text(m->'taken_up')) as taken_up, m->>'booking_id' as booking_id,
         (m->>'gives_back')::boolean as gives_back
  from jsonb_array_elements(cast(:moves as jsonb)) m
), before as (
  select r as was, g.to_state, g.at, g.code, g.by, g.detail, g.given, g.gives_back
  from matching.request r join given g on g.id = r.id
  where g.from_states ? r.state and (g.version is null or g.version = r.version) and not r.given_back && g.taken_up
    and (g.booking_id is null or g.booking_id = r.booking_id::text)
  order by r.id for update of r
), worked as (
  select (b.was).id as of, (b.was).version as was, (b.was).state as from_state, b.code, b.by, b.detail,
    jsonb_populate_record(b.was, b.given || jsonb_build_object(
      'state', coalesce(b.to_state, (b.was).state), 'version', (b.was).version + 1, 'changed_at', b.at,
      'told_at', case when b.to_state is null and not b.given ? 'told_at' then (b.was).told_at
        when b.to_state is not null and (b.was).asked_by = b.by then b.at end,
      'given_back', case when not b.gives_back then (b.was).given_back else (b.was).given_back
        || array_remove(array_append((b.was).companions, (b.was).booking_id::text), null) end
    )) as after
  from before b
), wanted as (
  select w.of, w.was, w.from_state, w.code, w.by, w.detail, {_AFTER} from worked w
), moved as (
  update matching.request r set {_SET} from wanted w where r.id = w.of and r.version = w.was returning r.*
), story as (
  insert into matching.request_change (request_id, version, cpts_id, at, from_state, to_state, code, by, detail)
  select m.id, m.version, m.cpts_id, m.changed_at, w.from_state, m.state, w.code, w.by, w.detail
  from moved m join wanted w on w.of = m.id
)
select m.*, w.from_state as was_state from moved m join wanted w on w.of = m.id order by m.id
""")  # noqa: S608  names of our own columns

_EXPLAIN = text("""
update matching.request r set blockers = g.why->'blockers', relaxations = g.why->'relaxations'
from (
  select (m->>'id')::uuid as id, (m->>'version')::integer as version, m as why
  from jsonb_array_elements(cast(:reasons as jsonb)) m
) g
where r.id = g.id and r.version = g.version returning r.*
""")

_CONDEMN = text("""
with given as (
  select (m->>0)::uuid as id, m->>1 as booking from jsonb_array_elements(cast(:pairs as jsonb)) m
), doomed as (
  select r.id, g.booking from matching.request r join given g on g.id = r.id
  where not (r.state in ('held', 'confirmed')
             and (coalesce(r.booking_id::text = g.booking, false) or g.booking = any(r.companions)))
  order by r.id for update of r
), grouped as (
  select id, array_agg(booking) as bookings from doomed group by id
), noted as (
  update matching.request r set given_back = r.given_back || array(
    select unnest(g.bookings) except select unnest(r.given_back)
  ) from grouped g where r.id = g.id
)
select booking from doomed
""")


async def move_all(session: AsyncSession, changes: Sequence[Move]) -> list[Moved]:
    """Make the changes whose request still stands where it is expected, one for each request; answers which."""
    if not changes:
        return []
    by_id = {change.request_id: change for change in changes}
    rows = await run(session, _MOVE, moves=json.dumps([_list_given(each) for each in by_id.values()], default=_plain))
    moved: list[Moved] = []
    for found in rows.mappings():
        row, change = _row(found), by_id[found["id"]]
        await tell_of_request(session, row, change.code, change.by, before=found["was_state"], detail=change.detail)
        moved.append((change, row))
    return moved


def _list_given(change: Move) -> dict[str, Any]:
    first = change.values.get("booking_id")
    return {
        "id": change.request_id,
        "version": change.version,
        "booking_id": change.booking_id,
        "from": list(change.from_states),
        "to": change.to,
        "at": change.at,
        "code": change.code,
        "by": change.by,
        "detail": change.detail,
        "values": change.values,
        "taken_up": [first, *change.values.get("companions", ())] if first else [],
        "gives_back": "booking_id" in change.values or change.to == RequestState.CANCELLED,
    }


def _plain(value: object) -> str:
    return str(value)


def _row(found: Mapping[Any, Any]) -> RequestRow:
    return RequestRow(**{name: found[name] for name in _NAMES})


async def explain_all(session: AsyncSession, reasons: Sequence[Mapping[str, Any]]) -> list[RequestRow]:
    """Renew why requests have no slot (`id`, `version`, `blockers`, `relaxations`): no line of their story."""
    if not reasons:
        return []
    rows = await run(session, _EXPLAIN, reasons=json.dumps(list(reasons), default=_plain))
    return [_row(found) for found in rows.mappings()]


async def condemn(session: AsyncSession, pairs: Iterable[tuple[UUID, UUID]]) -> set[UUID]:
    """Write down, for each (request, booking), that the booking goes back, unless the request uses it.

    From then on nobody can record it any more. Answers the bookings that go back.
    """
    found = await run(session, _CONDEMN, pairs=json.dumps([list(pair) for pair in pairs], default=_plain))
    return {UUID(booking) for booking in found.scalars()}


async def tell_all(session: AsyncSession, changed: Sequence[tuple[str, RequestRow]]) -> None:
    """Append the new state of these requests of one CPTS to its stream, in this order: the last statements."""
    if not changed:
        return
    events = [REQUESTS.event(row, code) for code, row in changed]
    await OUTBOX.append_all(session, [changed[0][1].cpts_id], events)
    rows = {row.id: row for _, row in changed}
    asked = select(OverbookingAskRow.request_id).where(col(OverbookingAskRow.request_id).in_(rows)).distinct()
    for request_id in sorted((await session.exec(asked)).all()):
        await follow_request(session, rows[request_id])
