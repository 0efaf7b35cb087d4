"""The coordinator's figures: today until now, and the same weekday a week before until the same hour."""

from datetime import datetime, timedelta

from pydantic import BaseModel
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.clock import PARIS
from shared.db import run

WEEK = timedelta(days=7)
FIGURES = text(
    """
    select count(*) as submitted,
           count(given.at) as assigned,
           percentile_cont(0.5) within group (order by extract(epoch from given.at - request.submitted_at)) as median_s,
           count(*) filter (where given.at <= request.submitted_at + interval '48 hours'
                              and request.state <> 'cancelled') as within_48_h
    from matching.request
    left join lateral (
        select min(change.at) as at from matching.request_change change
        where change.request_id = request.id and change.to_state = 'confirmed' and change.at <= :until
    ) given on true
    where request.cpts_id = :cpts and request.submitted_at >= :since and request.submitted_at <= :until
    """
)


class Day(BaseModel):
    """Requests made in a part of a day: how many, how many got a slot, and how long the median one waited for it."""

    submitted: int
    assigned: int
    median_s: int | None
    within_48_h: int


class Figures(BaseModel):
    """Today, and the same weekday a week before, both until the same hour."""

    today: Day
    last_week: Day


async def figures(session: AsyncSession, cpts_id: str, now: datetime) -> Figures:
    """The figures of a CPTS at an instant."""
    morning = now.astimezone(PARIS).replace(hour=0, minute=0, second=0, microsecond=0)
    return Figures(
        today=await _day(session, cpts_id, morning, now),
        last_week=await _day(session, cpts_id, morning - WEEK, now - WEEK),
    )


async def _day(session: AsyncSession, cpts_id: str, since: datetime, until: datetime) -> Day:
    row = (await run(session, FIGURES, cpts=cpts_id, since=since, until=until)).one()
    median_s = None if row.median_s is None else round(row.median_s)
    return Day(submitted=row.submitted, assigned=row.assigned, median_s=median_s, within_48_h=row.within_48_h)
