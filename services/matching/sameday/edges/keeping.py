"""Telling the availability service which slots that are about to go back somebody who waits could take.

It knows of no request; without a word from here it keeps them until just before they begin. Nothing is asked of the
database, and nothing is said, while no slot is about to go back.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import structlog

from services.matching.engine.ahead.outlook import PastCounts, forecast_of, weekday_factor
from services.matching.engine.model import Slot
from services.matching.sameday import reads
from services.matching.sameday.app.board import build_instance
from services.matching.sameday.app.parameters import parameters_of
from services.matching.sameday.app.round.wanting import expect_urgent, find_wanted, hours_between
from services.matching.sameday.edges.following import SlotsUnknown, Territories, Territory, is_offered
from services.matching.sameday.store.history import history_of
from shared.db import AWAY, Scope, is_lost, set_scope
from shared.db.clock import day_at, midnight, zone_at
from shared.wiring import Wiring

log = structlog.get_logger()
LOOK_EVERY_S, SAY_AGAIN_S = 1.0, 10.0
"""Real seconds."""
AHEAD = timedelta(seconds=60)


@dataclass(slots=True)
class Said:
    """What was last said of a CPTS, and when (real seconds)."""

    at_s: float = float("-inf")
    slot_ids: frozenset[str] | None = None


@dataclass(slots=True)
class Keeping:
    """Says it for every CPTS that is followed."""

    wiring: Wiring
    territories: Territories
    client: httpx.AsyncClient
    _said: dict[str, Said] = field(default_factory=dict)
    _known: dict[str, tuple[date, PastCounts]] = field(default_factory=dict)

    async def run(self) -> None:
        """Look every second, in memory."""
        while True:
            for cpts_id in self.territories.all_known():
                try:
                    await self._look(cpts_id)
                except (SlotsUnknown, httpx.HTTPError) as error:
                    log.info("keeping_waits", error=type(error).__name__)
                except AWAY as error:
                    if not is_lost(error):
                        raise
                    log.warning("keeping_waits", error=type(error).__name__)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self, cpts_id: str) -> None:
        now, at_s = self.wiring.clock.now(), asyncio.get_running_loop().time()
        territory, said = self.territories[cpts_id], self._said.setdefault(cpts_id, Said())
        due = about_to_go(territory, now, AHEAD * max(1.0, self.wiring.clock.speed / 10))
        if not due and said.slot_ids is not None:
            return
        slot_ids = await self._find_wanted(cpts_id, territory, due, now) if due else frozenset()
        if slot_ids == said.slot_ids and at_s - said.at_s < SAY_AGAIN_S:
            return
        body = {"slot_ids": sorted(slot_ids)}
        (await self.client.put(f"/cpts/{cpts_id}/wanted-slots", json=body)).raise_for_status()
        said.at_s, said.slot_ids = at_s, slot_ids

    async def _find_wanted(
        self, cpts_id: str, territory: Territory, due: Sequence[Slot], now: datetime
    ) -> frozenset[str]:
        async with self.wiring.open_session() as session:
            await set_scope(session, Scope(frozenset({cpts_id})))
            rows, parameters = await reads.board_rows(session, cpts_id), await parameters_of(session, cpts_id)
            zone = await zone_at(session, cpts_id)
            today = day_at(now, zone)
            known = self._known.get(cpts_id)
            if known is None or known[0] != today:
                known = self._known[cpts_id] = (today, await history_of(session, cpts_id, now))
        instance, now_s = build_instance(rows, territory, parameters, now).instance, int(now.timestamp())
        until_s = max(slot.starts_at_s for slot in due)
        return frozenset(find_wanted(instance, due, _expect(known[1], today, now_s, until_s)))


def about_to_go(territory: Territory, now: datetime, ahead: timedelta) -> list[Slot]:
    """The free slots that go back by then unless they are wanted."""
    live: dict[str, Any] = territory.items("slots")
    return [
        slot
        for slot in territory.slots(int(now.timestamp()))
        if is_offered(live[slot.id])
        and not live[slot.id]["taken"]
        and live[slot.id]["give_back_at"] is not None
        and datetime.fromisoformat(live[slot.id]["give_back_at"]) <= now + ahead
    ]


def _expect(history: PastCounts, today: date, from_at_s: int, to_at_s: int) -> float:
    """How many P1 and P2 usually ask in this part of such a day; none where too little is known."""
    if not history.enough:
        return 0.0
    spans = hours_between(from_at_s, to_at_s, int(midnight(today, ZoneInfo(history.zone)).timestamp()))
    return expect_urgent(forecast_of(history), weekday_factor(history, today.isoweekday()), spans)
