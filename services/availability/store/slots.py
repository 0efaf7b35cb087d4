"""Guarded writes of slots."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import func, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import col
from sqlmodel import select as rows_of
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.refusals import PractitionerAway, SlotOverlaps
from services.availability.tables import SlotRow
from shared.db import run
from shared.refusals import NotFound

NOW = func.common.now()
TO_COME = (col(SlotRow.status) == "published", col(SlotRow.starts_at) > NOW)


@contextmanager
def overlaps_refused() -> Iterator[None]:
    """Say in words that a practitioner would be at two slots at once, or is away."""
    try:
        yield
    except IntegrityError as error:
        if "not_while_away" in str(error.orig):
            raise PractitionerAway(field="starts_at", rule="despite_absence") from error
        if not any(name in str(error.orig) for name in ("one_place_at_a_time", "uq_slot_opening_id_cut_at")):
            raise
        raise SlotOverlaps(field="starts_at") from error


async def one_at_a_time(session: AsyncSession, practitioner_id: UUID) -> None:
    """Queue who writes the slots of one practitioner, before any of their rows is locked.

    Rows checked against each other in two orders would deadlock; an absence must see the slots being cut.
    """
    queue = text("select pg_advisory_xact_lock(hashtextextended('slots ' || :id, 0))")
    await run(session, queue, id=str(practitioner_id))


async def publish(session: AsyncSession, rows: Sequence[SlotRow]) -> None:
    """Add slots, all or none; raises `SlotOverlaps`."""
    with overlaps_refused():
        session.add_all(rows)
        await session.flush()


async def publish_what_fits(session: AsyncSession, rows: Sequence[SlotRow]) -> list[UUID]:
    """Add the slots that stand neither there already nor in the way of another; answers which."""
    if not rows:
        return []
    fitting = insert(SlotRow).values([row.model_dump() for row in rows]).on_conflict_do_nothing()
    return list((await run(session, fitting.returning(col(SlotRow.id)))).scalars())


async def lock_slots(session: AsyncSession, *conditions: Any) -> Sequence[SlotRow]:
    """Slots, locked until the commit, in one order. Every change of a booking locks its slot first."""
    found = rows_of(SlotRow).where(*conditions).order_by(col(SlotRow.id)).with_for_update(key_share=True)
    return (await session.exec(found.execution_options(populate_existing=True))).all()


async def lock_slot(session: AsyncSession, slot_id: UUID) -> SlotRow:
    """One slot, locked until the commit; raises `NotFound`."""
    found = await lock_slots(session, col(SlotRow.id) == slot_id)
    if not found:
        raise NotFound
    return found[0]


async def change(session: AsyncSession, *conditions: Any, **values: Any) -> list[UUID]:
    """Change the slots that meet these conditions; answers which; raises `SlotOverlaps`."""
    with overlaps_refused():
        changed = update(SlotRow).where(*conditions).values(**values, version=SlotRow.version + 1)
        return list((await run(session, changed.returning(col(SlotRow.id)))).scalars())
