"""Walls: each service reads and writes its own schema only, by its source and by its role; only a store writes."""

import re
from itertools import permutations
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import create_async_engine

from shared.settings import Settings
from tests.architecture.rooms import ROOT, modules
from tests.architecture.writes import writes

SERVICES = ("availability", "matching", "coordination")
SQL = re.compile(rf"\b(from|join|into|update|table)\s+({'|'.join(SERVICES)})\.[a-z_]+", re.IGNORECASE)
WRITERS = {"store", "migrations"}
"""Rooms that may write. A migration changes what is there once, as the owner of the base."""
CROSSING = (
    "from sqlalchemy import update\nupdate(SlotRow)",
    "from sqlmodel import delete as gone\ngone(SlotRow)",
    "from sqlalchemy.dialects.postgresql import insert\ninsert(SlotRow)",
    "import sqlalchemy as sa\nsa.insert(SlotRow)",
    "from sqlalchemy.dialects import postgresql\npostgresql.insert(SlotRow)",
    "SlotRow.__table__.insert()",
    "self.log.delete().where(old)",
    "session.add(row)",
    "self._session.add_all(rows)",
    "await desk.session.merge(row)",
    "await session.delete(row)",
    "async def end(session):\n    row = await session.get(SlotRow, key)\n    row.status = 'ended'",
    "def end(row: SlotRow):\n    row.taken += 1",
    "await connection.copy_records_to_table('slot', records=rows)",
    "text('with gone as (DELETE FROM availability.slot returning id) select id from gone')",
    "text(f'insert into {schema}.slot values (1)')",
    "text(f'update {schema}.slot s set taken = 0')",
    "text('update availability.slot as s set taken = 0')",
    "text('truncate availability.slot')",
    "text('copy availability.slot (id) from stdin')",
    "text('merge into availability.slot using other on true')",
    "text('insert ' 'into availability.slot values (1)')",
)
READING = (
    '"""Docstrings may say: insert into a table, delete from it."""',
    "seen.add(1)",
    "async def make(session):\n    row = SlotRow()\n    row.taken = 0",
    "known.update(more)",
    "hashlib.sha256().update(content)",
    "from sqlmodel import select\nselect(SlotRow).with_for_update()",
    "text('select id from availability.slot for update skip locked')",
    "await client.delete('/slots')",
    "log.info('update of slots')",
)
TABLES = text("select tablename from pg_tables where schemaname = :schema order by 1")


def foreign(source: str, other: str) -> list[str]:
    """The places of a source that name a table of another service's schema in a statement."""
    return [found.group() for found in SQL.finditer(source) if found.group(2).lower() == other]


def test_a_statement_on_another_schema_is_seen() -> None:
    assert foreign("select 1 from availability.slot", "availability") == ["from availability.slot"]
    assert not foreign("from services.availability.tables import SlotRow", "availability")


@pytest.mark.parametrize(("service", "other"), list(permutations(SERVICES, 2)))
def test_no_statement_of_a_service_names_a_table_of_the_other(service: str, other: str) -> None:
    sources = [path for path in (ROOT / "services" / service).rglob("*.py") if "migrations" not in path.parts]
    assert sources
    seen = {str(path.relative_to(ROOT)): foreign(Path(path).read_text(encoding="utf-8"), other) for path in sources}
    assert not {path: found for path, found in seen.items() if found}


@pytest.mark.parametrize(("service", "other"), list(permutations(SERVICES, 2)))
async def test_the_role_of_a_service_is_refused_on_every_table_of_the_other(
    settings: Settings, service: str, other: str
) -> None:
    engine = create_async_engine(settings.role_url(f"aiguillage_{service}"))
    owner = create_async_engine(settings.database_url.get_secret_value())
    try:
        async with owner.connect() as connection:
            tables = list((await connection.execute(TABLES, {"schema": other})).scalars())
        assert len(tables) > 4
        for table in tables:
            for statement in (f"select 1 from {other}.{table}", f"delete from {other}.{table}"):
                async with engine.connect() as connection:
                    with pytest.raises(ProgrammingError, match="permission denied"):
                        await connection.execute(text(statement))
    finally:
        await engine.dispose()
        await owner.dispose()


def test_only_a_store_writes() -> None:
    found = {
        name: writes(path.read_text(encoding="utf-8"))
        for name, path in modules().items()
        if not WRITERS & set(name.split("."))
    }
    assert not {name: each for name, each in found.items() if each}


def test_a_write_outside_a_store_is_seen_and_a_read_is_not() -> None:
    assert not [source for source in CROSSING if not writes(source)]
    assert not [source for source in READING if writes(source)]
