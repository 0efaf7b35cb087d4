"""What the service benchmarks stand on: servers of their own, a migrated database, a territory, the product running."""

import secrets
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from services.installation.histories import HISTORIES
from shared import embedded
from shared.auth import admit_machine
from shared.db.migrate import upgrade
from shared.db.tables import CommuneRow
from shared.settings import Settings
from tests.builders import Territory, a_territory, owner
from tests.processes import Program, free_port

COMMUNE = CommuneRow(
    insee="48095",
    name="Mende",
    departement="48",
    postal_codes=["48000"],
    former_names=[],
    lat=44.52,
    lon=3.5,
    population=12_000,
)


@dataclass(slots=True)
class Stage:
    """Everything a benchmark plays on; `folder` holds the servers' data, `token` opens every CPTS to a machine."""

    settings: Settings
    program: Program
    territory: Territory
    token: str
    folder: Path


@asynccontextmanager
async def stage(*command: str, practitioners: int, environ: Mapping[str, str] | None = None) -> AsyncIterator[Stage]:
    """Start servers and `aiguillage COMMAND`; stop both at the end."""
    with tempfile.TemporaryDirectory(prefix="aiguillage-bench-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)
        async with embedded.servers(folder / "servers", environ={}) as servers:
            port = free_port()
            program = Program(
                list(command),
                {
                    "DATABASE_URL": servers.database_url,
                    "REDIS_URL": servers.redis_url,
                    "AIGUILLAGE_DEMO": "1",
                    "AIGUILLAGE_AVAILABILITY_URL": f"http://127.0.0.1:{port}/availability",
                    "AIGUILLAGE_MATCHING_URL": f"http://127.0.0.1:{port}/matching",
                    **(environ or {}),
                },
                port,
            )
            values = {"database_url": servers.database_url, "redis_url": servers.redis_url, "demo": True}
            settings = Settings.model_validate({**values, "public_url": program.url})
            await upgrade(settings, HISTORIES)
            territory = await a_territory(settings, practitioners=practitioners)
            token = secrets.token_urlsafe(32)
            async with owner(settings) as session:
                session.add(COMMUNE)
                await admit_machine(session, "bench", token, ["*"])
                await admit_machine(session, "matching", settings.machine_token("matching"), ["*"])
            await program.start()
            try:
                yield Stage(settings, program, territory, token, folder)
            finally:
                await program.stop()
