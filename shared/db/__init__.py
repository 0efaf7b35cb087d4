"""Engines, sessions and the scope of a transaction: which CPTS, practitioners and account it may touch.

Row-level security reads the scope from three settings of the transaction. Without them no row is seen.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import asyncpg
from sqlalchemy import DateTime, Executable, MetaData, Result, TextClause, event, text
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel import Field
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import straight
from shared.db.direct import DirectSession
from shared.db.doorbell import Doorbell
from shared.db.straight import is_plain

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
AWAY = (DBAPIError, PoolTimeout, OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What is raised while the database is away: waiting and trying again is right. Refused connections come unwrapped."""
FULL = frozenset({"53100", "53200"})
"""What PostgreSQL says when its disk or its memory is full."""
Session = AsyncSession | DirectSession
"""What a statement is run in."""
OpenSession = Callable[[], AbstractAsyncContextManager[AsyncSession]]
FollowUp = Callable[[], Awaitable[None]]


def is_lost(error: Exception) -> bool:
    """Whether one of AWAY is a connection refused or cut in mid-flight: a cut may surface as a plain DBAPIError.

    What the database refuses (a constraint, a right, a full disk) is not: trying again at once does not help.
    """
    if not isinstance(error, DBAPIError):
        return isinstance(error, AWAY)
    refused = error.statement is None  # before any statement
    cut = error.connection_invalidated or "Connection" in str(error.orig)
    return refused or cut or isinstance(error, OperationalError | InterfaceError)


def is_full(error: BaseException) -> bool:
    """Whether the database has no room left, on its disk or in its memory: what was asked was not done."""
    told = error.orig if isinstance(error, DBAPIError) else error
    return getattr(told, "sqlstate", None) in FULL


def schema_metadata(schema: str) -> MetaData:
    """The tables of one schema, with predictable constraint names."""
    return MetaData(schema=schema, naming_convention=NAMING)


def instant(**options: Any) -> Any:
    """A column holding an aware instant."""
    return Field(sa_type=DateTime(timezone=True), **options)


def engine_for(url: str, *, name: str, pool_size: int = 10, **more: Any) -> AsyncEngine:
    """A pool whose connections give up after 10 s; one that was cut is replaced, so that a restart heals by itself."""
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=5,
        hide_parameters=True,
        connect_args={"command_timeout": 10, "timeout": 5, "server_settings": {"application_name": name}},
        **more,
    )
    event.listen(engine.sync_engine, "checkout", _refuse_cut)
    event.listen(engine.sync_engine, "checkin", _refuse_open)
    return engine


def _refuse_cut(connection: Any, _record: Any, _proxy: Any) -> None:
    """Have a connection that was cut replaced: the driver was told, and asking the database costs three round trips."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _refuse_open(connection: Any, record: Any) -> None:
    """Close a connection that comes back with a transaction open."""
    if connection is not None and straight.is_open(connection.driver_connection):
        record.invalidate()


@dataclass(frozen=True, slots=True)
class Scope:
    """What a transaction may touch: these CPTS (`*`: all, for our own machines), these practitioners (None: any).

    `account` is the person whose own rows it may also touch.
    """

    cpts: frozenset[str] = frozenset()
    practitioners: frozenset[str] | None = None
    account: str = ""


async def run(session: Session, statement: Executable, **values: Any) -> Result[Any]:
    """Run a statement that is no ORM query, in the session's transaction."""
    if isinstance(session, DirectSession):
        return await session.run(cast(TextClause, statement), values)
    if is_plain(statement):
        return await straight.fetch(session, cast(TextClause, statement), values)
    return await (await session.connection()).execute(statement, values or None)


async def run_each(session: AsyncSession, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> None:
    """Run a statement once for each of these rows, sent together: for the many rows of one change."""
    if rows:
        await (await session.connection()).execute(statement, rows)


_BIND = text(
    "select set_config('aiguillage.cpts', :cpts, true), set_config('aiguillage.practitioners', :own, true),"
    " set_config('aiguillage.account', :account, true), common.now() as now"
)


async def set_scope(session: AsyncSession, scope: Scope) -> None:
    """Bind the scope to the current transaction; the same statement reads the clock."""
    practitioners = "*" if scope.practitioners is None else ",".join(sorted(scope.practitioners))
    values = {"cpts": ",".join(sorted(scope.cpts)), "own": practitioners, "account": scope.account}
    bind_scope(session, scope, (await run(session, _BIND, **values)).one().now)


def bind_scope(session: AsyncSession, scope: Scope, now: datetime | None = None) -> None:
    """Remember to which scope the current transaction was just bound, and the instant that was read with it."""
    session.info["scope"] = (session.sync_session.get_transaction(), scope)
    if now is not None:
        session.info["now"] = now


def scope_of(session: Session) -> Scope | None:
    """The scope of the current transaction, if it was bound to one: a commit ends it."""
    if isinstance(session, DirectSession):
        return Scope(frozenset({"*"}))
    transaction, scope = session.info.get("scope", (None, None))
    return scope if transaction is session.sync_session.get_transaction() else None


async def database_now(session: AsyncSession) -> datetime:
    """The instant that the database shows: the one that decides about deadlines. A transaction reads it once."""
    known: datetime | None = session.info.get("now")
    if known is None:
        known = session.info["now"] = (await run(session, text("select common.now()"))).scalar_one()
    return known


_OPENED: ContextVar[tuple[AsyncSession, ...]] = ContextVar("opened", default=())


def in_transaction() -> bool:
    """Whether this task has a transaction open: whoever waits for another system may not."""
    return any(session.in_transaction() for session in _OPENED.get())


def opener(engine: AsyncEngine, bell: Doorbell) -> OpenSession:
    """How a service opens a transaction: committed at the end, rolled back on any exception.

    After the commit come the rings, then what `after_commit` was given: by then no connection is held.
    """

    @asynccontextmanager
    async def open_session() -> AsyncIterator[AsyncSession]:
        async with AsyncSession(engine, expire_on_commit=False) as session:
            _OPENED.set((*_OPENED.get(), session))
            try:
                yield session
                await session.commit()
            finally:
                _OPENED.set(tuple(each for each in _OPENED.get() if each is not session))
        for stream in sorted(session.info.get("rings", ())):
            await bell.ring(stream)
        for follow_up in session.info.get("follow_ups", ()):
            await follow_up()

    return open_session


@asynccontextmanager
async def waiting_elsewhere(session: AsyncSession) -> AsyncIterator[None]:
    """Wait for another system without holding a connection: what was written is committed, what follows begins anew.

    The next transaction of this session touches what this one could, and reads the clock again. What was read before
    may have changed meanwhile: only a guarded statement knows.
    """
    scope = scope_of(session)
    await session.commit()
    yield
    session.info.pop("now", None)
    if scope is not None:
        await set_scope(session, scope)


def after_commit(session: AsyncSession, follow_up: FollowUp) -> None:
    """Do this once the transaction is committed, before the answer: no connection is held then. It may not fail."""
    session.info.setdefault("follow_ups", []).append(follow_up)


def ring_after_commit(session: Session, stream: str) -> None:
    """Ask for a ring once this transaction is committed."""
    session.info.setdefault("rings", set()).add(stream)
