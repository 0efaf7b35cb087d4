"""Seals over what was logged: each covers the rows since the one before, and that one, under a key of the installation.

A row that is changed, removed or slipped in later no longer fits its seal; nor does a seal that was taken out. Rows
are logged without waiting for each other; they are sealed some minutes later, when no transaction can still bring one
of before. Rows that are erased on schedule leave their seal behind.
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel.ext.asyncio.session import AsyncSession

from services.people.store.seals import add_seal
from shared.db import database_now, run
from shared.settings import Settings

COLUMNS = {
    "access_log": ("id", "cpts_id", "at", "account", "role", "action", "object_kind", "object_id"),
    "setting_change": ("id", "cpts_id", "at", "account", "role", "what", "object_id", "before", "after"),
}
"""The logs that are sealed, with what of a row is."""
SETTLED, MOST = timedelta(minutes=5), 5000
KEPT = timedelta(days=3 * 365 - 1)
"""Rows older than that may have been erased: their seals are checked as links of the chain alone."""
LAST = text("select number, last_id, hash from common.seal where log = :log order by number desc limit 1")
SEALS = text("select number, since, until, last_id, rows, hash from common.seal where log = :log order by number")


@dataclass(frozen=True, slots=True)
class SealCheck:
    """One log: how many seals and rows fit, how many rows wait for theirs, and the first seal that does not fit."""

    log: str
    seals: int
    rows: int
    waiting: int
    broken: str = ""


def key_of(settings: Settings) -> bytes:
    """The key of the seals of this installation."""
    return settings.derive("seals of logs")


async def seal(session: AsyncSession, key: bytes) -> None:
    """Seal what was logged since the last seals; the transaction must reach every CPTS."""
    now = await database_now(session)
    for log in COLUMNS:
        last = (await run(session, LAST, log=log)).one_or_none()
        after, number, before = (last.last_id, last.number, last.hash) if last else (0, 0, b"")
        rows = (await run(session, _rows(log), after=after, until=2**62, before=now - SETTLED, most=MOST)).all()
        if rows:
            await add_seal(session, log, number + 1, rows, _seal(key, log, number + 1, before, rows))


async def check(connection: AsyncConnection, key: bytes, now: datetime) -> list[SealCheck]:
    """Whether what is logged still fits its seals; `connection` is the owner's."""
    return [await _check(connection, log, key, now) for log in COLUMNS]


async def _check(connection: AsyncConnection, log: str, key: bytes, now: datetime) -> SealCheck:
    before, after, fitting = b"", 0, 0
    seals = (await connection.execute(SEALS, {"log": log})).all()
    for expected, each in enumerate(seals, start=1):
        named = f"{each.number} (du {each.since:%d/%m/%Y %H:%M} au {each.until:%d/%m/%Y %H:%M})"
        if each.number != expected:
            return SealCheck(log, expected - 1, fitting, 0, f"{expected} manque")
        if each.since > now - KEPT:
            asked = {"after": after, "until": each.last_id, "before": now + KEPT, "most": 10**9}
            rows = (await connection.execute(_rows(log), asked)).all()
            if not hmac.compare_digest(_seal(key, log, each.number, before, rows), each.hash):
                return SealCheck(log, expected - 1, fitting, 0, named)
            fitting += len(rows)
        before, after = each.hash, each.last_id
    waiting = text(f"select count(*) from common.{log} where id > :after")  # noqa: S608  one of our own names
    left = (await connection.execute(waiting, {"after": after})).scalar_one()
    return SealCheck(log, len(seals), fitting, left)


def _rows(log: str) -> Any:
    """The rows of a log by id, up to the first that is not settled."""
    columns = ", ".join(COLUMNS[log])
    return text(f"""
select {columns} from common.{log}
where id > :after and id <= :until and id < coalesce((
  select min(id) from common.{log} where id > :after and at >= :before
), 9223372036854775807) order by id limit :most
""")  # noqa: S608  our own names


def _seal(key: bytes, log: str, number: int, before: bytes, rows: Sequence[Row[Any]]) -> bytes:
    """The seal of these rows, on that of those before (HMAC-SHA-256)."""
    sealed = hmac.new(key, f"{log} {number} ".encode() + before, hashlib.sha256)
    for row in rows:
        values = [value.isoformat() if isinstance(value, datetime) else value for value in row]
        sealed.update(json.dumps(values, ensure_ascii=False, sort_keys=True).encode())
    return sealed.digest()
