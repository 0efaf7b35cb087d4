"""Figures computed once per change of a territory, however many look at them; the past ones every few minutes."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from fastapi import Request
from sqlalchemy import text

from services.matching.web.figures import DAY, WEEK, BoardFigures, HourFigures, then
from shared.db import Scope, run
from shared.http.parts import find_part
from shared.running.kept import Kept, age_of_past, minute_of
from shared.web.pages import reading

HEAD = text("select epoch::text, seq from matching.event_head where cpts_id = :cpts")


class KeptFigures(Kept[HourFigures]):
    """The figures of an hour, by CPTS and day."""


async def keep_figures(request: Request, cpts_id: str, now: datetime) -> BoardFigures:
    """The figures above the board of a CPTS: today's since the last change or minute, the past's for five minutes."""
    kept = find_part(request, KeptFigures)
    stamp = (*await _head(request, cpts_id), minute_of(now))

    def compute_before(before: timedelta) -> Callable[[], Awaitable[HourFigures]]:
        async def compute() -> HourFigures:
            async with reading(request, "matching", _of(cpts_id)) as session:
                return await then(session, cpts_id, now, before)

        return compute

    today = await kept((cpts_id, "today"), stamp, compute_before(timedelta()))
    yesterday = await kept((cpts_id, "yesterday"), age_of_past(now), compute_before(DAY))
    last_week = await kept((cpts_id, "last week"), age_of_past(now), compute_before(WEEK))
    return BoardFigures(today=today, yesterday=yesterday, last_week=last_week)


def _of(cpts_id: str) -> Scope:
    return Scope(frozenset({cpts_id}))


async def _head(request: Request, cpts_id: str) -> tuple[str, int]:
    async with reading(request, "matching", _of(cpts_id)) as session:
        row = (await run(session, HEAD, cpts=cpts_id)).one_or_none()
    return ("", 0) if row is None else (row.epoch, row.seq)
