"""The only SQL by which the installation writes in the services' tables: values sealed anew, one batch at a time."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.installation.sealed import Sealed

_OLD = """
select ctid::text as at, {cpts_id} as cpts_id, {row_id} as row_id, {column} as value from {table}
where {column} is not null and ctid > cast(cast(:after as text) as tid)
  and substring({column} from 1 for :length) <> :mark
order by ctid limit :most for no key update skip locked
"""
_COUNT = "select count(*) from {table} where {column} is not null and substring({column} from 1 for :length) <> :mark"
_RESEAL = "update {table} set {column} = :new where ctid = cast(cast(:at as text) as tid) and {column} = :old"


async def lock_old(
    connection: AsyncConnection, place: Sealed, mark: bytes, after: str, most: int
) -> Sequence[Row[Any]]:
    """The next rows, by where they lie, whose value another key sealed; those that somebody else has are left out."""
    given = {"after": after, "length": len(mark), "mark": mark, "most": most}
    return (await connection.execute(text(_OLD.format(**place.parts())), given)).all()


async def count_old(connection: AsyncConnection, place: Sealed, mark: bytes) -> int:
    """How many values of this place another key sealed."""
    given = {"length": len(mark), "mark": mark}
    count: int = (await connection.execute(text(_COUNT.format(**place.parts())), given)).scalar_one()
    return count


async def put_sealed(connection: AsyncConnection, place: Sealed, at: str, old: bytes, new: bytes) -> None:
    """The value of a row that this transaction has locked."""
    await connection.execute(text(_RESEAL.format(**place.parts())), {"at": at, "old": old, "new": new})
