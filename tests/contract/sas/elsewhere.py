"""Another editor, and us who read it."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from sqlalchemy import text

from services.availability.interop.editors.following import Editors
from services.availability.interop.sas.api import build_fhir
from services.availability.interop.sas.seed import NORTH, SETUPS
from services.availability.interop.sas.settings import Editor, SasSettings
from services.availability.interop.sas.tls import listener
from shared.auth import Role
from shared.db import run as sql
from shared.http.parts import read_parts
from shared.wiring import Wiring
from tests.authority import Authority
from tests.builders import CPTS, MORNING, Service, owner, show
from tests.serving import serving

CN, OU = "sas.exemple.invalid", "180000000000001"
SINGLE, PLACES, SHARED, TWO = (setup.rpps for setup in SETUPS)


@dataclass(slots=True)
class Other:
    """Another editor: an installation of its own, and the certificates around it."""

    wiring: Wiring
    authority: Authority
    sas: SasSettings
    port: int

    @asynccontextmanager
    async def answering(self) -> AsyncIterator[None]:
        """Listens while the context is open; a second time on the same port."""
        server = listener(build_fhir(self.wiring, self.sas), self.sas, host="127.0.0.1", port=self.port)
        task = asyncio.create_task(server.serve())
        while not server.started:
            assert not task.done()
            await asyncio.sleep(0.01)
        try:
            yield
        finally:
            server.should_exit = True
            await task

    def editor(self, **changes: Any) -> Editor:
        """How we know it."""
        certificate, key = self.authority.issue(CN, OU)
        mine = {"certificate": certificate, "key": key, "issuers": self.authority.certificate, "cpts": [NORTH]}
        return Editor.model_validate(
            {"name": "Autre agenda", "base": f"https://127.0.0.1:{self.port}", **mine, **changes}
        )

    async def book(self, rpps: str) -> None:
        """Somebody books all it has of this practitioner, over there."""
        async with owner(self.wiring.settings) as session:
            taken = (
                "update availability.slot set taken = capacity from availability.practitioner p where p.rpps = :rpps"
            )
            await sql(session, text(f"{taken} and p.id = practitioner_id"), rpps=rpps)


@dataclass(slots=True)
class Here:
    """Our installation, whose practitioners the other editor knows too."""

    service: Service
    people: dict[str, UUID]
    readers: dict[tuple[Role, str], httpx.AsyncClient] = field(default_factory=dict)

    @property
    def wiring(self) -> Wiring:
        return read_parts(self.service.app)[Wiring]

    async def read(self, *editors: Editor, minutes: float = 0, answer_within_s: float = 7.0) -> None:
        """Read what is due after so many minutes."""
        if minutes:
            await show(self.service.settings, MORNING + timedelta(minutes=minutes))
        reading = Editors(self.wiring, editors, answer_within_s=answer_within_s)
        await reading.settle()
        assert await reading.turn()

    async def seen(self, role: Role = Role.COORDINATOR, cpts: str = NORTH) -> dict[str, Any]:
        """What someone is shown."""
        if (role, cpts) not in self.readers:
            self.readers[role, cpts] = await self.service.person(role, cpts=[cpts])
        answer = await self.readers[role, cpts].get("/foreign-slots", params={"cpts": cpts})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def people_seen(self, **of: Any) -> set[str]:
        """The RPPS of whose slots someone is shown."""
        names = {str(id_): rpps for rpps, id_ in self.people.items()}
        return {names[slot["practitioner_id"]] for slot in (await self.seen(**of))["slots"]}


@dataclass(slots=True)
class Answering:
    """An editor that answers what it is told to, page by page, or never."""

    bodies: Sequence[bytes]
    status: int = 200
    mute: bool = False
    asked: list[str] = field(default_factory=list)

    def app(self) -> FastAPI:
        app = FastAPI()
        app.add_api_route("/fhir/Slot", self._answer)
        return app

    async def _answer(self, request: Request) -> Response:
        if self.mute:
            await asyncio.Event().wait()
        self.asked.append(request.scope["query_string"].decode())
        body = self.bodies[min(len(self.asked), len(self.bodies)) - 1]
        headers = {"location": "https://exemple.invalid/"} if self.status == 302 else {}
        return Response(body, status_code=self.status, media_type="application/fhir+json", headers=headers)


def plain(url: str) -> Editor:
    return Editor(name="Autre agenda", base=f"{url}/fhir", cpts=[NORTH])


@asynccontextmanager
async def published_elsewhere(monkeypatch: pytest.MonkeyPatch, answer: bytes) -> AsyncIterator[None]:
    """The services that are built meanwhile are told of an editor that answers this to the tests' CPTS."""
    async with serving(Answering([answer]).app()) as url:
        editor = {"name": "Autre agenda", "base": f"{url}/fhir", "cpts": [CPTS]}
        monkeypatch.setenv("AIGUILLAGE_SAS_EDITORS", json.dumps([editor]))
        yield
