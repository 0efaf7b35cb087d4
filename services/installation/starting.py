"""What every command needs before it works: servers that run, settings, schemas up to date."""

import os
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from services.installation.histories import HISTORIES
from services.installation.sealed import require_keys
from shared.db.migrate import newest, upgrade
from shared.embedded import NOT_FOR_PATIENTS, Servers, servers
from shared.embedded.place import CannotStart
from shared.settings import DEMO_SECRET, Settings


@dataclass(frozen=True, slots=True)
class Installation:
    """Settings of one installation, its servers, and whether they are ours to stop."""

    settings: Settings
    servers: Servers

    @property
    def warning(self) -> str:
        """What must be said before anybody types a name; empty when the servers are not embedded."""
        return NOT_FOR_PATIENTS if self.servers.folder else ""


@asynccontextmanager
async def install(
    data_dir: Path,
    *,
    port: int = 8000,
    demo: bool = False,
    join: bool = False,
    migrate: bool = True,
    checked: bool = True,
) -> AsyncIterator[Installation]:
    """The installation of `data_dir` (or of DATABASE_URL and REDIS_URL), its schemas brought up to date.

    CannotStart when a server or a setting refuses, and when our keys do not open what is stored, if `checked`.
    """
    async with servers(data_dir, join=join) as running:
        settings = settings_for(running, data_dir, port=port, demo=demo)
        if migrate:
            await upgrade(settings, HISTORIES)
        if checked:
            await require_keys(settings)
        yield Installation(settings, running)


def settings_for(running: Servers, data_dir: Path, *, port: int, demo: bool = False) -> Settings:
    """Settings from the environment, completed for one port and one data folder. CannotStart says what is wrong."""
    here = f"http://127.0.0.1:{port}"
    given = {
        "DATABASE_URL": running.database_url,
        "REDIS_URL": running.redis_url,
        "public_url": os.environ.get("AIGUILLAGE_PUBLIC_URL", here),
        "availability_url": os.environ.get("AIGUILLAGE_AVAILABILITY_URL", f"{here}/availability"),
        "matching_url": os.environ.get("AIGUILLAGE_MATCHING_URL", f"{here}/matching"),
    }
    if demo:
        given |= {"demo": "1", "secret_key": DEMO_SECRET}
    elif running.folder and needs_secret(os.environ):
        given |= {"secret_key": own_secret(data_dir / "secret")}
    try:
        return Settings.model_validate(given)
    except ValidationError as refused:
        rules = "; ".join(f"{'.'.join(map(str, each['loc']))} {each['msg']}".strip() for each in refused.errors())
        raise CannotStart(f"Réglages à corriger : {rules}") from None


def needs_secret(environ: Mapping[str, str]) -> bool:
    """Whether nobody gave a secret and the mode needs one."""
    return "AIGUILLAGE_SECRET_KEY" not in environ and environ.get("AIGUILLAGE_DEMO", "0") not in {"1", "true"}


def own_secret(file: Path) -> str:
    """A random secret kept beside the data, for its owner alone: losing it loses the encrypted fields."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(48))
    return file.read_text()


async def migrate(data_dir: Path, *, say: Callable[[str], None]) -> None:
    """Bring the schemas up to date, and say where each one stands."""
    async with install(data_dir, join=True):
        for history in HISTORIES:
            say(f"Schéma {history.schema} : {newest(history)}")
