"""Telling what happened: the last statements of every use case that changes something.

A fact is told wherever it is seen, so these statements reach beyond what the caller may touch; what each viewer gets
to see is decided when it is sent. Streams are locked before their values are read: later events carry later values.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability import reads
from services.availability.store import ledger
from services.availability.tables import OUTBOX, CptsRow, MembershipRow, ScheduleRow, SlotRow
from shared.clock import PARIS
from shared.contracts import CptsView, PlaceView, PractitionerView, SlotView
from shared.contracts.events import Event
from shared.db import Scope, database_now, set_scope

EVERYWHERE = Scope(frozenset({"*"}))


@dataclass(frozen=True, slots=True)
class Fact:
    """Something happened to a slot, such as `slot_held.v1`."""

    type: str
    slot_id: UUID


async def tell(
    session: AsyncSession, facts: Sequence[Fact], *, served: bool = False, introduce: bool = False
) -> dict[UUID, SlotView]:
    """Append these facts to the streams of every CPTS that sees the slots; answers the slots as they now are.

    `served` counts the practitioners' ledgers again; `introduce` also tells who and where to the CPTS that host them.
    """
    if not facts:
        return {}
    await set_scope(session, EVERYWHERE)
    ours = col(SlotRow.id).in_({fact.slot_id for fact in facts})
    # These rows are locked by the change that is told: whether they are live cannot change any more.
    live = dict((await session.exec(select(SlotRow.id, SlotRow.live).where(ours))).all())
    await OUTBOX.lock(session, await _shown(session, ours))
    now = await database_now(session)
    views = await reads.slot_views(session, ours)
    for fact in facts:
        view = views[fact.slot_id]
        told = dict.fromkeys(view.audience, view if live[fact.slot_id] else None)
        await _append(session, fact.type, now, "slots", str(fact.slot_id), told)
    concerned: dict[str, set[UUID]] = defaultdict(set)
    for view in views.values():
        for cpts in view.audience:
            concerned[cpts].add(UUID(view.practitioner_id))
    if served:
        for cpts, practitioners in sorted(concerned.items()):
            await recount(session, cpts, practitioners, now)
    if introduce:
        await _introduce(session, views.values(), now)
    return views


async def recount(session: AsyncSession, cpts_id: str, practitioners: Iterable[UUID], now: datetime) -> None:
    """Count the ledgers of these practitioners again, and tell those that changed."""
    changed = await ledger.count(session, cpts_id, sorted(practitioners), now.astimezone(PARIS).date())
    for key, view in (await reads.practitioner_views(session, cpts_id, changed)).items():
        await _append(session, "practitioner_served.v1", now, "practitioners", str(key), {cpts_id: view})


async def tell_practitioner(session: AsyncSession, practitioner_id: UUID) -> None:
    """Tell every CPTS that knows this practitioner how they now stand."""
    await set_scope(session, EVERYWHERE)
    own = select(MembershipRow.cpts_id).where(col(MembershipRow.practitioner_id) == practitioner_id)
    shown = await _shown(session, col(SlotRow.practitioner_id) == practitioner_id)
    streams = shown.union((await session.exec(own)).all())
    await OUTBOX.lock(session, streams)
    now = await database_now(session)
    views = {cpts: (await reads.practitioner_views(session, cpts, [practitioner_id])) for cpts in streams}
    told = {cpts: view[practitioner_id] for cpts, view in views.items()}
    await _append(session, "practitioner_changed.v1", now, "practitioners", str(practitioner_id), told)


async def tell_place(session: AsyncSession, place_id: UUID) -> None:
    """Tell every CPTS that knows this place how it now stands."""
    await set_scope(session, EVERYWHERE)
    own = select(ScheduleRow.cpts_id).where(col(ScheduleRow.place_id) == place_id)
    streams = (await _shown(session, col(SlotRow.place_id) == place_id)).union((await session.exec(own)).all())
    await OUTBOX.lock(session, streams)
    now = await database_now(session)
    views = {cpts: (await reads.place_views(session, cpts, [place_id])) for cpts in streams}
    told = {cpts: view[place_id] for cpts, view in views.items()}
    await _append(session, "place_changed.v1", now, "places", str(place_id), told)


async def tell_cpts(session: AsyncSession, row: CptsRow, *, limits: bool) -> None:
    """Tell a territory's own stream how it now stands, with `limits` its practitioners too, whose limit it sets."""
    await OUTBOX.lock(session, [row.finess])
    now = await database_now(session)
    await _append(session, "cpts_changed.v1", now, "cpts", row.finess, {row.finess: reads.cpts_view(row)})
    people = await reads.practitioner_views(session, row.finess) if limits else {}
    for key, view in people.items():
        await _append(session, "practitioner_changed.v1", now, "practitioners", str(key), {row.finess: view})


async def _introduce(session: AsyncSession, views: Iterable[SlotView], now: datetime) -> None:
    """The CPTS that are shown a slot of another one learn who gives it and where."""
    guests = {(cpts, view.practitioner_id, view.place_id) for view in views for cpts in view.audience}
    at_home = {(view.cpts_id, view.practitioner_id, view.place_id) for view in views}
    for cpts, practitioner, place in sorted(guests - at_home):
        people = await reads.practitioner_views(session, cpts, [UUID(practitioner)])
        places = await reads.place_views(session, cpts, [UUID(place)])
        await _append(
            session, "practitioner_changed.v1", now, "practitioners", practitioner, {cpts: people[UUID(practitioner)]}
        )
        await _append(session, "place_changed.v1", now, "places", place, {cpts: places[UUID(place)]})


async def _shown(session: AsyncSession, condition: ColumnElement[bool]) -> set[str]:
    audiences = (await session.exec(select(SlotRow.audience).where(condition))).all()
    return {cpts for audience in audiences for cpts in audience}


View = SlotView | PractitionerView | PlaceView | CptsView


async def _append(
    session: AsyncSession, kind: str, now: datetime, collection: str, key: str, told: Mapping[str, View | None]
) -> None:
    for cpts_id, view in sorted(told.items()):
        value = view.model_dump(mode="json") if view else None
        event = Event(type=kind, at=now, collection=collection, id=key, value=value)
        await OUTBOX.append(session, [cpts_id], event)
