"""Watches the level of tension of each territory, minute by minute, and notes when it becomes another."""

import asyncio

from services.coordination.app.tension import level_now
from services.coordination.core.tension import TensionPoint
from services.coordination.following import Following
from services.coordination.store.levels import note_level
from shared.db import Scope, set_scope
from shared.running.background import for_each
from shared.wiring import Wiring

WATCHED_EVERY_S = 60.0
SELDOM = 5
"""Who had no news is looked at every so many turns: time alone changes a level too."""


class Watching:
    """The levels of the territories that are followed."""

    def __init__(self, wiring: Wiring, following: Following) -> None:
        """`following` says of which territories something was heard."""
        self._wiring, self._following = wiring, following

    async def run(self) -> None:
        """Look again and again, for ever."""
        turn = 0
        while True:
            heard = self._following.take_news()
            await for_each(sorted(self._following.cpts() if turn % SELDOM == 0 else heard), self.look)
            turn += 1
            await asyncio.sleep(WATCHED_EVERY_S)

    async def look(self, cpts_id: str) -> None:
        """Weigh one territory."""
        async with self._wiring.open_session() as session:
            await set_scope(session, Scope(frozenset({cpts_id})))
            found, _ = await level_now(session, cpts_id, self._wiring.clock)
            points = [write_point(each) for each in found.points]
            await note_level(session, cpts_id, self._wiring.clock.now(), found.level, points)


def write_point(point: TensionPoint) -> dict[str, object]:
    """A point as it is kept."""
    return {"code": point.code, "measured": point.measured, "points": point.points}
