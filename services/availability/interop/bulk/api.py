"""The manifest and the files of what is published for everybody (`$bulk-publish`)."""

import asyncio
import hashlib
from collections import deque
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from services.availability.interop.bulk.resources import KINDS, BulkPublication, publication
from services.availability.interop.bulk.settings import BulkSettings
from services.availability.interop.fhir.formats import instant
from services.availability.interop.fhir.reads import Agenda, public_slots
from shared.db import database_now
from shared.http.caching import same
from shared.outside.asked import Instant
from shared.refusals import NotFound
from shared.wiring import Wiring

NDJSON = "application/fhir+ndjson"
MOST_READINGS = 1000


class Publisher:
    """What is published now: read from the base when it is too old, once for all who ask."""

    def __init__(self, wiring: Wiring, settings: BulkSettings) -> None:
        """Nothing is read before somebody asks."""
        self._wiring, self._settings = wiring, settings
        self._reading = asyncio.Lock()
        self._known: tuple[float, BulkPublication] | None = None
        self._same_at: deque[str] = deque(maxlen=MOST_READINGS)

    @property
    def max_age_s(self) -> int:
        """For how long an answer may be kept."""
        return self._settings.max_age_s

    async def now(self) -> BulkPublication:
        """The files, all of one instant."""
        async with self._reading:
            at_s = asyncio.get_running_loop().time()
            if self._known is None or at_s - self._known[0] >= self.max_age_s:
                found = await self._read()
                if self._known is None or found.files != self._known[1].files:
                    self._same_at.clear()
                self._same_at.append(instant(found.at))
                self._known = (at_s, found)
            return self._known[1]

    def unchanged_since(self, told_at: datetime) -> bool:
        """Whether what was told at that instant, here, is what is published now: a guess would hide a change."""
        return instant(told_at) in self._same_at

    async def _read(self) -> BulkPublication:
        async with self._wiring.open_session() as session:
            # Before the slots: what changes in between is told the next time rather than never.
            at = await database_now(session)
        return publication(await public_slots(self._wiring.reader, Agenda(self._settings.booking_url)), at)


def bulk_routes(publisher: Publisher, base: str) -> APIRouter:
    """Open to everybody; `base`: the URL of the service."""
    routes = APIRouter(prefix="/bulk", tags=["public slots"])

    @routes.get("/$bulk-publish")
    async def manifest(since: Annotated[Instant | None, Query(alias="_since")] = None) -> JSONResponse:
        """Which files there are: none when nothing changed since `_since`, a `transactionTime` told before, else all.

        A slot that is taken leaves the files, so that whoever replaces what they had by these is up to date.
        """
        published = await publisher.now()
        kinds = () if since and publisher.unchanged_since(since) else KINDS
        asked = f"?{urlencode({'_since': instant(since)})}" if since else ""
        body: dict[str, Any] = {
            "transactionTime": instant(published.at),
            "request": f"{base}/bulk/$bulk-publish{asked}",
            "output": [{"type": kind, "url": f"{base}/bulk/{kind}.ndjson"} for kind in kinds],
            "error": [],
        }
        return JSONResponse(body, headers=_keep(publisher))

    @routes.get("/{kind}.ndjson")
    async def lines(request: Request, kind: str) -> Response:
        """One file."""
        published = await publisher.now()
        if kind not in published.files:
            raise NotFound(field="kind", value=kind[:40], rule=f"one of {', '.join(KINDS)}")
        content = published.files[kind]
        headers = {**_keep(publisher), "etag": f'"{hashlib.sha256(content).hexdigest()[:32]}"'}
        if same(request.headers.get("if-none-match"), headers["etag"]):
            return Response(status_code=304, headers=headers)
        return Response(content, media_type=NDJSON, headers=headers)

    return routes


def _keep(publisher: Publisher) -> dict[str, str]:
    return {"cache-control": f"public, max-age={publisher.max_age_s}", "access-control-allow-origin": "*"}
