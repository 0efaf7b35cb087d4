"""PostgreSQL and a Redis-compatible server of our own: for trials, the demo and the tests, never for patients' data.

`DATABASE_URL` and `REDIS_URL` come first; without them the servers of the wheels run under our launcher: one private
folder, unix sockets only, a random password, an unprivileged user when we are root, every commit on the disk.
"""

import os
import re
import shutil
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

import asyncpg
import redis.asyncio
import redis.exceptions

from shared.embedded.place import (
    STATE_DIR,
    AlreadyRunning,
    Binaries,
    CannotStart,
    EmbeddedPlace,
    claim,
    find_binaries,
    find_occupied,
    major_version,
    private,
    private_file,
    usable,
)
from shared.embedded.process import Server, keep, run
from shared.embedded.stale import clear_stale_postmaster

USER = "aiguillage"
DATABASE = "aiguillage"
VALKEY_SOCKET = "valkey.sock"
NOT_FOR_PATIENTS = (
    "Serveurs embarqués : pour l'essai et la démonstration seulement, jamais pour les données de patients réels "
    "(hébergement certifié HDS exigé)."
)

POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "synchronous_commit": "on",
    "max_connections": "120",
    "shared_buffers": "64MB",
    "min_wal_size": "80MB",
    "max_wal_size": "512MB",
    # A container often has little /dev/shm, the one thing parallel plans need.
    "max_parallel_workers_per_gather": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A failed statement may carry what a patient said: the log says which error, never which values.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


@dataclass(frozen=True, slots=True)
class Servers:
    """Where to connect; `folder` holds the data, None when both servers are somebody else's."""

    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    folder: Path | None


@asynccontextmanager
async def servers(
    data_dir: Path,
    *,
    environ: Mapping[str, str] = os.environ,
    binaries: Binaries | None = None,
    state_dir: Path = STATE_DIR,
    join: bool = False,
    postgres: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[Servers]:
    """Find or start PostgreSQL and Redis; stop on the way out what was started.

    To be entered from the thread that lives as long as the program: on Linux the servers stop with it.
    CannotStart says why not: the folder is in use, belongs to somebody else, or a server refuses.
    `join` uses the servers of a folder in use, and leaves them running.
    `postgres`: settings of PostgreSQL besides those of the product, for servers whose data nobody keeps.
    """
    database_url, redis_url = environ.get("DATABASE_URL"), environ.get("REDIS_URL")
    if database_url and redis_url:
        yield Servers(asyncpg_url(database_url), redis_url, None)
        return
    with ExitStack() as stack:
        try:
            place = stack.enter_context(claim(data_dir, state_dir))
        except AlreadyRunning:
            if not join:
                raise
            place = find_occupied(data_dir)
            yield _servers(place, database_url, redis_url)
            return
        programs = usable(binaries or find_binaries(environ), place.owner, state_dir)
        wanted = [] if database_url else [await _postgres(programs.postgres, place, postgres)]
        wanted += [] if redis_url else [_valkey(programs.redis, place)]
        async with keep(wanted, place):
            if not database_url:
                await _make_database(place)
            yield _servers(place, database_url, redis_url)


def _servers(place: EmbeddedPlace, database_url: str | None, redis_url: str | None) -> Servers:
    return Servers(
        asyncpg_url(database_url) if database_url else _database_url(place),
        redis_url or _redis_url(place),
        place.folder,
    )


def asyncpg_url(url: str) -> str:
    """The same address for SQLAlchemy with asyncpg, whichever way it names PostgreSQL."""
    return re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql+asyncpg://", url)


def _database_url(place: EmbeddedPlace) -> str:
    return f"postgresql+asyncpg://{USER}:{place.password}@/{DATABASE}?host={quote(str(place.sockets))}"


def _redis_url(place: EmbeddedPlace) -> str:
    return f"unix://:{place.password}@{quote(str(place.sockets / VALKEY_SOCKET))}"


async def _postgres(programs: Path, place: EmbeddedPlace, more: Mapping[str, str]) -> Server:
    folder = place.folder / "postgres"
    if not folder.exists():
        await _init(programs, folder, place)
    written_by, ours = int((folder / "PG_VERSION").read_text()), major_version(programs / "postgres")
    if written_by != ours:
        raise CannotStart(
            f"{folder} a été écrit par PostgreSQL {written_by}, celui d'ici est le {ours} : autre --data-dir, "
            f"ou installer PostgreSQL {written_by}."
        )
    settings = POSTGRES_SETTINGS | {"unix_socket_directories": str(place.sockets)} | dict(more)
    return Server(
        name="postgres",
        command=(
            str(programs / "postgres"),
            "-D",
            str(folder),
            *(word for name, value in settings.items() for word in ("-c", f"{name}={value}")),
        ),
        clear_way=partial(clear_stale_postmaster, folder),
        answers=partial(_postgres_answers, place),
        # Fast shutdown: transactions in progress are undone, nothing is waited for.
        stop_signal=signal.SIGINT,
        try_again_on="shared memory block",
    )


async def _init(programs: Path, folder: Path, place: EmbeddedPlace) -> None:
    # Made aside and renamed: an interrupted first start leaves nothing that looks like a database.
    half = place.folder / "postgres.new"
    shutil.rmtree(half, ignore_errors=True)
    locale = (
        ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if major_version(programs / "postgres") > 16 else []
    )
    await run(
        [
            str(programs / "initdb"),
            f"--pgdata={half}",
            f"--username={USER}",
            f"--pwfile={place.folder / 'password'}",
            "--auth=scram-sha-256",
            "--data-checksums",
            "--encoding=UTF8",
            "--locale=C",
            *locale,
        ],
        place,
    )
    half.rename(folder)


async def _connect(place: EmbeddedPlace, database: str) -> asyncpg.Connection:
    return await asyncpg.connect(
        host=str(place.sockets), user=USER, password=place.password, database=database, timeout=5
    )


async def _postgres_answers(place: EmbeddedPlace) -> bool:
    try:
        connection = await _connect(place, "postgres")
    except (OSError, asyncpg.CannotConnectNowError, asyncpg.TooManyConnectionsError):
        return False
    await connection.close()
    return True


async def _make_database(place: EmbeddedPlace) -> None:
    connection = await _connect(place, "postgres")
    try:
        if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", DATABASE):
            await connection.execute(f'CREATE DATABASE "{DATABASE}"')
    finally:
        await connection.close()


def _valkey(program: Path, place: EmbeddedPlace) -> Server:
    folder = private(place.folder / "valkey", place.owner)
    settings = {
        "port": "0",
        "unixsocket": f'"{place.sockets / VALKEY_SOCKET}"',
        "unixsocketperm": "700",
        "requirepass": place.password,
        "dir": f'"{folder}"',
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": '""',
        "maxmemory": "64mb",
        "daemonize": "no",
    }
    # In a file rather than in the command, which every user of the machine may read.
    told = private_file(place.folder / "valkey.conf", place.owner)
    told.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    return Server(
        name="valkey",
        command=(str(program), str(told)),
        clear_way=partial(_shut_down_stale_valkey, place),
        answers=partial(_valkey_answers, place),
        stop_signal=signal.SIGTERM,
    )


@asynccontextmanager
async def _valkey_client(place: EmbeddedPlace) -> AsyncIterator[redis.asyncio.Redis]:
    client = redis.asyncio.Redis.from_url(_redis_url(place), socket_timeout=5, retry=None)
    try:
        yield client
    finally:
        await client.aclose()


async def _valkey_answers(place: EmbeddedPlace) -> bool:
    try:
        async with _valkey_client(place) as client:
            return bool(await client.ping())
    except (redis.exceptions.ConnectionError, redis.exceptions.BusyLoadingError):
        return False


async def _shut_down_stale_valkey(place: EmbeddedPlace) -> None:
    # We hold the folder: what still serves it has lost the program that started it.
    with suppress(redis.exceptions.ConnectionError):
        async with _valkey_client(place) as client:
            await client.shutdown()
