"""The coordinator's figures: today until now, yesterday and the same weekday a week before until the same hour."""

from datetime import datetime, timedelta

from pydantic import BaseModel
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.contracts import SEEKING
from shared.db import run
from shared.db.clock import day_at, midnight, zone_at

DAY, WEEK = timedelta(days=1), timedelta(days=7)
WAITING = text(
    """
    select count(*) as waiting, count(*) filter (where urgency = 1) as p1
    from (
        select distinct on (change.request_id) change.to_state, change.code, request.urgency
        from matching.request_change change join matching.request on request.id = change.request_id
        where change.cpts_id = :cpts and change.at <= :at and change.at > :at - interval '14 days'
        order by change.request_id, change.version desc
    ) last
    where to_state = any(:seeking) and code <> 'archived'
    """
)
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


class DayFigures(BaseModel):
    """Requests made in a part of a day: how many, how many got a slot, and how long the median one waited for it."""

    submitted: int
    assigned: int
    median_s: int | None
    within_48_h: int


class HourFigures(DayFigures):
    """The same, with what stood at that hour: requests that still seek a slot, those of P1."""

    waiting: int
    p1: int


class BoardFigures(BaseModel):
    """Today, yesterday, and the same weekday a week before, all until the same hour."""

    today: HourFigures
    yesterday: HourFigures
    last_week: HourFigures


async def then(matching: AsyncSession, cpts_id: str, now: datetime, before: timedelta) -> HourFigures:
    """The figures of a CPTS, so long before an instant."""
    zone = await zone_at(matching, cpts_id)
    morning = midnight(day_at(now, zone), zone)
    day = await _day(matching, cpts_id, morning - before, now - before)
    stood = (await run(matching, WAITING, cpts=cpts_id, at=now - before, seeking=sorted(SEEKING))).one()
    return HourFigures(**day.model_dump(), waiting=stood.waiting, p1=stood.p1)


async def _day(session: AsyncSession, cpts_id: str, since: datetime, until: datetime) -> DayFigures:
    row = (await run(session, FIGURES, cpts=cpts_id, since=since, until=until)).one()
    median_s = None if row.median_s is None else round(row.median_s)
    return DayFigures(submitted=row.submitted, assigned=row.assigned, median_s=median_s, within_48_h=row.within_48_h)
