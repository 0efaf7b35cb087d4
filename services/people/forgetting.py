"""How long what is known of people's doings is kept: each line is carried out every hour, and is in docs/privacy.md."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel.ext.asyncio.session import AsyncSession

from services.people.store.keeping import forget_by_function, forget_older


@dataclass(frozen=True, slots=True)
class Retention:
    """Rows of one table, until they are so old; `age` compares with the clock that wrote them."""

    table: str
    what: str
    how_long: str
    age: str

    @property
    def by_function(self) -> str:
        """What forgets the rows of a table that services may only add to."""
        schema, _, table = self.table.partition(".")
        return f"{schema}.forget_{table}"


OLDER, PAST = "at < common.now() - interval '{}'", "expires_at < clock_timestamp() - interval '{}'"
APPEND_ONLY = ""
"""The services may not delete from it: `common.forget_TABLE()` does, of what is that old and of nothing else."""
LINES: Sequence[Retention] = (
    Retention("common.idempotency", "answers kept for a repeated request", "24 hours", OLDER.format("24 hours")),
    Retention("common.session", "sessions, once ended", "1 day", PAST.format("1 day")),
    Retention("common.live_ticket", "tickets of live connections", "1 minute", PAST.format("30 seconds")),
    Retention("common.once_pass", "links of invitations and resets, once expired", "1 day", PAST.format("1 day")),
    Retention("common.access_log", "who saw a patient's data", "3 years", APPEND_ONLY),
    Retention("common.setting_change", "who set what", "3 years", APPEND_ONLY),
)


async def forget(session: AsyncSession) -> None:
    """Erase what is older than each line says; the transaction must reach every CPTS."""
    for line in LINES:
        if line.age:
            await forget_older(session, line.table, line.age)
        else:
            await forget_by_function(session, line.by_function)
