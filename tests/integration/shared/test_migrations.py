"""Tables and migrations say the same."""

import pytest
from alembic import command
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from services.installation.histories import HISTORIES
from shared.db.migrate import SchemaHistory, check, newest, upgrade
from shared.settings import Settings


@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history.schema)
async def test_tables_and_migrations_say_the_same(history: SchemaHistory, settings: Settings) -> None:
    engine = create_async_engine(settings.database_url.get_secret_value())
    async with engine.connect() as connection:
        await connection.run_sync(check, history)
    await engine.dispose()


async def test_migrating_twice_changes_nothing(settings: Settings) -> None:
    await upgrade(settings, HISTORIES)
    engine = create_async_engine(settings.database_url.get_secret_value())
    async with engine.connect() as connection:
        for history in HISTORIES:
            version = await connection.execute(text(f"select version_num from {history.schema}.alembic_version"))
            assert version.scalar_one() == newest(history)
    await engine.dispose()


async def test_the_professions_that_a_cpts_edited_keep_no_condition(settings: Settings) -> None:
    """As before the conditions: cystitis edited (a dentist more, no midwife), sprain as shipped, one motive more."""
    engine = create_async_engine(settings.database_url.get_secret_value())
    as_before = (
        "alter table matching.motive add column professions text[] not null default '{10}'",
        "drop table matching.direct_access",
        "alter table matching.request drop column needs",
        "update matching.motive set professions = '{10,21,40}' where code = 'cystitis'",
        "update matching.motive set professions = '{10,70}' where code = 'sprain'",
        "insert into matching.motive (code, label, professions, modes, urgency, window_hours, validated)"
        " values ('ours', 'Le nôtre', '{60}', '{AMB}', 3, 24, true)",
        "update matching.alembic_version set version_num = '0013'",
    )
    async with engine.begin() as connection:
        for statement in as_before:
            await connection.execute(text(statement))
        await connection.run_sync(_conditions_alone)
    async with engine.connect() as connection:
        rows = await connection.execute(
            text(
                "select motive, profession, sex, training, structures, cardinality(departements) as near, source"
                " from matching.direct_access where motive in ('cystitis', 'sprain', 'ours') order by 1, 2, 6"
            )
        )
        found = [tuple(row) for row in rows]
    await engine.dispose()
    assert found == [
        ("cystitis", "10", "", "", [], 0, "droit commun"),
        ("cystitis", "21", "f", "cystitis", [], 0, "pharmaciens, 19 juin 2024"),
        ("cystitis", "40", "", "", [], 0, "CPTS"),
        ("ours", "60", "", "", [], 0, "CPTS"),
        ("sprain", "10", "", "", [], 0, "droit commun"),
        ("sprain", "70", "", "", ["esp", "cds", "msp"], 0, "loi du 19 mai 2023"),
        ("sprain", "70", "", "", [], 20, "expérimentation en CPTS, 15 juillet 2025"),
    ]


def _conditions_alone(connection: Connection) -> None:
    config = next(history for history in HISTORIES if history.schema == "matching").config()
    config.attributes["connection"] = connection
    command.upgrade(config, "0014")
