"""What writing a batch of rows did, and how one kind of file is read and written."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession

from services.files.table import BadRow
from shared.auth import Caller, Role
from shared.db import set_scope
from shared.refusals import Refusal
from shared.wiring import Wiring

MACHINE = Caller(id="import", role=Role.MACHINE, cpts=frozenset({"*"}))
"""Who an import acts as: whoever holds the database's URL may write for every CPTS."""

Transaction = Callable[[], AbstractAsyncContextManager[AsyncSession]]


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """What writing one batch did."""

    added: int = 0
    changed: int = 0
    same: int = 0
    bad: tuple[BadRow, ...] = ()


@dataclass(frozen=True, slots=True)
class FileWriter:
    """How one kind of file is read and written."""

    read: Callable[[Iterable[bytes]], Iterator[Any]]
    write: Callable[[AsyncSession, Sequence[Any]], Awaitable[BatchOutcome]]
    transaction: Transaction


def open_scoped(wiring: Wiring) -> Transaction:
    """Transactions of a service that may touch every CPTS."""

    @asynccontextmanager
    async def transaction() -> AsyncIterator[AsyncSession]:
        async with wiring.open_session() as session:
            await set_scope(session, MACHINE.scope)
            yield session

    return transaction


Written = Callable[[AsyncSession, Any], Awaitable[str]]


async def one_by_one(write: Written, session: AsyncSession, rows: Sequence[Any]) -> BatchOutcome:
    """Write each row by itself: what one is refused for leaves the others alone. `write` answers a count's name."""
    counts = {"added": 0, "changed": 0, "same": 0}
    bad: list[BadRow] = []
    for row in rows:
        try:
            async with session.begin_nested():
                counts[await write(session, row)] += 1
        except Refusal as refused:
            extra = refused.extra
            bad.append(BadRow(row.line, str(extra.get("field", "")), str(extra.get("value", "")), refused.detail))
        except ValidationError as refused:
            fault = refused.errors()[0]
            bad.append(BadRow(row.line, ".".join(map(str, fault["loc"])), str(fault.get("input"))[:80], fault["msg"]))
    return BatchOutcome(**counts, bad=tuple(bad))
