"""Telling what happened: the last statements of every use case that changes something.

A fact is told wherever it is seen, so these statements reach beyond what the caller may touch; what each viewer gets
to see is decided when it is sent. Streams are locked before their values are read: later events carry later values.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Uuid, any_, bindparam
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability import reads
from services.availability.store import ledger
from services.availability.store.ledger import ServedPatients
from services.availability.tables import OUTBOX, CptsRow, MembershipRow, ScheduleRow, SlotRow
from shared.contracts import CptsView, PlaceView, PractitionerView, SlotView
from shared.contracts.events import Event
from shared.db import Scope, Session, database_now, scope_of, set_scope
from shared.db.direct import DirectSession

EVERYWHERE = Scope(frozenset({"*"}))
Told = tuple[str, Event]
"""An event and the CPTS whose stream it goes to."""
View = PractitionerView | PlaceView | CptsView


@dataclass(frozen=True, slots=True)
class Fact:
    """Something happened to a slot, such as `slot_held.v1`."""

    type: str
    slot_id: UUID


async def tell(
    session: AsyncSession, facts: Sequence[Fact], *, served: Sequence[ServedPatients] = (), introduce: bool = False
) -> dict[UUID, SlotView]:
    """Append these facts to the streams of every CPTS that sees the slots; answers the slots as they now are.

    `served` brings the practitioners' ledgers up to date; `introduce` also tells who and where to the CPTS that host
    them.
    """
    if not facts:
        return {}
    await widen(session)
    ours = col(SlotRow.id) == any_(bindparam("told_ids", list({fact.slot_id for fact in facts}), type_=ARRAY(Uuid)))
    # These rows are locked by the change that is told: whether they are live cannot change any more.
    found = (await session.exec(select(SlotRow.id, SlotRow.live, SlotRow.audience).where(ours))).all()
    await OUTBOX.lock(session, {cpts for _, _, audience in found for cpts in audience})
    now = await database_now(session)
    views = await reads.slot_views(session, ours)
    told = events_of(facts, views, {slot_id: live for slot_id, live, _ in found}, now)
    await OUTBOX.append_each(session, told)
    if introduce:
        await introduce_guests(session, views.values(), now)
    await tell_served(session, served, now)
    return views


def events_of(
    facts: Iterable[Fact], views: Mapping[UUID, SlotView], live: Mapping[UUID, bool], now: datetime
) -> list[Told]:
    """What each of these facts says to the CPTS that see its slot, in order."""
    values = {key: view.model_dump(mode="json") if live[key] else None for key, view in views.items()}
    return [
        (cpts, Event(type=fact.type, at=now, collection="slots", id=str(fact.slot_id), value=values[fact.slot_id]))
        for fact in facts
        for cpts in views[fact.slot_id].audience
    ]


async def tell_served(session: Session, served: Sequence[ServedPatients], now: datetime) -> None:
    """Bring ledgers up to date and tell those that changed. The streams are locked: what is read here is final."""
    if not served:
        return
    await widen(session)
    await _tell_ledgers(session, await ledger.add(session, served, await ledger.LedgerDays.read(session, now)), now)


async def find_ledger_changes(
    session: Session, served: Sequence[ServedPatients], now: datetime
) -> list[dict[str, Any]]:
    """What these patients add to the ledgers of each CPTS, by its clocks."""
    if not served:
        return []
    days = await ledger.LedgerDays.read(session, now)
    return [change for each in served for change in each.changes(days)]


async def count_served(session: Session, uncounted: Collection[tuple[str, UUID]], now: datetime) -> None:
    """Count the ledgers that were not counted today, and tell those that changed. The streams are locked."""
    if not uncounted:
        return
    await widen(session)
    days, changed = await ledger.LedgerDays.read(session, now), dict[str, list[UUID]]()
    for cpts in sorted({cpts for cpts, _ in uncounted}):
        ids = {practitioner for known, practitioner in uncounted if known == cpts}
        changed[cpts] = await ledger.count(session, cpts, ids, days.at(cpts))
    await _tell_ledgers(session, changed, now)


async def _tell_ledgers(session: Session, changed: Mapping[str, Collection[UUID]], now: datetime) -> None:
    told = []
    for cpts, practitioners in sorted(changed.items()):
        told += await _of_people(session, cpts, practitioners, "practitioner_served.v1", now)
    await OUTBOX.append_each(session, told)


async def _of_people(
    session: Session, cpts_id: str, practitioners: Collection[UUID] | None, kind: str, now: datetime
) -> list[Told]:
    if practitioners is not None and not practitioners:
        return []
    people = await reads.practitioner_views(session, cpts_id, practitioners)
    return [(cpts_id, _event(kind, now, "practitioners", key, view)) for key, view in people.items()]


async def tell_counted(session: AsyncSession, cpts_id: str, practitioners: Collection[UUID], now: datetime) -> None:
    """Tell a CPTS whose ledgers were counted again and differ."""
    await OUTBOX.append_each(session, await _of_people(session, cpts_id, practitioners, "practitioner_served.v1", now))


async def widen(session: Session) -> None:
    """Reach every CPTS from here on, as a fact does."""
    if isinstance(session, DirectSession):
        return
    scope = scope_of(session)
    if scope is None or scope.cpts != EVERYWHERE.cpts or scope.practitioners is not None:
        await set_scope(session, EVERYWHERE)


async def tell_practitioner(session: AsyncSession, practitioner_id: UUID) -> None:
    """Tell every CPTS that knows this practitioner how they now stand."""
    await widen(session)
    own = select(MembershipRow.cpts_id).where(col(MembershipRow.practitioner_id) == practitioner_id)
    shown = await _audiences(session, col(SlotRow.practitioner_id) == practitioner_id)
    streams = sorted(shown.union((await session.exec(own)).all()))
    await OUTBOX.lock(session, streams)
    now = await database_now(session)
    told = []
    for cpts in streams:
        told += await _of_people(session, cpts, [practitioner_id], "practitioner_changed.v1", now)
    await OUTBOX.append_each(session, told)


async def tell_place(session: AsyncSession, place_id: UUID) -> None:
    """Tell every CPTS that knows this place how it now stands."""
    await widen(session)
    own = select(ScheduleRow.cpts_id).where(col(ScheduleRow.place_id) == place_id)
    streams = sorted(
        (await _audiences(session, col(SlotRow.place_id) == place_id)).union((await session.exec(own)).all())
    )
    await OUTBOX.lock(session, streams)
    now = await database_now(session)
    told = []
    for cpts in streams:
        told += await _of_places(session, cpts, [place_id], now)
    await OUTBOX.append_each(session, told)


async def _of_places(session: AsyncSession, cpts_id: str, places: Collection[UUID], now: datetime) -> list[Told]:
    known = await reads.place_views(session, cpts_id, places)
    return [(cpts_id, _event("place_changed.v1", now, "places", key, view)) for key, view in known.items()]


async def tell_cpts(session: AsyncSession, row: CptsRow) -> None:
    """Tell a territory's own stream how it now stands."""
    await OUTBOX.lock(session, [row.finess])
    now = await database_now(session)
    told = [(row.finess, _event("cpts_changed.v1", now, "cpts", row.finess, reads.cpts_view(row)))]
    await OUTBOX.append_each(session, told)


async def introduce_guests(session: AsyncSession, views: Iterable[SlotView], now: datetime) -> None:
    """The CPTS that are shown a slot of another one learn who gives it and where. Their streams are locked."""
    people: dict[str, set[UUID]] = defaultdict(set)
    places: dict[str, set[UUID]] = defaultdict(set)
    for view in views:
        for cpts in set(view.audience) - {view.cpts_id}:
            people[cpts].add(UUID(view.practitioner_id))
            places[cpts].add(UUID(view.place_id))
    if not people:
        return
    await widen(session)
    told = []
    for cpts in sorted(people):
        told += await _of_people(session, cpts, people[cpts], "practitioner_changed.v1", now)
        told += await _of_places(session, cpts, places[cpts], now)
    await OUTBOX.append_each(session, told)


async def _audiences(session: AsyncSession, condition: ColumnElement[bool]) -> set[str]:
    audiences = (await session.exec(select(SlotRow.audience).where(condition))).all()
    return {cpts for audience in audiences for cpts in audience}


def _event(kind: str, now: datetime, collection: str, key: object, view: View) -> Event:
    return Event(type=kind, at=now, collection=collection, id=str(key), value=view.model_dump(mode="json"))
