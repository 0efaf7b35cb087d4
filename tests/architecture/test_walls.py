"""Walls: each service reads and writes its own schema only, by its source and by its role in the database."""

import re
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import create_async_engine

from shared.settings import Settings
from tests.architecture.rooms import ROOT

SERVICES = {"availability": "matching", "matching": "availability"}
SQL = re.compile(r"\b(from|join|into|update|table)\s+(availability|matching)\.[a-z_]+", re.IGNORECASE)
TABLES = text("select tablename from pg_tables where schemaname = :schema order by 1")


def foreign(source: str, other: str) -> list[str]:
    """The places of a source that name a table of another service's schema in a statement."""
    return [found.group() for found in SQL.finditer(source) if found.group(2).lower() == other]


def test_a_statement_on_another_schema_is_seen() -> None:
    assert foreign("select 1 from availability.slot", "availability") == ["from availability.slot"]
    assert not foreign("from services.availability.tables import SlotRow", "availability")


@pytest.mark.parametrize(("service", "other"), SERVICES.items())
def test_no_statement_of_a_service_names_a_table_of_the_other(service: str, other: str) -> None:
    sources = [path for path in (ROOT / "services" / service).rglob("*.py") if "migrations" not in path.parts]
    assert sources
    seen = {str(path.relative_to(ROOT)): foreign(Path(path).read_text(encoding="utf-8"), other) for path in sources}
    assert not {path: found for path, found in seen.items() if found}


@pytest.mark.parametrize(("service", "other"), SERVICES.items())
async def test_the_role_of_a_service_is_refused_on_every_table_of_the_other(
    settings: Settings, service: str, other: str
) -> None:
    engine = create_async_engine(settings.role_url(f"aiguillage_{service}"))
    owner = create_async_engine(settings.database_url.get_secret_value())
    try:
        async with owner.connect() as connection:
            tables = list((await connection.execute(TABLES, {"schema": other})).scalars())
        assert len(tables) > 10
        for table in tables:
            for statement in (f"select 1 from {other}.{table}", f"delete from {other}.{table}"):
                async with engine.connect() as connection:
                    with pytest.raises(ProgrammingError, match="permission denied"):
                        await connection.execute(text(statement))
    finally:
        await engine.dispose()
        await owner.dispose()
