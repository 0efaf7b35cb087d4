"""What writing a batch of rows did, and how one kind of file is read and written."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from services.imports.table import BadRow
from shared.auth import Caller, Role
from shared.db import set_scope
from shared.wiring import Wiring

MACHINE = Caller(id="import", role=Role.MACHINE, cpts=frozenset({"*"}))
"""Who an import acts as: whoever holds the database's URL may write for every CPTS."""

Transaction = Callable[[], AbstractAsyncContextManager[AsyncSession]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What writing one batch did."""

    added: int = 0
    changed: int = 0
    same: int = 0
    bad: tuple[BadRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Writer:
    """How one kind of file is read and written."""

    read: Callable[[Iterable[bytes]], Iterator[Any]]
    write: Callable[[AsyncSession, Sequence[Any]], Awaitable[Outcome]]
    transaction: Transaction


def scoped(wiring: Wiring) -> Transaction:
    """Transactions of a service that may touch every CPTS."""

    @asynccontextmanager
    async def transaction() -> AsyncIterator[AsyncSession]:
        async with wiring.open_session() as session:
            await set_scope(session, MACHINE.scope)
            yield session

    return transaction
