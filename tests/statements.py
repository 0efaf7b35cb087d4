"""What operations ask of the database, counted, and what docs/booking-path.md says of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

PAGE = Path(__file__).parents[1] / "docs" / "booking-path.md"


@contextmanager
def counted(engine: AsyncEngine) -> Iterator[list[str]]:
    """The statements that a service's engine sends meanwhile, in order; BEGIN, COMMIT and the pool's own are not."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        sent.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)


def documented(service: str) -> dict[str, int]:
    """How many statements the page's table grants each operation of a service."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.read_text().splitlines()]
    return {row[0]: int(row[2]) for row in cells if len(row) == 4 and row[1] == service}
