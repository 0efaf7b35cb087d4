"""`aiguillage backup`, `restore` and `new-epoch`: a whole installation in one file, and back, with its readers told.

After a restore every live stream begins another epoch: whoever followed it, asleep or not, starts anew from a snapshot.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from services.installation.histories import HISTORIES
from services.installation.sealed import require_keys
from services.installation.starting import Installation, install
from shared.db.migrate import upgrade
from shared.embedded.place import CannotStart, find_binaries
from shared.live.store import begin_again
from shared.settings import Settings

Say = Callable[[str], None]
STREAMS = tuple(each.schema for each in HISTORIES if f"{each.schema}.event_head" in each.metadata.tables)


async def backup(data_dir: Path, file: Path, *, say: Say) -> None:
    """Write the whole base to `file`, readable by its owner alone; a backup that fails leaves no file behind."""
    schemas = [f"--schema={history.schema}" for history in HISTORIES]
    async with install(data_dir, join=True, migrate=False) as here:
        with _write_beside(file) as half:
            await _program("pg_dump", here.settings, ["--format=custom", f"--file={half}", *schemas])
    say(f"Sauvegarde écrite : {file}")
    say("Les données des patients y sont chiffrées : garder ailleurs AIGUILLAGE_SECRET_KEY et AIGUILLAGE_DATA_KEYS.")


async def restore(data_dir: Path, file: Path, *, say: Say) -> None:
    """Put the base back as it was in `file`: all or nothing, then the newest schemas, then another epoch."""
    saved = _existing(file)
    async with install(data_dir, join=True, checked=False) as here:
        await _require_alone(here)
        options = ["--clean", "--if-exists", "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"]
        await _program("pg_restore", here.settings, [*options, str(saved)], database=True)
        await upgrade(here.settings, HISTORIES)
        await require_keys(here.settings)
        count = await _begin_again(here.settings)
    say(f"Base restaurée depuis {file} ; {count} flux recommencent : chaque écran se rafraîchit de lui-même.")
    say("Ce qui a été écrit depuis la sauvegarde est perdu ici : prévenir qui a pris ou donné un rendez-vous depuis.")


async def new_epoch(data_dir: Path, *, say: Say) -> None:
    """Begin another epoch for every stream: after a restore made by other means (snapshot of a disk, another tool)."""
    async with install(data_dir, join=True, migrate=False) as here:
        say(f"{await _begin_again(here.settings)} flux recommencent.")


@contextmanager
def _write_beside(file: Path) -> Iterator[Path]:
    """A private file beside `file` that takes its name at the end, or is gone."""
    if file.exists():
        raise CannotStart(f"{file} existe déjà : choisir un autre nom, rien n'a été écrit.")
    half = file.absolute().with_name(f"{file.name}.{uuid4().hex}")
    try:
        half.touch(mode=0o600)
        yield half
        half.rename(file)
    except OSError as refused:
        raise CannotStart(f"{file} ne peut pas être écrit : {refused.strerror}.") from None
    finally:
        half.unlink(missing_ok=True)


def _existing(file: Path) -> Path:
    if not file.is_file():
        raise CannotStart(f"{file} n'existe pas.")
    return file.absolute()


async def _begin_again(settings: Settings) -> int:
    """Another epoch for each stream of each service; answers how many."""
    async with _owner(settings) as engine, engine.begin() as connection:
        return sum([await begin_again(connection, schema) for schema in STREAMS])


async def _require_alone(here: Installation) -> None:
    """Refuse while services are connected: they would write into what is being put back."""
    roles = [history.role for history in HISTORIES if history.role]
    query = "select count(*) from pg_stat_activity where usename = any(:roles) and datname = current_database()"
    async with _owner(here.settings) as engine, engine.connect() as connection:
        busy = (await connection.execute(text(query), {"roles": roles})).scalar_one()
    if busy:
        raise CannotStart("Des services sont connectés à la base : les arrêter, puis recommencer. Rien n'a changé.")


@asynccontextmanager
async def _owner(settings: Settings) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(settings.database_url.get_secret_value())
    try:
        yield engine
    finally:
        await engine.dispose()


def _find_program(program: str) -> str:
    """Where a program of PostgreSQL is: the embedded one, else the system's."""
    beside = find_binaries(os.environ).postgres / program
    found = str(beside) if beside.is_file() else shutil.which(program)
    if not found:
        raise CannotStart(f"{program} est introuvable : installer les programmes clients de PostgreSQL 18.")
    return found


async def _program(program: str, settings: Settings, options: Sequence[str], *, database: bool = False) -> None:
    """Run a program of PostgreSQL on the installation's base; the password goes by the environment, never as a word."""
    url = make_url(settings.database_url.get_secret_value())
    named = ["--dbname", url.database or ""] if database else []
    made = await asyncio.create_subprocess_exec(
        _find_program(program),
        *options,
        *named,
        env={**os.environ, **_connection(url)},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await made.communicate()
    if made.returncode:
        why = said.decode(errors="replace").strip().splitlines()
        raise CannotStart(f"{program} a échoué, rien n'a changé : {why[0] if why else made.returncode}")


def _connection(url: URL) -> dict[str, str]:
    """How a program of PostgreSQL is told where to connect."""
    query: dict[str, Any] = dict(url.query)
    given = {
        "PGHOST": str(query.get("host") or url.host or ""),
        "PGPORT": str(query.get("port") or url.port or ""),
        "PGUSER": url.username or "",
        "PGPASSWORD": str(url.password or ""),
        "PGDATABASE": url.database or "",
        "PGSSLMODE": str(query.get("ssl") or query.get("sslmode") or ""),
    }
    return {name: value for name, value in given.items() if value}
