"""What the other tests stand on: a database that a test used is as the migrations made it, or is dropped."""

import asyncpg
import pytest

from tests.databases import Shelf, connect, image

ROWS = (
    "delete from matching.motive_word",
    "update common.clock set speed = 3",
    "select nextval(pg_get_serial_sequence('matching.hub_outgoing', 'id'))",
    "insert into common.commune select * from common.commune",
    "create temporary table elsewhere (id int)",
)
MORE_THAN_ROWS = (
    "create table common.extra (id int)",
    "create index extra on common.session (account_id)",
    "alter table common.session alter column account_id set default gen_random_uuid()",
    "alter table matching.request disable row level security",
    "create policy extra on matching.request using (true)",
    "grant select on matching.request to public",
    "grant usage on schema matching to public",
    "alter function common.now() cost 7",
    "create view common.extra as select 1 as one",
    "alter table common.session alter column account_id drop not null",
)


async def used(shelf: Shelf, statement: str) -> tuple[str, asyncpg.Connection]:
    """A database on which this was done, and a connection that its test forgot."""
    url = await shelf.take()
    connection = await connect(url)
    await connection.execute(statement)
    return url, connection


@pytest.mark.parametrize("statement", ROWS)
async def test_rows_are_put_back_and_who_is_still_connected_is_let_go(shelf: Shelf, statement: str) -> None:
    url, forgotten = await used(shelf, statement)
    ready = len(shelf.ready)
    await shelf.give_back(url)
    assert len(shelf.ready) == ready + 1
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError)):
        await forgotten.execute("select 1")
    again = await shelf.take()
    connection = await connect(again)
    assert again != url
    assert await image(connection) == shelf.fresh
    await connection.close()
    await shelf.give_back(again)


@pytest.mark.parametrize("statement", MORE_THAN_ROWS)
async def test_what_was_changed_besides_rows_is_dropped(shelf: Shelf, statement: str) -> None:
    url, _ = await used(shelf, statement)
    ready = len(shelf.ready)
    await shelf.give_back(url)
    assert len(shelf.ready) == ready
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await connect(url)
