"""Writes of the directory, by business keys: writing the same twice changes nothing."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.tables import MembershipRow, PlaceRow, PractitionerRow, ScheduleRow
from shared.db import database_now, run
from shared.db.ids import new_id
from shared.refusals import NotAllowed, NotFound


@contextmanager
def rows_of_others_refused() -> Iterator[None]:
    """Say in words what row-level security and foreign keys refuse."""
    try:
        yield
    except ProgrammingError as error:
        if "row-level security" not in str(error.orig):
            raise
        raise NotAllowed("Cette fiche est tenue par une autre CPTS.", rule="entries of your CPTS") from error
    except IntegrityError as error:
        if "foreign key" not in str(error.orig):
            raise
        raise NotFound from error


async def upsert(
    session: AsyncSession, table: type[SQLModel], key: Mapping[str, Any], values: Mapping[str, Any], **first: Any
) -> bool:
    """Insert, or update what differs; `first` only counts for a new row. Answers whether anything changed."""
    columns = table.__table__.c  # type: ignore[attr-defined]
    row = insert(table).values({**key, **values, **first})
    if values:
        differs = or_(*(columns[name].is_distinct_from(row.excluded[name]) for name in values))
        write = row.on_conflict_do_update(
            index_elements=list(key), set_={name: row.excluded[name] for name in values}, where=differs
        )
    else:
        write = row.on_conflict_do_nothing(index_elements=list(key))
    with rows_of_others_refused():
        return bool((await run(session, write.returning(*(columns[name] for name in key)))).first())


async def add_all(session: AsyncSession, rows: Sequence[SQLModel]) -> None:
    """Write entries that are not there yet, however many."""
    session.add_all(rows)
    await session.flush()


async def practitioner(session: AsyncSession, rpps: str, values: Mapping[str, Any]) -> tuple[UUID, bool]:
    """Write a practitioner; answers the id, and whether anything changed."""
    fresh = new_id(await database_now(session))
    changed = await upsert(session, PractitionerRow, {"rpps": rpps}, values, id=fresh)
    return (await session.exec(select(PractitionerRow.id).where(PractitionerRow.rpps == rpps))).one(), changed


async def place(session: AsyncSession, key: str, values: Mapping[str, Any]) -> tuple[UUID, bool]:
    """Write a place; answers the id, and whether anything changed."""
    fresh = new_id(await database_now(session))
    changed = await upsert(session, PlaceRow, {"key": key}, values, id=fresh)
    return (await session.exec(select(PlaceRow.id).where(PlaceRow.key == key))).one(), changed


async def access(session: AsyncSession, place_id: UUID, values: Mapping[str, Any]) -> None:
    """Write how one gets into a place; raises `NotFound`, or `NotAllowed` when another CPTS keeps the entry."""
    write = update(PlaceRow).where(col(PlaceRow.id) == place_id).values(**values)
    if (await run(session, write.returning(col(PlaceRow.id)))).first() is None:
        known = await session.get(PlaceRow, place_id)
        raise NotAllowed("Ce lieu est tenu par une autre CPTS.", field="place_id") if known else NotFound


async def membership(session: AsyncSession, practitioner_id: UUID, cpts_id: str, joined_at: datetime | None) -> bool:
    """Write a membership; answers whether anything changed."""
    key = {"practitioner_id": practitioner_id, "cpts_id": cpts_id}
    if joined_at is not None:
        return await upsert(session, MembershipRow, key, {"joined_at": joined_at})
    return await upsert(session, MembershipRow, key, {}, joined_at=await database_now(session))


async def schedule(session: AsyncSession, practitioner_id: UUID, place_id: UUID, cpts_id: str) -> bool:
    """Write where a practitioner works, or works again; answers whether anything changed."""
    key = {"practitioner_id": practitioner_id, "place_id": place_id}
    changed = await upsert(session, ScheduleRow, key, {"closed_at": None}, cpts_id=cpts_id)
    row = await session.get(ScheduleRow, (practitioner_id, place_id))
    if row is None or row.cpts_id != cpts_id:
        raise NotAllowed("Les créneaux de ce praticien dans ce lieu sont ceux d'une autre CPTS.", field="cpts_id")
    return changed


async def close(session: AsyncSession, rpps: str, place_key: str, cpts_id: str) -> bool:
    """Note that someone works at a place no more; answers whether they did until now. Nothing is deleted."""
    works = (
        update(ScheduleRow)
        .where(
            col(PractitionerRow.id) == col(ScheduleRow.practitioner_id),
            col(PlaceRow.id) == col(ScheduleRow.place_id),
            col(PractitionerRow.rpps) == rpps,
            col(PlaceRow.key) == place_key,
            col(ScheduleRow.cpts_id) == cpts_id,
            col(ScheduleRow.closed_at).is_(None),
        )
        .values(closed_at=await database_now(session))
    )
    return bool((await run(session, works.returning(col(ScheduleRow.place_id)))).first())
