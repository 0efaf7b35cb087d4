"""One server process: started by a connection that answers, started again when it dies, stopped with us."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from shared.embedded import becoming
from shared.embedded.place import CannotStart, EmbeddedPlace

LOG = structlog.get_logger()
READY_WITHIN_S = 60
STOP_WITHIN_S = 1.8
"""Then it is killed: nothing acknowledged is lost, the next start recovers."""


@dataclass(frozen=True, slots=True)
class Server:
    """How to run a server: what clears the way, the command, what answers once it serves, the signal that stops it."""

    name: str
    command: tuple[str, ...]
    clear_way: Callable[[], Awaitable[None]]
    answers: Callable[[], Awaitable[bool]]
    stop_signal: signal.Signals
    try_again_on: str | None = None
    """Words in its log that mean the remains of the last one are still leaving."""


@asynccontextmanager
async def keep(servers: Sequence[Server], place: EmbeddedPlace) -> AsyncIterator[None]:
    """Run `servers` side by side for as long as the context lasts. CannotStart if a first start fails."""
    serving = [asyncio.Event() for _ in servers]
    keepers = [
        asyncio.create_task(_keep(server, place, up), name=f"keep {server.name}")
        for server, up in zip(servers, serving, strict=True)
    ]
    all_serve = asyncio.create_task(_all_set(serving))
    everything: list[asyncio.Task[None]] = [all_serve, *keepers]
    try:
        await asyncio.wait(everything, return_when=asyncio.FIRST_COMPLETED)
        for failed in keepers:
            if failed.done():
                await failed
        yield
    finally:
        for task in everything:
            task.cancel()
        await asyncio.wait(everything)
        for keeper in keepers:
            with suppress(asyncio.CancelledError):
                await keeper


async def run(command: list[str], place: EmbeddedPlace) -> None:
    """Run a command to its end as the servers' user. CannotStart with what it printed if it fails."""
    process = await _spawn(command, place, signal.SIGKILL, output=asyncio.subprocess.PIPE)
    try:
        printed, _ = await process.communicate()
    finally:
        await _stop(process, signal.SIGKILL)
    if process.returncode != 0:
        raise CannotStart(f"{Path(command[0]).name} a échoué :\n{printed.decode(errors='replace')}")


async def _all_set(events: Sequence[asyncio.Event]) -> None:
    for event in events:
        await event.wait()


async def _keep(server: Server, place: EmbeddedPlace, serving: asyncio.Event) -> None:
    pause_s = 0.05
    while True:
        try:
            process = await _start(server, place)
        except CannotStart:
            if not serving.is_set():
                raise
            LOG.exception("embedded_server_down", service=server.name)
            pause_s = min(2 * pause_s, 5)
        else:
            serving.set()
            pause_s = 0.05
            try:
                await process.wait()
            finally:
                await _stop(process, server.stop_signal)
            LOG.warning("embedded_server_died", service=server.name, status=process.returncode)
        await asyncio.sleep(pause_s)


async def _start(server: Server, place: EmbeddedPlace) -> asyncio.subprocess.Process:
    log = place.folder / f"{server.name}.log"
    try:
        async with asyncio.timeout(READY_WITHIN_S):
            while True:
                await server.clear_way()
                process = await _spawn(list(server.command), place, server.stop_signal, log=log)
                if await _serves(server, process):
                    return process
                if server.try_again_on is None or server.try_again_on not in _tail(log):
                    raise CannotStart(f"{server.name} s'est arrêté aussitôt ; la fin de {log} :\n{_tail(log)}")
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise CannotStart(f"{server.name} ne répond pas après {READY_WITHIN_S} s : lire {log}.") from None


async def _serves(server: Server, process: asyncio.subprocess.Process) -> bool:
    try:
        while process.returncode is None:
            if await server.answers():
                return True
            await asyncio.sleep(0.01)
    except BaseException:
        await _stop(process, signal.SIGKILL)
        raise
    return False


async def _spawn(
    command: list[str], place: EmbeddedPlace, death_signal: int, *, log: Path | None = None, output: int | None = None
) -> asyncio.subprocess.Process:
    owner = place.owner
    shim = [sys.executable, "-I", "-S", becoming.__file__]
    told = [str(owner.uid), str(owner.gid), str(os.getpid()), str(int(death_signal))]
    written = output if log is None else _private_log(log, place)
    try:
        return await asyncio.create_subprocess_exec(
            *shim,
            *told,
            *command,
            cwd=place.folder,
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=written,
            stderr=asyncio.subprocess.STDOUT,
            # Ctrl-C in the terminal is for us: the servers stop after those who use them.
            start_new_session=True,
        )
    finally:
        if log is not None and written is not None:
            os.close(written)


async def _stop(process: asyncio.subprocess.Process, how: signal.Signals) -> None:
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.send_signal(how)
    try:
        async with asyncio.timeout(STOP_WITHIN_S):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _private_log(log: Path, place: EmbeddedPlace) -> int:
    # Emptied at each start: it holds what the server says of itself, never a statement nor its values.
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    os.fchown(descriptor, place.owner.uid, place.owner.gid)
    return descriptor


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-12:])
