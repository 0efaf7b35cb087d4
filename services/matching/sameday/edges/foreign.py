"""Asks the availability service what is free on other editors' agendas."""

import asyncio

import httpx
import structlog

from services.matching.sameday.app.foreign import ElsewhereSlot

log = structlog.get_logger()
KEPT_S = 10.0
"""A form changes with every key: what is free elsewhere is asked for less often."""


class ForeignSlots:
    """What is free elsewhere for each CPTS, some seconds old at most; nothing when nobody answers."""

    def __init__(self, client: httpx.AsyncClient, *, kept_s: float = KEPT_S) -> None:
        """`client` speaks to the availability service with our machine token."""
        self._client, self._kept_s = client, kept_s
        self._known: dict[str, tuple[float, dict[str, ElsewhereSlot]]] = {}

    async def __call__(self, cpts_id: str) -> dict[str, ElsewhereSlot]:
        """The slots, by id."""
        at_s = asyncio.get_running_loop().time()
        known = self._known.get(cpts_id)
        if known is None or at_s - known[0] >= self._kept_s:
            known = self._known[cpts_id] = (at_s, await self._ask(cpts_id))
        return known[1]

    async def _ask(self, cpts_id: str) -> dict[str, ElsewhereSlot]:
        try:
            answer = (await self._client.get("/foreign-slots", params={"cpts": cpts_id})).raise_for_status()
        except (httpx.HTTPError, OSError) as error:
            # One proposes what one knows: our own slots do not wait for others'.
            log.warning("foreign_slots_away", error=type(error).__name__)
            return {}
        slots = (ElsewhereSlot.model_validate(each) for each in answer.json()["slots"])
        return {slot.id: slot for slot in slots}
