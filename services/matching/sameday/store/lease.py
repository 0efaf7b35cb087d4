"""Who runs the rounds of a CPTS: one process at a time, and never two that write.

The lease is a row in real time (it is about processes, not about appointments). Its token grows at each change of
hands; each write of a round first checks its token, and holds the row until its commit: a process that was paused and
lost the lease writes nothing.
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.sameday.store.tables import RoundLeaseRow
from shared.db import run

LEASE = timedelta(seconds=10)


class LeaseLost(Exception):
    """Another process took over the rounds of this CPTS: nothing more is written under the old token."""


_RENEW = text("""
update matching.round_lease set until = clock_timestamp() + :lease
where holder = :holder and until < clock_timestamp() + cast(:lease as interval) * 0.6
""")
# Those that another process holds are only read: their rows are not locked.
_TAKE = text("""
insert into matching.round_lease as l (cpts_id, holder, token, until)
select w.cpts_id, :holder, 1, clock_timestamp() + :lease
from unnest(cast(:wanted as text[])) as w (cpts_id)
left join matching.round_lease o on o.cpts_id = w.cpts_id
where o.cpts_id is null or o.holder = :holder or o.until < clock_timestamp()
order by w.cpts_id
on conflict (cpts_id) do update set holder = :holder, until = excluded.until,
  token = case when l.holder = :holder then l.token else l.token + 1 end
where l.holder = :holder or l.until < clock_timestamp()
returning cpts_id, token
""")
_LEAVE = text("update matching.round_lease set until = clock_timestamp() - interval '1 second' where holder = :holder")


async def renew_leases(session: AsyncSession, holder: str) -> None:
    """Keep every lease of a process, in one statement; those with time enough are not written."""
    await run(session, _RENEW, holder=holder, lease=LEASE)


async def take_leases(session: AsyncSession, wanted: Sequence[str], holder: str) -> dict[str, int]:
    """Take those of these CPTS that nobody holds, in one statement; answers the tokens of those taken."""
    if not wanted:
        return {}
    rows = await run(session, _TAKE, wanted=list(wanted), holder=holder, lease=LEASE)
    return {row.cpts_id: row.token for row in rows}


async def leave_leases(session: AsyncSession, holder: str) -> None:
    """Let other processes take over at once."""
    await run(session, _LEAVE, holder=holder)


async def fence(session: AsyncSession, cpts_id: str, token: int) -> None:
    """Hold the lease until the commit; raises `LeaseLost` when it is no longer ours."""
    ours = select(RoundLeaseRow.token).where(RoundLeaseRow.cpts_id == cpts_id, RoundLeaseRow.token == token)
    if (await session.exec(ours.with_for_update(read=True))).first() is None:
        raise LeaseLost
