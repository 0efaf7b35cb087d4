"""Empty slots that go back to their practitioners, unless somebody who waits could take them."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import run

FRESH = timedelta(seconds=30)
"""Real time for which what a matching said of who waits is believed."""
FLOOR = timedelta(minutes=5)
"""Before its start a slot is too near for anybody who waits: it goes back whatever is, or is not, said."""

_HEARD = text("""
insert into availability.waiting (cpts_id, heard_at, slot_ids) values (:cpts, clock_timestamp(), :slots)
on conflict (cpts_id) do update set heard_at = excluded.heard_at, slot_ids = excluded.slot_ids
""")
# One statement tests and gives back. A CPTS whose matching is silent has said nothing: the slot is kept. An earlier
# slot of the same practitioner that is still free goes back first, or begins first.
_DUE = text("""
update availability.slot s set status = 'given_back', version = s.version + 1
where s.cpts_id = :cpts and s.status = 'published' and s.live and s.taken = 0 and s.overbooked = 0
  and s.give_back_at <= common.now() and s.starts_at > common.now()
  and not exists (
    select from availability.slot e
    where e.practitioner_id = s.practitioner_id and e.status = 'published' and e.taken = 0 and e.overbooked = 0
      and e.starts_at > common.now() and e.starts_at < s.starts_at
      and (e.give_back_at is null or e.give_back_at > common.now())
  )
  and (
    s.starts_at - cast(:floor as interval) <= common.now()
    or not exists (
      select from availability.waiting w
      where w.cpts_id = any (s.audience)
        and (w.heard_at < clock_timestamp() - cast(:fresh as interval) or s.id = any (w.slot_ids))
    )
  )
returning s.id
""")
_APPLY = text("""
update availability.slot s set give_back_at = n.moment, version = s.version + 1
from (
  select id, case when :minutes = 0 then null else starts_at - make_interval(mins => :minutes) end as moment
  from availability.slot
) n
where n.id = s.id and s.practitioner_id = :who and s.status = 'published' and s.live and not s.own_notice
  and s.origin in ('manual', 'opening') and s.starts_at > common.now() and s.give_back_at is distinct from n.moment
returning s.id
""")


async def hear(session: AsyncSession, cpts_id: str, slot_ids: Collection[UUID]) -> None:
    """Note which slots somebody who waits in this CPTS could take, as its matching says."""
    await run(session, _HEARD, cpts=cpts_id, slots=sorted(slot_ids))


async def give_back_due(session: AsyncSession, cpts_id: str) -> list[UUID]:
    """Give back what is due and nobody could take; answers which."""
    return list((await run(session, _DUE, cpts=cpts_id, fresh=FRESH, floor=FLOOR)).scalars())


async def apply_notice(session: AsyncSession, practitioner_id: UUID, minutes: int) -> list[UUID]:
    """Give this notice to the slots to come that have none of their own; answers which changed."""
    return list((await run(session, _APPLY, who=practitioner_id, minutes=minutes)).scalars())
