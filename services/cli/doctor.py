"""`aiguillage doctor`: looks at one installation and says, for each thing that is wrong, what to do."""

import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import redis.asyncio
import redis.exceptions
from rich.console import Console
from rich.markup import escape
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from services.installation.histories import HISTORIES
from services.installation.sealed import REMEDY, find_unopened
from services.installation.starting import Installation, install
from services.people.sealing import check, key_of
from shared.db.clock import Clock
from shared.db.migrate import SchemaHistory, newest
from shared.refusals import CannotStart
from shared.settings import DEMO_SECRET

LEAST_FREE_GB, MOST_SKEW_S = 2, 2
OLDEST_POSTGRES = 150_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `remedy` says what to do when it is not `fine`."""

    what: str
    seen: str
    fine: bool
    remedy: str = ""


async def examine(data_dir: Path) -> AsyncIterator[Finding]:
    """Everything that can be looked at, in order; what depends on a server is left out when it cannot start."""
    yield _python()
    yield _disk(data_dir)
    yield _zones()
    try:
        async with install(data_dir, join=True, migrate=False, checked=False) as here:
            yield Finding("Serveurs", "embarqués" if here.servers.folder else "donnés par l'environnement", fine=True)
            yield _secret(here)
            async for finding in _database(here):
                yield finding
            yield await _redis(here)
    except CannotStart as refused:
        yield Finding("Serveurs", str(refused), fine=False, remedy="voir le message")


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("Python", version, sys.version_info >= (3, 11), "installer Python 3.11 ou plus récent")


def _disk(data_dir: Path) -> Finding:
    there = next(folder for folder in (data_dir, *data_dir.absolute().parents) if folder.exists())
    free = shutil.disk_usage(there).free // 10**9
    return Finding("Place libre", f"{free} Go", free >= LEAST_FREE_GB, f"libérer au moins {LEAST_FREE_GB} Go")


def _zones() -> Finding:
    summer = datetime(2026, 7, 1, tzinfo=ZoneInfo("Europe/Paris")).utcoffset()
    return Finding("Fuseau horaire", f"Europe/Paris, l'été : UTC+{summer}", summer is not None)


def _secret(here: Installation) -> Finding:
    default = here.settings.secret_key.get_secret_value() == DEMO_SECRET
    seen = "secret de démonstration" if default else "secret propre à cette installation"
    return Finding("Secret", seen, fine=not default or here.settings.demo, remedy="définir AIGUILLAGE_SECRET_KEY")


Look = Callable[[AsyncConnection], Awaitable[Finding]]


async def _database(here: Installation) -> AsyncIterator[Finding]:
    engine = create_async_engine(here.settings.database_url.get_secret_value())
    try:
        async with engine.connect() as connection:
            for look in (_version, _durability, _skew, *map(_history, HISTORIES), _communes, _keys(here), _seals(here)):
                yield await look(connection)
    except (OSError, DBAPIError) as away:
        yield Finding("PostgreSQL", str(away).splitlines()[0], fine=False, remedy="vérifier DATABASE_URL")
    finally:
        await engine.dispose()


async def _version(connection: AsyncConnection) -> Finding:
    number, shown = (
        await connection.execute(
            text("select current_setting('server_version_num')::int, current_setting('server_version')")
        )
    ).one()
    return Finding("PostgreSQL", shown, number >= OLDEST_POSTGRES, "passer à PostgreSQL 15 ou plus récent")


async def _durability(connection: AsyncConnection) -> Finding:
    names = ("fsync", "synchronous_commit", "full_page_writes")
    seen = {name: (await connection.execute(text(f"select current_setting('{name}')"))).scalar_one() for name in names}
    off = [name for name, value in seen.items() if value == "off"]
    return Finding(
        "Écritures durables",
        ", ".join(f"{name} {value}" for name, value in seen.items()),
        not off,
        f"remettre {', '.join(off)} à « on » : sinon un arrêt brutal perd des réservations annoncées",
    )


async def _skew(connection: AsyncConnection) -> Finding:
    there: datetime = (await connection.execute(text("select clock_timestamp()"))).scalar_one()
    skew_s = abs((Clock().now() - there).total_seconds())
    return Finding(
        "Horloges", f"{skew_s:.1f} s d'écart", skew_s <= MOST_SKEW_S, "mettre les deux machines à l'heure (NTP)"
    )


def _history(history: SchemaHistory) -> Look:
    async def look(connection: AsyncConnection) -> Finding:
        schema, head = history.schema, newest(history)
        table = {"table": f"{schema}.alembic_version"}
        there = (await connection.execute(text("select to_regclass(:table)"), table)).scalar()
        now = None
        if there:
            now = (await connection.execute(text(f"select version_num from {schema}.alembic_version"))).scalar()  # noqa: S608
        return Finding(f"Schéma {schema}", f"{now or 'absent'} (attendu {head})", now == head, "aiguillage migrate")

    return look


def _keys(here: Installation) -> Look:
    async def look(connection: AsyncConnection) -> Finding:
        lost = await find_unopened(connection, here.settings.vault_keys())
        seen = f"n'ouvrent pas {', '.join(lost)}" if lost else "ouvrent ce qui est enregistré"
        return Finding("Clés des données", seen, not lost, REMEDY)

    return look


def _seals(here: Installation) -> Look:
    async def look(connection: AsyncConnection) -> Finding:
        if not (await connection.execute(text("select to_regclass('common.seal')"))).scalar():
            return Finding("Journaux scellés", "table absente", fine=False, remedy="aiguillage migrate")
        now = (await connection.execute(text("select common.now()"))).scalar_one()
        found = await check(connection, key_of(here.settings), now)
        broken = [f"{each.log} : le scellé {each.broken} ne tient plus" for each in found if each.broken]
        sealed = ", ".join(f"{each.log} {each.rows} lignes ({each.waiting} attendent)" for each in found)
        remedy = "des lignes ont été changées, retirées ou ajoutées : comparer avec une sauvegarde d'avant"
        return Finding("Journaux scellés", " ; ".join(broken) or sealed, not broken, remedy)

    return look


async def _communes(connection: AsyncConnection) -> Finding:
    if not (await connection.execute(text("select to_regclass('common.commune')"))).scalar():
        return Finding("Communes", "table absente", fine=False, remedy="aiguillage migrate")
    count = (await connection.execute(text("select count(*) from common.commune"))).scalar_one()
    return Finding("Communes", str(count), count > 0, "aiguillage import communes FICHIER, ou aiguillage seed")


async def _redis(here: Installation) -> Finding:
    client = redis.asyncio.from_url(here.settings.redis_url.get_secret_value(), socket_timeout=3)
    try:
        version = (await client.info("server")).get("redis_version", "?")
    except redis.exceptions.RedisError as away:
        return Finding("Redis", str(away), fine=False, remedy="vérifier REDIS_URL ; sans lui tout marche, en plus lent")
    finally:
        await client.aclose()
    return Finding("Redis", f"compatible {version}", int(version.split(".")[0]) >= 7, "passer à Redis 7 ou plus récent")


async def consult(data_dir: Path) -> int:
    """Print the findings as they come; 1 when one of them needs something done."""
    console, wrong = Console(), 0
    async for finding in examine(data_dir):
        wrong += not finding.fine
        mark = "[green]ok [/]" if finding.fine else "[bold red]non[/]"
        console.print(f"{mark} [bold]{finding.what}[/] : {escape(finding.seen)}")
        if not finding.fine and finding.remedy:
            console.print(f"      → {escape(finding.remedy)}")
    return 1 if wrong else 0
