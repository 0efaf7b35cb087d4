"""Rows of files, written by their business keys: writing the same file twice changes nothing."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.files.communes import Commune, read_communes
from services.files.outcome import Outcome, Writer
from services.imports.into_availability import professionals, slots
from services.imports.into_matching import attachments, requests
from shared.db import run
from shared.embedded.place import CannotStart
from shared.settings import Settings
from shared.wiring import Wiring, running, wire

# One parameter for a whole batch: 500 rows of bound values take longer to compile than to write.
WRITE_COMMUNES = text("""
    insert into common.commune as c
    select * from jsonb_to_recordset(cast(:rows as jsonb)) as r (
        insee text, name text, departement text, parent text, postal_codes text[], former_names text[],
        lat double precision, lon double precision, population integer
    )
    on conflict (insee) do update set
        (name, departement, parent, postal_codes, former_names, lat, lon, population) = (
            excluded.name, excluded.departement, excluded.parent, excluded.postal_codes, excluded.former_names,
            excluded.lat, excluded.lon, excluded.population)
    where c is distinct from excluded
    returning xmax = 0
""")


@asynccontextmanager
async def writer_for(kind: str, settings: Settings, *, cpts: str = "") -> AsyncIterator[Writer]:
    """The writer of a kind of file, connected as the service that owns it. CannotStart when there is none."""
    if kind not in MAKERS:
        raise CannotStart(f"Rien n'importe « {kind} » : {', '.join(MAKERS)}.")
    service, make = MAKERS[kind]
    async with running(wire(service, settings)) as wiring:
        yield await make(wiring, cpts)


async def _communes(wiring: Wiring, _cpts: str) -> Writer:
    return Writer(read_communes, write_communes, wiring.open_session)


async def write_communes(session: AsyncSession, communes: Sequence[Commune]) -> Outcome:
    """Insert the communes, or update what differs."""
    rows = json.dumps([asdict(each) for each in communes])
    # xmax is 0 on a row that this statement inserted.
    inserted = [each for (each,) in (await run(session, WRITE_COMMUNES, rows=rows)).all()]
    added = sum(map(bool, inserted))
    return Outcome(added, len(inserted) - added, len(communes) - len(inserted))


Maker = Callable[[Wiring, str], Awaitable[Writer]]
MAKERS: dict[str, tuple[str, Maker]] = {
    "communes": ("availability", _communes),
    "professionals": ("availability", professionals),
    "slots": ("availability", slots),
    "requests": ("matching", requests),
    "attachments": ("matching", attachments),
}
