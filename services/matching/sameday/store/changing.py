"""The one way to change a row that keeps a story: a statement that tests and takes, a line of the story, an event.

A row of this kind has an id, a CPTS, a state, a version that each change raises, and when it last changed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import update
from sqlmodel import SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.contracts.events import Event
from shared.refusals import NotFound, Refusal

Row = TypeVar("Row", bound=SQLModel)


@dataclass(frozen=True, slots=True)
class Storied(Generic[Row]):
    """One kind of such rows: what it is called in events, its tables, how it is shown, what refuses who comes late.

    `key`: the column of the story that names the row.
    """

    name: str
    table: type[Row]
    story: type[SQLModel]
    key: str
    moved: type[Refusal]
    view: Callable[[Row], BaseModel]

    async def change(
        self, session: AsyncSession, row_id: UUID, *guard: Any, to: str | None, at: datetime, values: dict[str, Any]
    ) -> tuple[Row, str]:
        """Change a row that meets the guard; answers it with the state it had. `to` None keeps it.

        Raises `moved` when the row no longer meets the guard, `NotFound`.
        """
        mine, line = self.table.__table__.c, self.story.__table__.c  # type: ignore[attr-defined]
        # The line before ours says where it stood.
        before = select(line.to_state).where(line[self.key] == mine.id, line.version == mine.version - 1)
        taken = (
            update(self.table)
            .where(mine.id == row_id, *guard)
            .values(state=to or mine.state, version=mine.version + 1, changed_at=at, **values)
            .returning(self.table, before.correlate(self.table).scalar_subquery())
            # Rows come back from the statement itself; searching the session for them would cost a round its square.
            .execution_options(populate_existing=True, synchronize_session=False)
        )
        found = (await session.exec(taken)).one_or_none()
        if found is None:
            raise await self._explain(session, row_id)
        row: Row = found[0]
        return row, found[1]

    async def _explain(self, session: AsyncSession, row_id: UUID) -> Refusal:
        """Why a change was refused."""
        mine = self.table.__table__.c  # type: ignore[attr-defined]
        found = (await session.exec(select(mine.state, mine.version).where(mine.id == row_id))).one_or_none()
        if found is None:
            return NotFound(field=self.key, value=row_id)
        return self.moved(state=found[0], version=found[1])

    def write_line(
        self, session: AsyncSession, row: Any, code: str, by: str, *, before: str | None, detail: dict[str, Any]
    ) -> None:
        """Write a line of the story of a row: what made it what it is now, by whom, and where it stood before."""
        line = {
            self.key: row.id,
            "version": row.version,
            "cpts_id": row.cpts_id,
            "at": row.changed_at,
            "from_state": before,
            "to_state": row.state,
            "code": code,
            "by": by,
            "detail": detail,
        }
        session.add(self.story(**line))

    def event(self, row: Any, code: str) -> Event:
        """What streams are told of a row: how it is now, or that it left the screens."""
        return Event(
            type=f"{self.name}_{code}.v1",
            at=row.changed_at,
            collection=f"{self.name}s",
            id=str(row.id),
            value=None if row.archived_at else self.view(row).model_dump(mode="json"),
        )
