"""A CPTS, and the directory that it reads."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pydantic import SecretStr
from rich.progress import Progress
from sqlalchemy import text

from services.files.outcome import MACHINE
from services.imports.annuaire_client import AnnuaireSettings
from services.imports.annuaire_load import LoadScope, Report, load
from shared.db import run, set_scope
from shared.wiring import Wiring
from tests.annuaire_server import KEY, Directory

CPTS = "139999999"


class Desk:
    """A CPTS, and the directory that it reads."""

    def __init__(self, wiring: Wiring, directory: Directory, url: str) -> None:
        self.wiring, self.directory, self.url = wiring, directory, url
        self.calls_per_second = 17.0

    async def load(self, *, full: bool = False, key: str = KEY, **scope: Any) -> Report:
        settings = AnnuaireSettings(
            key=SecretStr(key), url=f"{self.url}/fhir/v2", calls_per_second=self.calls_per_second
        )
        with Progress(disable=True) as progress:
            return await load(self.wiring, settings, LoadScope(CPTS, **scope), progress, full=full)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Any]:
        async with self.wiring.open_session() as session:
            await set_scope(session, MACHINE.scope)
            yield session

    async def rows(self, statement: str) -> list[Any]:
        async with self.session() as session:
            return list((await run(session, text(statement))).all())

    async def open_places(self) -> list[tuple[str, str]]:
        """Who works where now."""
        joined = "availability.schedule s join availability.practitioner p on p.id = s.practitioner_id"
        joined += " join availability.place l on l.id = s.place_id"
        found = await self.rows(f"select p.rpps, l.key from {joined} where s.closed_at is null order by 1, 2")
        return [tuple(row) for row in found]
