"""Rows of files, written by their business keys: writing the same file twice changes nothing."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from services.files.communes import read_communes
from services.files.outcome import FileWriter
from services.files.shapes import read_shapes
from services.imports.into_availability import professionals, slots
from services.imports.into_matching import attachments, requests
from services.imports.store import write_communes, write_shapes
from shared.embedded.place import CannotStart
from shared.settings import Settings
from shared.wiring import Wiring, running, wire


@asynccontextmanager
async def writer_for(kind: str, settings: Settings, *, cpts: str = "") -> AsyncIterator[FileWriter]:
    """The writer of a kind of file, connected as the service that owns it. CannotStart when there is none."""
    if kind not in MAKERS:
        raise CannotStart(f"Rien n'importe « {kind} » : {', '.join(MAKERS)}.")
    service, make = MAKERS[kind]
    async with running(wire(service, settings)) as wiring:
        yield await make(wiring, cpts)


async def _communes(wiring: Wiring, _cpts: str) -> FileWriter:
    return FileWriter(read_communes, write_communes, wiring.open_session)


async def _shapes(wiring: Wiring, _cpts: str) -> FileWriter:
    return FileWriter(read_shapes, write_shapes, wiring.open_session)


Maker = Callable[[Wiring, str], Awaitable[FileWriter]]
MAKERS: dict[str, tuple[str, Maker]] = {
    "communes": ("availability", _communes),
    "shapes": ("availability", _shapes),
    "professionals": ("availability", professionals),
    "slots": ("availability", slots),
    "requests": ("matching", requests),
    "attachments": ("matching", attachments),
}
