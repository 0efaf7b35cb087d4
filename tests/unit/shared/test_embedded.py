"""Finding the programs of the embedded servers, and naming where they answer."""

import os
from pathlib import Path

import pytest

from shared.embedded import asyncpg_url
from shared.embedded.place import Binaries, CannotStart, Owner, find_binaries, major_version, sockets_for


def program(folder: Path, name: str, says: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    "url",
    ["postgres://me:secret@db:5432/x", "postgresql://me:secret@db:5432/x", "postgresql+asyncpg://me:secret@db:5432/x"],
)
def test_however_postgres_is_named_asyncpg_gets_it(url: str) -> None:
    assert asyncpg_url(url) == "postgresql+asyncpg://me:secret@db:5432/x"


@pytest.mark.parametrize(
    ("says", "version"),
    [
        ("postgres (PostgreSQL) 18.6", 18),
        ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", 15),
        ("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64", 7),
        ("Valkey server v=9.1.2 sha=00000000:0", 9),
        ("postgres (PostgreSQL) 19devel", 19),
        ("nothing we know", 0),
    ],
)
def test_a_program_says_its_major_version(tmp_path: Path, says: str, version: int) -> None:
    assert major_version(program(tmp_path, "server", says)) == version


def test_the_wheels_come_before_whatever_the_system_has(tmp_path: Path) -> None:
    program(tmp_path, "postgres", "postgres (PostgreSQL) 99.0")
    found = find_binaries({"PATH": str(tmp_path)})
    assert not found.postgres.is_relative_to(tmp_path)
    assert (found.postgres / "initdb").exists()


def test_without_wheels_the_system_is_searched_for_what_is_recent_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    old, new = tmp_path / "old", tmp_path / "new"
    program(old, "postgres", "postgres (PostgreSQL) 14.2")
    program(new, "redis-server", "Redis server v=7.2.4")
    postgres = program(new, "postgres", "postgres (PostgreSQL) 17.1")
    assert find_binaries({"PATH": str(new)}) == Binaries(postgres.parent, new / "redis-server")
    (new / "redis-server").unlink()
    with pytest.raises(CannotStart, match="Redis 7 ou plus"):
        find_binaries({"PATH": str(new)})


def test_a_socket_that_fits_stays_in_its_folder(tmp_path: Path) -> None:
    ourselves = Owner(os.getuid(), os.getgid())
    assert sockets_for(tmp_path, ourselves) == tmp_path / "run"
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    elsewhere = sockets_for(deep, ourselves)
    assert not elsewhere.is_relative_to(tmp_path)
    assert elsewhere == sockets_for(deep, ourselves)
    elsewhere.rmdir()
