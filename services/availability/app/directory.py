"""Who gives care, where, for which CPTS; and what practitioners set for themselves. By business keys, repeatable."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability import orders
from services.availability.app.facts import Fact, tell, tell_cpts, tell_place, tell_practitioner
from services.availability.store import directory as store
from services.availability.store.giving_back import apply_notice
from services.availability.store.slots import one_at_a_time
from services.availability.tables import CptsRow, MembershipRow, PanelRow, PracticeRow, ScheduleRow
from services.availability.tables.agendas import AgendaFeedRow
from shared.auth import Caller, Role
from shared.db import Scope, after_commit, database_now, set_scope
from shared.db.clock import forget_zones
from shared.db.tables import CommuneRow, TerritoryRow
from shared.refusals import Invalid, NotAllowed, NotFound
from shared.typed.points import is_swapped
from shared.typed.zones import zone_of_all


async def put_cpts(session: AsyncSession, finess: str, order: orders.Cpts) -> None:
    """Write a territory."""
    if await store.upsert(session, CptsRow, {"finess": finess}, order.model_dump(exclude_none=True)):
        row = await session.get_one(CptsRow, finess, populate_existing=True)
        await store.upsert(session, TerritoryRow, {"finess": finess}, {"zone": zone_of_all(row.communes).key})

        async def again() -> None:
            forget_zones(session)

        after_commit(session, again)
        await tell_cpts(session, row)


async def put_practitioner(session: AsyncSession, rpps: str, order: orders.PractitionerEntry) -> UUID:
    """Write an entry of the directory; answers its id."""
    row_id, changed = await store.practitioner(session, rpps, order.model_dump())
    if changed:
        await tell_practitioner(session, row_id)
    return row_id


async def put_place(session: AsyncSession, key: str, order: orders.Place) -> UUID:
    """Write a place; answers its id. Raises `Invalid` for a point whose latitude and longitude were exchanged."""
    commune = await session.get(CommuneRow, order.insee)
    if commune and is_swapped(order.lat, order.lon, order.insee, (commune.lat, commune.lon)):
        raise Invalid(
            "Ce point n'est pas dans la commune : latitude et longitude semblent inversées.",
            field="lat",
            rule="near it",
        )
    row_id, changed = await store.place(session, key, order.model_dump(exclude_none=True) | {"cpts_id": order.cpts_id})
    if changed:
        await tell_place(session, row_id)
    return row_id


async def put_access(session: AsyncSession, caller: Caller, place_id: UUID, order: orders.PlaceAccess) -> None:
    """Say how one gets into a place, for who works there and who runs its CPTS; raises `NotAllowed`, `NotFound`."""
    works = select(ScheduleRow.practitioner_id).where(
        ScheduleRow.place_id == place_id, col(ScheduleRow.closed_at).is_(None)
    )
    there = {str(each) for each in (await session.exec(works)).all()}
    if caller.practitioners is not None and not caller.practitioners & there:
        raise NotAllowed("Ce lieu est celui d'autres praticiens.", field="place_id", value=place_id)
    await store.access(session, place_id, order.model_dump())
    await tell_place(session, place_id)


async def put_membership(
    session: AsyncSession, practitioner_id: UUID, cpts_id: str, joined_at: datetime | None
) -> None:
    """A practitioner belongs to a CPTS; the first date stays unless another one is given."""
    if await store.membership(session, practitioner_id, cpts_id, joined_at):
        await tell_practitioner(session, practitioner_id)


async def put_schedule(session: AsyncSession, practitioner_id: UUID, place_id: UUID, cpts_id: str) -> None:
    """A practitioner works at a place, for a CPTS."""
    if await store.schedule(session, practitioner_id, place_id, cpts_id):
        await tell_place(session, place_id)


async def put_settings(session: AsyncSession, caller: Caller, practitioner_id: UUID, order: orders.NewSettings) -> None:
    """Pause, cap per week, notice for giving back; the notice also for the slots already published, when asked."""
    caller.require_practitioner(practitioner_id)
    values = order.model_dump(exclude={"apply_to_published"})
    changed = await store.upsert(session, PracticeRow, {"practitioner_id": practitioner_id}, values)
    slots: list[UUID] = []
    if order.apply_to_published:
        await one_at_a_time(session, practitioner_id)
        await set_scope(session, Scope(frozenset({"*"}), frozenset({str(practitioner_id)})))
        slots = await apply_notice(session, practitioner_id, order.give_back_minutes)
    await tell(session, [Fact("slot_changed.v1", slot_id) for slot_id in slots])
    if changed:
        await tell_practitioner(session, practitioner_id)


async def settings_of(
    session: AsyncSession, caller: Caller, practitioner_id: UUID
) -> tuple[orders.PractitionerSettings, bool, bool]:
    """What a practitioner set, the defaults where nothing is; whether they declared new patients; follow an agenda."""
    caller.require_practitioner(practitioner_id)
    practice = await session.get(PracticeRow, practitioner_id)
    plain = practice.model_dump(include=set(orders.PractitionerSettings.model_fields)) if practice else {}
    declared = await session.get(PanelRow, practitioner_id) is not None
    return orders.PractitionerSettings(**plain), declared, await session.get(AgendaFeedRow, practitioner_id) is not None


async def put_panel(session: AsyncSession, caller: Caller, practitioner_id: UUID, order: orders.Panel) -> None:
    """Declare how many new patients a practitioner takes, and which. No stream tells it."""
    caller.require_practitioner(practitioner_id)
    values = {"places": order.places, **order.criteria.model_dump(), "declared_at": await database_now(session)}
    await store.upsert(session, PanelRow, {"practitioner_id": practitioner_id}, values)


async def panel_of(session: AsyncSession, caller: Caller, practitioner_id: UUID) -> PanelRow:
    """What a practitioner declared, for themselves, the coordinator and the matching; raises `NotFound`."""
    caller.require(Role.PRACTITIONER, Role.DELEGATE, Role.COORDINATOR, Role.MACHINE)
    caller.require_practitioner(practitioner_id)
    panel = await session.get(PanelRow, practitioner_id)
    if panel is None:
        raise NotFound
    return panel


async def panels_of(session: AsyncSession, cpts_id: str) -> Sequence[PanelRow]:
    """What the practitioners of a CPTS declared."""
    members = select(MembershipRow.practitioner_id).where(MembershipRow.cpts_id == cpts_id)
    return (await session.exec(select(PanelRow).where(col(PanelRow.practitioner_id).in_(members)))).all()
