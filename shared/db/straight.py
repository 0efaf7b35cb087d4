"""Statements in plain SQL, straight to the driver: in the session's transaction, without what builds and maps others.

SQLAlchemy takes ten times the processor of the driver for a statement that is a text already. It still opens the
transaction, translates what the driver raises, and tells who listens to `before_cursor_execute`.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import asyncpg
from sqlalchemy import Result, TextClause
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import NullType
from sqlmodel.ext.asyncio.session import AsyncSession

DIALECT: Any = dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
RAISED = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
_COLUMNS: dict[str, SimpleResultMetaData] = {}
"""What the columns of a statement are called."""


def is_plain(statement: object) -> bool:
    """Whether a statement is a text whose values go to the driver as they are."""
    if not isinstance(statement, TextClause):
        return False
    return all(isinstance(each.type, NullType) and not each.expanding for each in statement._bindparams.values())  # noqa: SLF001


@lru_cache(maxsize=2000)
def number_values(text: str) -> tuple[str, Sequence[str]]:
    """A text with `:names`, as the driver wants it: with `$1`, and the name of each number."""
    compiled = TextClause(text).compile(dialect=DIALECT)
    return str(compiled), tuple(dict.fromkeys(compiled.positiontup or ()))


async def _hold(session: AsyncSession) -> tuple[Any, Any]:
    """The connection of the session's transaction, and the library's hold on the driver's."""
    transaction = session.sync_session.get_transaction()
    known = session.info.get("straight")
    if known is not None and known[0] is transaction:
        return known[1], known[2]
    connection = (await session.connection()).sync_connection
    assert connection is not None  # noqa: S101  it was just begun
    adapter: Any = connection.connection.dbapi_connection
    session.info["straight"] = (session.sync_session.get_transaction(), connection, adapter)
    return connection, adapter


async def fetch(session: AsyncSession, statement: TextClause, values: Mapping[str, Any]) -> Result[Any]:
    """What a plain statement answers; raises as SQLAlchemy does."""
    connection, adapter = await _hold(session)
    sql, names = number_values(statement.text)
    given = [values[name] for name in names]
    tell_listeners(connection, sql, given)
    try:
        async with adapter._execute_mutex:  # noqa: SLF001
            if adapter._transaction is None:  # noqa: SLF001
                await adapter._start_transaction()  # noqa: SLF001
            return await answer(adapter.driver_connection, sql, given)
    except (*RAISED, adapter.dbapi.Error) as error:
        _raise_translated(adapter, sql, error)
        raise


def tell_listeners(connection: Any, sql: str, given: Sequence[Any]) -> None:
    """Tell who listens on a connection, or an engine, that a statement is about to be sent."""
    if connection._has_events or connection.engine._has_events:  # noqa: SLF001
        for listener in connection.dispatch.before_cursor_execute:
            listener(connection, None, sql, given, None, False)


async def answer(driver: Any, sql: str, given: Sequence[Any]) -> Result[Any]:
    """What the driver answers, as SQLAlchemy hands it out."""
    rows = await driver.fetch(sql, *given)
    columns = _COLUMNS.get(sql)
    if columns is None:
        named = rows[0].keys() if rows else [each.name for each in (await driver.prepare(sql)).get_attributes()]
        columns = _COLUMNS[sql] = SimpleResultMetaData(list(named))
    return IteratorResult(columns, iter(rows))


def is_open(driver: Any) -> bool:
    """Whether a transaction was left open on the driver's connection: what follows on it would never be committed.

    A begin or a commit that was cut short, or not answered in time, leaves one that nobody ends.
    """
    return driver._top_xact is not None or bool(driver.is_in_transaction())  # noqa: SLF001  set before it is begun


def _raise_translated(adapter: Any, sql: str, error: Exception) -> None:
    """Raise what the driver raised as SQLAlchemy does, if it is about the database."""
    cut = adapter.driver_connection.is_closed()
    try:
        adapter._handle_exception(error)  # noqa: SLF001
    except adapter.dbapi.Error as translated:
        raise DBAPIError.instance(
            sql,
            None,
            translated,
            adapter.dbapi.Error,
            hide_parameters=True,
            connection_invalidated=cut,
            dialect=DIALECT,
        ) from error
