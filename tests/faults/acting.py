"""People at work, by a seed: they ask, hold, confirm, let go, cancel, and remember what they were answered."""

import asyncio
import os
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import httpx
import numpy as np

from tests.builders import MORNING
from tests.faults.history import Told
from tests.towns import a_request

_MANY = int(os.environ.get("AIGUILLAGE_FAULTS_SEEDS", "0"))
SEEDS = range(1, 1 + max(1, _MANY))
"""Each plays another story: `make test-faults SEEDS=20`."""
PEOPLE = 60 if _MANY else 15
AWAY = (httpx.HTTPError, OSError)


class Act:
    """Somebody who acts on requests, at a few services in turn."""

    def __init__(self, clients: Sequence[httpx.AsyncClient], told: Told, draw: np.random.Generator) -> None:
        """`clients` are the same person at the several processes of a service."""
        self._clients, self._told, self._draw = clients, told, draw

    async def _call(self, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        client = self._clients[int(self._draw.integers(len(self._clients)))]
        try:
            answer = await client.post(path, json=body, timeout=20)
        except AWAY:
            return None
        found: dict[str, Any] | None = answer.json() if answer.is_success else None
        return found

    async def live(self, slots: Sequence[str]) -> None:
        """Ask once, then do what the draw says."""
        automatic = self._draw.random() < 0.4
        when = MORNING if automatic else MORNING + timedelta(hours=2)
        party = 2 if self._draw.random() < 0.2 else 1
        urgency = 1 if automatic else int(self._draw.integers(2, 5))
        form = a_request(urgency=urgency, answer_by=when.isoformat(), party=party)
        made = await self._call("/requests", form)
        if made is None:
            return
        key = made["id"]
        self._told.submitted.append(key)
        if not automatic and await self._hold(key, slots):
            await self._decide(key)
        elif automatic and self._draw.random() < 0.2:
            await self._do(key, "cancel", f"/requests/{key}/cancellation", {"reason": "patient"})

    async def _hold(self, key: str, slots: Sequence[str]) -> bool:
        for _ in range(3):
            slot = slots[int(self._draw.integers(len(slots)))]
            if await self._do(key, "hold", f"/requests/{key}/hold", {"slot_id": slot}):
                return True
        return False

    async def _decide(self, key: str) -> None:
        await asyncio.sleep(float(self._draw.random()))
        drawn = self._draw.random()
        if drawn < 0.6:
            await self._do(key, "confirm", f"/requests/{key}/confirmation", {})
        elif drawn < 0.8:
            await self._do(key, "release", f"/requests/{key}/release", {})
        else:
            await self._do(key, "cancel", f"/requests/{key}/cancellation", {"reason": "patient"})

    async def _do(self, key: str, act: str, path: str, body: dict[str, Any]) -> bool:
        success = await self._call(path, body) is not None
        self._told.note(key, act, success=success)
        return success
