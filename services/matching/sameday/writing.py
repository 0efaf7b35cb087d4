"""What a round writes: everything at once, in a transaction that first checks the round's token."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.sameday.app.bookings import Bookings
from services.matching.sameday.app.parameters import CptsParameters
from services.matching.sameday.store.lease import fence
from services.matching.sameday.store.moves import condemn, explain_all, move_all, tell_all
from services.matching.sameday.store.requests import Move
from services.matching.sameday.store.tables import RequestRow
from shared.db import Scope, set_scope
from shared.wiring import Wiring


class Writer:
    """Writes for one CPTS under one token. `told` counts the events it appended, `changed` holds the requests."""

    def __init__(self, wiring: Wiring, bookings: Bookings, cpts_id: str, token: int) -> None:
        """One per round; `parameters` are set once they are read."""
        self.wiring, self.bookings, self.parameters = wiring, bookings, CptsParameters()
        self.cpts_id, self.token, self.told = cpts_id, token, 0
        self.changed: dict[UUID, RequestRow] = {}

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A transaction that sees the CPTS."""
        async with self.wiring.open_session() as session:
            await set_scope(session, Scope(frozenset({self.cpts_id})))
            yield session

    @asynccontextmanager
    async def open_fenced(self) -> AsyncIterator[AsyncSession]:
        """A transaction that holds the lease; raises `LeaseLost`."""
        async with self.reading() as session:
            await fence(session, self.cpts_id, self.token)
            yield session

    async def write(self, changes: Sequence[Move], reasons: Sequence[Mapping[str, Any]] = ()) -> dict[UUID, RequestRow]:
        """These changes and their events; left out is what someone else changed first. Nothing to write: no statement.

        `reasons`: why requests have no slot, renewed. Answers the requests that changed, as they now are.
        """
        if not changes and not reasons:
            return {}
        async with self.open_fenced() as session:
            moved = await move_all(session, changes)
            explained = await explain_all(session, reasons)
            await tell_all(
                session, [(change.code, row) for change, row in moved] + [("explained", row) for row in explained]
            )
        self.told += len(moved) + len(explained)
        rows = {row.id: row for _, row in moved}
        self.changed |= {row.id: row for row in explained} | rows
        return rows

    async def condemn(self, pairs: Sequence[tuple[UUID, UUID]]) -> set[UUID]:
        """Write down which (request, booking) go back; answers the bookings that nobody uses, and never will."""
        if not pairs:
            return set()
        async with self.open_fenced() as session:
            return await condemn(session, pairs)
