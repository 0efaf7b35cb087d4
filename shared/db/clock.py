"""What time it is, as an argument. One row of the database sets it, so that SQL and Python agree.

In service the row says "real time". A demonstration anchors it elsewhere and lets it run faster.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import Session, run
from shared.typed.zones import PARIS

__all__ = [
    "PARIS", "Clock", "day_at", "forget_zones", "midnight", "monday_of", "read_clock", "zone_at", "zones",
]  # fmt: skip


def day_at(at: datetime, zone: ZoneInfo = PARIS) -> date:
    """The day it is at an instant, by the clocks of a place."""
    return at.astimezone(zone).date()


def midnight(day: date, zone: ZoneInfo = PARIS) -> datetime:
    """When a day begins by the clocks of a place; the hours between two of them are 23, 24 or 25."""
    return datetime.combine(day, time(), zone)


def monday_of(day: date) -> date:
    """The first day of the week of a day."""
    return day - timedelta(days=day.weekday())


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock that showed `anchor_at` when the real time was `anchor_real`, and runs `speed` times as fast."""

    anchor_real: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    anchor_at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    speed: float = 1.0

    def now(self) -> datetime:
        """The instant it shows, in UTC."""
        real = datetime.now(UTC)  # noqa: TID251  the one place that reads the machine's clock
        return self.anchor_at + (real - self.anchor_real) * self.speed

    def real_s(self, length: timedelta) -> float:
        """How many real seconds pass while `length` passes on this clock."""
        return length.total_seconds() / self.speed


async def read_clock(session: AsyncSession) -> Clock:
    """The clock that the database follows."""
    row = (await run(session, text("select anchor_real, anchor_at, speed from common.clock"))).one()
    return Clock(row.anchor_real, row.anchor_at, row.speed)


_ZONES: WeakKeyDictionary[Any, tuple[float, Mapping[str, ZoneInfo]]] = WeakKeyDictionary()
ZONES_KNOWN_FOR_S = 60.0


async def zones(session: Session) -> Mapping[str, ZoneInfo]:
    """The zone of every territory, by FINESS; read again once a minute, by each process."""
    bind, now_s = session.get_bind(), asyncio.get_running_loop().time()
    until_s, known = _ZONES.get(bind, (0.0, {}))
    if until_s <= now_s:
        found = await run(session, text("select finess, zone from common.territory"))
        known = {row.finess: ZoneInfo(row.zone) for row in found}
        _ZONES[bind] = (now_s + ZONES_KNOWN_FOR_S, known)
    return known


async def zone_at(session: AsyncSession, cpts_id: str) -> ZoneInfo:
    """By which clocks a territory lives; those of Paris when it is not known."""
    return (await zones(session)).get(cpts_id, PARIS)


def forget_zones(session: AsyncSession) -> None:
    """A territory changed: read them again."""
    _ZONES.pop(session.get_bind(), None)
