"""Figures computed once per change of a territory, however many look at them; the past ones every few minutes."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta

from fastapi import Request
from sqlalchemy import text

from services.matching.web.figures import DAY, WEEK, Figures, Then, then
from shared.db import Scope, run
from shared.running.kept import Kept
from shared.web.pages import reading

PAST_FRESH_S = 300
"""How old the figures of yesterday and of last week may be: they move with the hour, not with what happens."""
HEADS = {
    service: text(f"select epoch::text, seq from {service}.event_head where cpts_id = :cpts")  # noqa: S608  two names of ours
    for service in ("matching", "availability")
}


async def kept_figures(request: Request, cpts_id: str, now: datetime) -> Figures:
    """The figures above the board of a CPTS: today's since the last change or minute, the past's for five minutes."""
    kept: Kept[Then] = _kept(request)
    heads = [await _head(request, service, cpts_id) for service in HEADS]
    minute, slower = int(now.timestamp()) // 60, int(now.timestamp()) // PAST_FRESH_S

    def computed(before: timedelta) -> Callable[[], Awaitable[Then]]:
        async def compute() -> Then:
            async with AsyncExitStack() as stack:
                matching = await stack.enter_async_context(reading(request, "matching", _of(cpts_id)))
                availability = await stack.enter_async_context(reading(request, "availability", _of(cpts_id)))
                return await then(matching, availability, cpts_id, now, before)

        return compute

    today = await kept((cpts_id, "today"), (*heads, minute), computed(timedelta()))
    yesterday = await kept((cpts_id, "yesterday"), slower, computed(DAY))
    last_week = await kept((cpts_id, "last week"), slower, computed(WEEK))
    return Figures(today=today, yesterday=yesterday, last_week=last_week)


def _kept(request: Request) -> Kept[Then]:
    state = request.app.state
    if not hasattr(state, "kept_figures"):
        state.kept_figures = Kept[Then]()
    kept: Kept[Then] = state.kept_figures
    return kept


def _of(cpts_id: str) -> Scope:
    return Scope(frozenset({cpts_id}))


async def _head(request: Request, service: str, cpts_id: str) -> tuple[str, int]:
    async with reading(request, service, _of(cpts_id)) as session:
        row = (await run(session, HEADS[service], cpts=cpts_id)).one_or_none()
    return ("", 0) if row is None else (row.epoch, row.seq)
