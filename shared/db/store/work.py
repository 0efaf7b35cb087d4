"""Work that waits in a table: claimed for a while by one of several workers, put off when it failed.

Whoever claims a row keeps it until the lease ends: a worker that dies leaves it to the next one. No transaction is open
while the work is done; its end is written by the key of the row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, TextClause, text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import run


@dataclass(frozen=True, slots=True)
class WorkTable:
    """A table of work. `due`: from when on a row may be tried; `tries`: the column that counts claims, if any.

    `clock`: what `due` is compared with; deliveries to people's devices follow the real one.
    """

    name: str
    key: tuple[str, ...]
    due: str
    tries: str = ""
    clock: str = "common.now()"

    def claiming(
        self, *, answers: str, columns: str = "", source: str = "", where: str = "true", first: str = ""
    ) -> TextClause:
        """The statement that `claim` runs: `answers` are columns of the row `w` as claimed, and of what was `found`.

        `source` and `where` narrow the rows `t` that are looked at, `columns` says what is found beside their key;
        `first` orders them, by default those that wait longest.
        """
        keys = ", ".join(f"t.{name}" for name in self.key)
        same = " and ".join(f"w.{name} = found.{name}" for name in self.key)
        count = f", {self.tries} = w.{self.tries} + 1" if self.tries else ""
        return text(f"""
update {self.name} w set {self.due} = {self.clock} + cast(:lease as interval){count}
from (
  select {keys}{", " if columns else ""}{columns} from {self.name} t {source}
  where t.{self.due} <= {self.clock} and {where}
  order by {first or f"t.{self.due}"} limit :most for update of t skip locked
) found
where {same}
returning {answers}
""")  # noqa: S608  our own names

    async def claim(
        self, session: AsyncSession, claiming: TextClause, *, lease: timedelta, most: int = 1, **values: Any
    ) -> Sequence[Row[Any]]:
        """Take what is due and nobody else works on, up to so many rows, for as long as the lease."""
        return (await run(session, claiming, lease=lease, most=most, **values)).all()

    async def put_off(self, session: AsyncSession, error: str, pause: timedelta, **key: Any) -> None:
        """Note what went wrong with the row of this key, to be tried again after a pause."""
        mine = " and ".join(f"{name} = :{name}" for name in key)
        later = f"set error = :error, {self.due} = {self.clock} + cast(:pause as interval)"
        await run(session, text(f"update {self.name} {later} where {mine}"), error=error, pause=pause, **key)


def pause_after(tries: int, *, soonest: timedelta, longest: timedelta) -> timedelta:
    """How long what failed so many times waits: twice as long each time, up to the longest."""
    return min(longest, soonest * (1 << min(max(tries, 1) - 1, 20)))
