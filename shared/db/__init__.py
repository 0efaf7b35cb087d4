"""Engines, sessions and the scope of a transaction: which CPTS, practitioners and account it may touch.

Row-level security reads the scope from three settings of the transaction. Without them no row is seen.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
from sqlalchemy import CursorResult, DateTime, Executable, MetaData, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel import Field
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db.doorbell import Doorbell

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
AWAY = (DBAPIError, PoolTimeout, OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What is raised while the database is away: waiting and trying again is right. Refused connections come unwrapped."""
OpenSession = Callable[[], AbstractAsyncContextManager[AsyncSession]]


def is_lost(error: Exception) -> bool:
    """Whether one of AWAY is a connection refused or cut in mid-flight: a cut may surface as a plain DBAPIError.

    What the database refuses (a constraint, a right, a full disk) is not: trying again at once does not help.
    """
    if not isinstance(error, DBAPIError):
        return isinstance(error, AWAY)
    refused = error.statement is None  # before any statement
    cut = error.connection_invalidated or "Connection" in str(error.orig)
    return refused or cut or isinstance(error, OperationalError | InterfaceError)


def schema_metadata(schema: str) -> MetaData:
    """The tables of one schema, with predictable constraint names."""
    return MetaData(schema=schema, naming_convention=NAMING)


def instant(**options: Any) -> Any:
    """A column holding an aware instant."""
    return Field(sa_type=DateTime(timezone=True), **options)


def engine_for(url: str, *, name: str, pool_size: int = 10, **more: Any) -> AsyncEngine:
    """A pool whose connections give up after 10 s and are checked before use, so that a restart heals by itself."""
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        pool_timeout=5,
        hide_parameters=True,
        connect_args={"command_timeout": 10, "timeout": 5, "server_settings": {"application_name": name}},
        **more,
    )


@dataclass(frozen=True, slots=True)
class Scope:
    """What a transaction may touch: these CPTS (`*`: all, for our own machines), these practitioners (None: any).

    `account` is the person whose own rows it may also touch.
    """

    cpts: frozenset[str] = frozenset()
    practitioners: frozenset[str] | None = None
    account: str = ""


async def run(session: AsyncSession, statement: Executable, **values: Any) -> CursorResult[Any]:
    """Run a statement that is no ORM query, in the session's transaction."""
    return await (await session.connection()).execute(statement, values or None)


async def run_each(session: AsyncSession, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> None:
    """Run a statement once for each of these rows, sent together: for the many rows of one change."""
    if rows:
        await (await session.connection()).execute(statement, rows)


async def set_scope(session: AsyncSession, scope: Scope) -> None:
    """Bind the scope to the current transaction."""
    practitioners = "*" if scope.practitioners is None else ",".join(sorted(scope.practitioners))
    bind = text(
        "select set_config('aiguillage.cpts', :cpts, true), set_config('aiguillage.practitioners', :own, true),"
        " set_config('aiguillage.account', :account, true)"
    )
    await run(session, bind, cpts=",".join(sorted(scope.cpts)), own=practitioners, account=scope.account)
    bound(session, scope)


def bound(session: AsyncSession, scope: Scope) -> None:
    """Remember to which scope the current transaction was just bound."""
    session.info["scope"] = (session.sync_session.get_transaction(), scope)


def scope_of(session: AsyncSession) -> Scope | None:
    """The scope of the current transaction, if it was bound to one: a commit ends it."""
    transaction, scope = session.info.get("scope", (None, None))
    return scope if transaction is session.sync_session.get_transaction() else None


async def database_now(session: AsyncSession) -> datetime:
    """The instant that the database shows: the one that decides about deadlines."""
    now: datetime = (await run(session, text("select common.now()"))).scalar_one()
    return now


def opener(engine: AsyncEngine, bell: Doorbell) -> OpenSession:
    """How a service opens a transaction: committed at the end, rolled back on any exception, then rung for."""

    @asynccontextmanager
    async def open_session() -> AsyncIterator[AsyncSession]:
        async with AsyncSession(engine, expire_on_commit=False) as session:
            async with session.begin():
                yield session
            rings: set[str] = session.info.get("rings", set())
        for stream in sorted(rings):
            await bell.ring(stream)

    return open_session


def ring_after_commit(session: AsyncSession, stream: str) -> None:
    """Ask for a ring once this transaction is committed."""
    session.info.setdefault("rings", set()).add(stream)
