"""The ledger: how many patients each practitioner served, counted from the bookings."""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.tables import LedgerRow
from shared.db import Session, run
from shared.db.clock import PARIS, day_at, midnight, monday_of, zones

ON_TOP = "overbooking"
"""The origin of a slot opened on top of what a practitioner offers, for one request that found no other."""

_COUNTS = """
select cast(:cpts_id as text) as cpts_id, who.id as practitioner_id, count(b.id) as served_4_weeks,
       count(b.id) filter (where s.starts_at >= :monday and s.starts_at < :next_monday) as served_this_week,
       count(b.id) filter (where s.starts_at >= :monday and s.starts_at < :next_monday
                             and (b.overbooked or s.origin = 'overbooking')) as on_top_this_week,
       count(b.id) filter (where s.starts_at >= :monday and s.starts_at < :next_monday
                             and b.request_id is not null and not b.own_patient) as unknown_this_week
from unnest(cast(:ids as uuid[])) as who (id)
left join availability.slot s
       on s.practitioner_id = who.id and s.audience @> array[cast(:cpts_id as text)] and s.starts_at >= :since
left join availability.booking b on b.slot_id = s.id and b.state in ('confirmed', 'honoured')
group by who.id
"""
COUNTS = text(_COUNTS)
# What was counted is put down for who is counted for the first time, or was last on an earlier day: whoever changed
# their bookings meanwhile has counted them anew. Answers those whose numbers differ from what was told last.
_PUT = """
insert into availability.ledger as l
       (cpts_id, practitioner_id, served_4_weeks, served_this_week, on_top_this_week, unknown_this_week,
        counted_on)
select cpts_id, practitioner_id, served_4_weeks, served_this_week, on_top_this_week, unknown_this_week,
       cast(:today as date)
from counted
on conflict (cpts_id, practitioner_id) do update
   set (served_4_weeks, served_this_week, on_top_this_week, unknown_this_week, counted_on)
     = (excluded.served_4_weeks, excluded.served_this_week, excluded.on_top_this_week, excluded.unknown_this_week,
        excluded.counted_on)
 where l.counted_on <> excluded.counted_on
returning l.practitioner_id,
          (l.served_4_weeks, l.served_this_week, l.on_top_this_week, l.unknown_this_week) is distinct from
          (old.served_4_weeks, old.served_this_week, old.on_top_this_week, old.unknown_this_week) as differs
"""
COUNT = text(f"with counted as ({_COUNTS}) {_PUT}")
PUT = text(f"""
with counted as (
  select * from jsonb_to_recordset(cast(:counted as jsonb)) as c (
    cpts_id text, practitioner_id uuid, served_4_weeks int, served_this_week int, on_top_this_week int,
    unknown_this_week int)
)
{_PUT}
""")  # noqa: S608  constant texts, joined
ADD = text("""
with added as (
  select cpts_id, practitioner_id, today, sum(by) as by, sum(week) as week, sum(on_top) as on_top,
         sum(unknown) as unknown
  from jsonb_to_recordset(cast(:changes as jsonb)) as c (
    cpts_id text, practitioner_id uuid, today date, by int, week int, on_top int, unknown int)
  group by 1, 2, 3
)
update availability.ledger l
   set served_4_weeks = l.served_4_weeks + a.by, served_this_week = l.served_this_week + a.week,
       on_top_this_week = l.on_top_this_week + a.on_top,
       unknown_this_week = l.unknown_this_week + a.unknown
from added a
where l.cpts_id = a.cpts_id and l.practitioner_id = a.practitioner_id and l.counted_on = a.today
returning l.cpts_id, l.practitioner_id,
          a.by <> 0 or a.week <> 0 or a.on_top <> 0 or a.unknown <> 0 as differs
""")
WEEKS = text("""
select date_trunc('week', s.starts_at, :zone) as starts_at,
       count(b.id) as served,
       count(b.id) filter (where b.request_id is not null and not b.own_patient) as unknown,
       count(b.id) filter (where b.overbooked or s.origin = 'overbooking') as on_top
from availability.slot s join availability.booking b on b.slot_id = s.id and b.state in ('confirmed', 'honoured')
where s.practitioner_id = :practitioner_id and s.audience @> array[:cpts_id] and s.starts_at >= :since
group by 1
order by 1 desc
""")


@dataclass(frozen=True, slots=True)
class PractitionerWeek:
    """What one practitioner did in one ISO week, booked ahead included."""

    starts_at: datetime
    served: int
    unknown: int
    on_top: int


@dataclass(frozen=True, slots=True)
class ServedPatients:
    """Patients served more (or fewer, below 0) in a slot: whose, when, shown to whom, and which counts they are in."""

    audience: tuple[str, ...]
    practitioner_id: UUID
    starts_at: datetime
    by: int
    on_top: bool
    unknown: bool

    @classmethod
    def of(cls, slot: Any, booking: Any, by: int) -> "ServedPatients":
        """What a booking in this slot changes."""
        return cls(
            audience=tuple(slot.audience),
            practitioner_id=slot.practitioner_id,
            starts_at=slot.starts_at,
            by=by,
            on_top=booking.overbooked or slot.origin == ON_TOP,
            unknown=booking.request_id is not None and not booking.own_patient,
        )

    def changes(self, days: "LedgerDays") -> list[dict[str, Any]]:
        """What it adds to each ledger now."""
        return [self._change(cpts, days.at(cpts)) for cpts in self.audience]

    def _change(self, cpts: str, today: "LedgerDay") -> dict[str, Any]:
        by = self.by if self.starts_at >= today.since else 0
        week = self.by if today.monday <= self.starts_at < today.next_monday else 0
        added = {"by": by, "week": week, "on_top": week * self.on_top, "unknown": week * self.unknown}
        return {"cpts_id": cpts, "practitioner_id": self.practitioner_id, "today": today.day, **added}


@dataclass(frozen=True, slots=True)
class LedgerDay:
    """The day it is by the clocks of a territory, and what its ledgers count."""

    day: date
    zone: ZoneInfo = PARIS

    @property
    def since(self) -> datetime:
        """From when on the four weeks count, today included; what is booked ahead counts too."""
        return midnight(self.day - timedelta(days=27), self.zone)

    @property
    def monday(self) -> datetime:
        """When the week began."""
        return midnight(monday_of(self.day), self.zone)

    @property
    def next_monday(self) -> datetime:
        """When the next one begins."""
        return midnight(monday_of(self.day) + timedelta(days=7), self.zone)

    def window(self) -> dict[str, datetime]:
        """What the counts are bound to."""
        return {"since": self.since, "monday": self.monday, "next_monday": self.next_monday}


@dataclass(frozen=True, slots=True)
class LedgerDays:
    """An instant, by the clocks of each territory."""

    now: datetime
    zones: Mapping[str, ZoneInfo]

    @classmethod
    async def read(cls, session: Session, now: datetime) -> "LedgerDays":
        """With the territories as they are known."""
        return cls(now, await zones(session))

    def at(self, cpts: str) -> LedgerDay:
        """The day it is there."""
        zone = self.zones.get(cpts, PARIS)
        return LedgerDay(day_at(self.now, zone), zone)


async def add(session: Session, served: Sequence[ServedPatients], days: LedgerDays) -> dict[str, list[UUID]]:
    """Bring the ledgers up to date with these changes; answers whose counts changed, by CPTS.

    The streams of these CPTS are locked: nobody else writes their ledgers. Who was last counted on another day, or
    never, is counted again instead.
    """
    changes = [change for each in served for change in each.changes(days)]
    done = (await run(session, ADD, changes=json.dumps(changes, default=str))).all()
    changed: dict[str, list[UUID]] = defaultdict(list)
    for row in done:
        if row.differs:
            changed[row.cpts_id].append(row.practitioner_id)
    missing: dict[str, set[UUID]] = defaultdict(set)
    for change in changes:
        missing[change["cpts_id"]].add(change["practitioner_id"])
    for row in done:
        missing[row.cpts_id].discard(row.practitioner_id)
    for cpts_id, ids in sorted(missing.items()):
        if ids:
            changed[cpts_id] += await count(session, cpts_id, ids, days.at(cpts_id))
    return changed


async def count(session: Session, cpts_id: str, ids: Collection[UUID], today: LedgerDay) -> list[UUID]:
    """Count those not counted today: the 28 days up to it with what is booked ahead, and this week.

    Answers whose counts changed. The stream of the CPTS is locked.
    """
    counted = await run(session, COUNT, cpts_id=cpts_id, ids=sorted(ids), today=today.day, **today.window())
    return [row.practitioner_id for row in counted if row.differs]


async def counts(session: AsyncSession, cpts_id: str, ids: Collection[UUID], today: LedgerDay) -> list[dict[str, Any]]:
    """The same counts, only read: for `put_down` to write once the stream is locked."""
    counted = await run(session, COUNTS, cpts_id=cpts_id, ids=sorted(ids), **today.window())
    return [dict(row) for row in counted.mappings()]


async def put_down(session: AsyncSession, counted: Sequence[Mapping[str, Any]], today: date) -> list[UUID]:
    """Write what `counts` answered, but for who was counted meanwhile; answers whose counts changed."""
    done = await run(session, PUT, counted=json.dumps(counted, default=str), today=today)
    return [row.practitioner_id for row in done if row.differs]


async def by_week(
    session: AsyncSession, cpts_id: str, practitioner_id: UUID, today: LedgerDay, weeks: int
) -> Sequence[PractitionerWeek]:
    """Of the last weeks those in which somebody was served, the latest first."""
    first = midnight(monday_of(today.day) - timedelta(weeks=weeks - 1), today.zone)
    asked = {"cpts_id": cpts_id, "practitioner_id": practitioner_id, "since": first, "zone": today.zone.key}
    found = await run(session, WEEKS, **asked)
    return [PractitionerWeek(row.starts_at, row.served, row.unknown, row.on_top) for row in found]


async def find_outdated(session: AsyncSession, cpts_id: str, today: date) -> list[UUID]:
    """Whose ledger was last counted before today."""
    stale = (col(LedgerRow.cpts_id) == cpts_id, col(LedgerRow.counted_on) < today)
    return list((await session.exec(select(LedgerRow.practitioner_id).where(*stale))).all())
