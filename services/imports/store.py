"""The only SQL that writes communes and their outlines."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import TextClause, text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.files.communes import Commune
from services.files.outcome import BatchOutcome
from services.files.shapes import Shape
from shared.db import run

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
WRITE_SHAPES = text("""
    insert into common.commune_shape as s
    select * from jsonb_to_recordset(cast(:rows as jsonb)) as r (insee text, rings jsonb)
    on conflict (insee) do update set rings = excluded.rings
    where s.rings is distinct from excluded.rings
    returning xmax = 0
""")


async def write_communes(session: AsyncSession, communes: Sequence[Commune]) -> BatchOutcome:
    """Insert the communes, or update what differs."""
    return await _upsert(session, WRITE_COMMUNES, communes)


async def write_shapes(session: AsyncSession, shapes: Sequence[Shape]) -> BatchOutcome:
    """Insert the outlines, or replace what differs; the last of one code stands."""
    return await _upsert(session, WRITE_SHAPES, list({each.insee: each for each in shapes}.values()))


async def _upsert(session: AsyncSession, statement: TextClause, given: Sequence[Commune | Shape]) -> BatchOutcome:
    rows = json.dumps([asdict(each) for each in given])
    # xmax is 0 on a row that this statement inserted.
    inserted = [each for (each,) in (await run(session, statement, rows=rows)).all()]
    added = sum(map(bool, inserted))
    return BatchOutcome(added, len(inserted) - added, len(given) - len(inserted))
