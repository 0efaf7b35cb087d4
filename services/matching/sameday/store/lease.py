"""Who runs the rounds of a CPTS: one process at a time, and never two that write.

The lease is a row in real time (it is about processes, not about appointments). Its token grows at each change of
hands; each write of a round first checks its token, and holds the row until its commit: a process that was paused and
lost the lease writes nothing.
"""

from datetime import timedelta

from sqlalchemy import case, func, literal
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.sameday.store.tables import RoundLeaseRow
from shared.db import run

LEASE = timedelta(seconds=10)
REAL_NOW = func.clock_timestamp()


class LeaseLost(Exception):
    """Another process took over the rounds of this CPTS: nothing more is written under the old token."""


async def take_lease(session: AsyncSession, cpts_id: str, holder: str) -> int | None:
    """Take or keep the lease and answer its token; None while another holds it."""
    first = insert(RoundLeaseRow).values(cpts_id=cpts_id, holder=holder, token=1, until=REAL_NOW + literal(LEASE))
    mine = col(RoundLeaseRow.holder) == holder
    taken = first.on_conflict_do_update(
        index_elements=["cpts_id"],
        set_={
            "holder": holder,
            "token": case((mine, col(RoundLeaseRow.token)), else_=col(RoundLeaseRow.token) + 1),
            "until": REAL_NOW + literal(LEASE),
        },
        where=mine | (col(RoundLeaseRow.until) < REAL_NOW),
    )
    token: int | None = (await run(session, taken.returning(col(RoundLeaseRow.token)))).scalar_one_or_none()
    return token


async def leave_lease(session: AsyncSession, cpts_id: str, holder: str) -> None:
    """Let another process take over at once."""
    row = await session.get(RoundLeaseRow, cpts_id, with_for_update=True)
    if row is not None and row.holder == holder:
        row.until = row.until - LEASE


async def fence(session: AsyncSession, cpts_id: str, token: int) -> None:
    """Hold the lease until the commit; raises `LeaseLost` when it is no longer ours."""
    ours = select(RoundLeaseRow.token).where(RoundLeaseRow.cpts_id == cpts_id, RoundLeaseRow.token == token)
    if (await session.exec(ours.with_for_update(read=True))).first() is None:
        raise LeaseLost
