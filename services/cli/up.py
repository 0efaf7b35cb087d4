"""`aiguillage up` and `aiguillage serve`: the services behind one port, or one of them, until Ctrl-C."""

import asyncio
import contextlib
import gc
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from services.installation.starting import Installation, install
from shared.refusals import CannotStart
from shared.running.telemetry import configure_logging

SERVICES = {
    "availability": "services.availability.main",
    "matching": "services.matching.main",
    "coordination": "services.coordination.main",
    "pages": "services.installation.pages",
}
SIGNALS = (signal.SIGINT, signal.SIGTERM)
GOODBYE_S = 1


@asynccontextmanager
async def serving(app: FastAPI, *, host: str, port: int) -> AsyncIterator[asyncio.Task[None]]:
    """Answer on `port` while the context lasts; the task ends early only if the server stops by itself.

    CannotStart when the port is taken.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=GOODBYE_S,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
    server = uvicorn.Server(config)
    # Signals are ours: the embedded servers stop after the services, in the same context.
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    running = asyncio.create_task(_serve(server, port), name=f"serve {port}")
    try:
        while not server.started and not running.done():  # noqa: ASYNC110 - uvicorn has no event to wait for
            await asyncio.sleep(0.01)
        if running.done():
            await running
        _spare_what_stays()
        yield running
    finally:
        await _stop(server, running)
    await running


def _spare_what_stays() -> None:
    """Keep what was loaded to start out of garbage collection, which else stops every answer to walk it all again."""
    gc.collect()
    gc.freeze()


async def _stop(server: uvicorn.Server, running: asyncio.Task[None]) -> None:
    """Let the requests in progress end, then end them: nothing that was answered is lost either way."""
    server.should_exit = True
    await asyncio.wait({running}, timeout=GOODBYE_S + 0.4)
    server.force_exit = True
    await asyncio.wait({running}, timeout=0.3)
    running.cancel()
    await asyncio.wait({running})


async def _serve(server: uvicorn.Server, port: int) -> None:
    try:
        await server.serve()
    except SystemExit:
        raise CannotStart(
            f"Le service ne démarre pas sur le port {port} : donner un autre --port, ou lire les messages ci-dessus."
        ) from None


@asynccontextmanager
async def until_told() -> AsyncIterator[asyncio.Event]:
    """An event that Ctrl-C or SIGTERM sets, in place of their usual effect."""
    told, loop = asyncio.Event(), asyncio.get_running_loop()

    def tell() -> None:
        # Only once: whoever insists gets the usual effect.
        told.set()
        ignore()

    def ignore() -> None:
        for number in SIGNALS:
            loop.remove_signal_handler(number)

    for number in SIGNALS:
        loop.add_signal_handler(number, tell)
    try:
        yield told
    finally:
        ignore()


async def first_of(told: asyncio.Event, running: asyncio.Task[None]) -> None:
    """Wait for the order to stop, or for the service to stop by itself."""
    order = asyncio.create_task(told.wait())
    await asyncio.wait({order, running}, return_when=asyncio.FIRST_COMPLETED)
    order.cancel()


async def up(data_dir: Path, *, host: str, port: int, say: Callable[[str], None]) -> None:
    """Run both services on one port until told to stop."""
    configure_logging()
    async with until_told() as told, install(data_dir, port=port) as here:
        await _run(
            _builder("services.installation.together")(here.settings), here, host=host, port=port, told=told, say=say
        )


async def serve(name: str, *, host: str, port: int, say: Callable[[str], None], rounds: bool = True) -> None:
    """Run one service, or the pages, on DATABASE_URL and REDIS_URL until told to stop. Migrate the schemas first.

    Without `rounds` a matching service answers people and leaves the rounds to other processes.
    """
    if name not in SERVICES:
        raise CannotStart(f"Aucun service ne s'appelle « {name} » : {' ou '.join(SERVICES)}.")
    if not rounds and name != "matching":
        raise CannotStart("--no-rounds est pour « serve matching » : lui seul fait des tours.")
    configure_logging()
    async with until_told() as told, install(Path("data/up"), port=port, join=True, migrate=False) as here:
        build = _builder(SERVICES[name])
        app = build(here.settings) if rounds else build(here.settings, runs_rounds=False)
        await _run(app, here, host=host, port=port, told=told, say=say)


def _builder(module: str) -> Callable[..., FastAPI]:
    # Slow to import, the solver above all: only who serves pays for it.
    build: Callable[..., FastAPI] = import_module(module).build
    return build


async def _run(
    app: FastAPI, here: Installation, *, host: str, port: int, told: asyncio.Event, say: Callable[[str], None]
) -> None:
    if here.warning:
        say(here.warning)
    async with serving(app, host=host, port=port) as running:
        say(f"Prêt : {here.settings.public_url} (santé : {here.settings.public_url}/health). Ctrl-C pour arrêter.")
        await first_of(told, running)
