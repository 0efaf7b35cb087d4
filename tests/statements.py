"""What operations ask of the database, counted, and what docs/booking-path.md says of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

PAGE = Path(__file__).parents[1] / "docs" / "booking-path.md"
SENT: ContextVar[list[str] | None] = ContextVar("sent", default=None)


@contextmanager
def counted(engine: AsyncEngine) -> Iterator[list[str]]:
    """The statements that a service's engine sends for its caller meanwhile, in order; BEGIN and COMMIT are not.

    Call the service in the caller's own task: what its background tasks ask (rounds, sweeps) is left out.
    """
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if SENT.get() is sent:
            sent.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    token = SENT.set(sent)
    try:
        yield sent
    finally:
        SENT.reset(token)
        event.remove(engine.sync_engine, "before_cursor_execute", note)


async def rows_changed(session: AsyncSession, statement: str, **values: Any) -> int:
    """How many rows a statement that answers none changes, in the session's transaction."""
    return (await (await session.connection()).execute(text(statement), values)).rowcount


def documented(service: str) -> dict[str, int]:
    """How many statements the page's table grants each operation of a service."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.read_text().splitlines()]
    return {row[0]: int(row[2]) for row in cells if len(row) == 4 and row[1] == service}
