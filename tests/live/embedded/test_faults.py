"""The embedded servers killed, abandoned or spoiled, for real."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import redis.asyncio

from shared.embedded import servers
from shared.embedded.place import CannotStart, find_binaries
from shared.embedded.stale import is_server_of
from tests.live.embedded.looking import answer_again, connected, postmaster, processes_of, until, valkey

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
    program = find_binaries(os.environ).postgres / "postgres"
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
    with pytest.raises(CannotStart, match="écrit par PostgreSQL 12, celui d'ici est le 18"):
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
