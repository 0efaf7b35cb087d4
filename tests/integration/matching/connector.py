"""A connector to the SAMU hub, as tests hold one."""

from typing import Any

import httpx
from sqlalchemy import text

from shared.db import Scope, run, set_scope
from shared.wiring import Wiring
from tests.builders import CPTS


class Hub:
    """A connector at our door, and the base behind it."""

    def __init__(self, client: httpx.AsyncClient, wiring: Wiring) -> None:
        self.client, self.wiring = client, wiring

    async def bring(self, message: dict[str, Any]) -> httpx.Response:
        return await self.client.post("/hub/messages", params={"cpts_id": CPTS}, json=message)

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        async with self.wiring.open_session() as session:
            await set_scope(session, Scope(frozenset({"*"})))
            found = await run(session, text(statement), **values)
            return list(found.all())

    async def requests(self) -> list[Any]:
        return await self.rows("select * from matching.request")
