"""What the commands have in common: options, and how they run."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

UP_DIR, DEMO_DIR = Path("data/up"), Path("data/demo")
DataDir = Annotated[
    Path, typer.Option("--data-dir", help="Dossier des données embarquées ; sans effet avec DATABASE_URL et REDIS_URL.")
]
Port = Annotated[int, typer.Option("--port", min=1, max=65535, help="Port où répondre.")]
Host = Annotated[str, typer.Option("--host", help="Adresse où répondre ; 0.0.0.0 pour toutes.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Graine des tirages : même graine, mêmes tirages.")]


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run to the end, on the faster event loop where the system has it."""
    with asyncio.Runner(loop_factory=_fast_loop()) as runner:
        return runner.run(work)


def _fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop
