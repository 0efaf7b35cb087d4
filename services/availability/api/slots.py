"""Slots: what is on offer, publishing, changing, withdrawing, giving back."""

from dataclasses import asdict
from datetime import date, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability import orders, reads
from services.availability.app import on_top
from services.availability.app import slots as app
from services.availability.app.calendar import copying, reopening
from services.availability.app.places import Sees
from services.availability.live import sees, view
from services.availability.store.giving_back import hear
from shared.auth import Caller, Role
from shared.contracts import SlotView
from shared.http import CallerDep, OnceDep, SessionDep
from shared.live.seen import narrow
from shared.outside.asked import CptsId, Instant
from shared.refusals import Invalid, NotFound

WRITERS = (Role.PRACTITIONER, Role.DELEGATE, Role.COORDINATOR, Role.ADMIN, Role.MACHINE)
LONGEST_PAST = timedelta(days=62)
routes = APIRouter(tags=["slots"])


class Slots(BaseModel):
    """Slots in order of time."""

    slots: list[SlotView]


def narrow_to_caller(caller: Caller, slot: SlotView) -> SlotView | None:
    """A slot as the caller may see it."""
    return narrow(caller, lambda who, value: view(who, "slots", value), slot)


def seeing(caller: Caller) -> Sees:
    """Which slots the caller sees, by their rows."""
    return lambda slot: sees(caller, str(slot.practitioner_id), slot.types, slot.status)


async def visible(session: AsyncSession, caller: Caller, slot_id: UUID) -> SlotView:
    """A slot, if the caller may see it; raises `NotFound`."""
    found = narrow_to_caller(caller, await reads.slot(session, slot_id))
    if found is None:
        raise NotFound
    return found


@routes.get("/slots")
async def slots(
    caller: CallerDep,
    session: SessionDep,
    cpts: CptsId,
    start: Annotated[Instant, Query(alias="from")],
    end: Annotated[Instant, Query(alias="to")],
    past: bool = False,
) -> Slots:
    """The slots that a CPTS is shown and that start between `from` and `to`; with `past`, also those of days gone."""
    caller.require_cpts(cpts)
    if past and end - start > LONGEST_PAST:
        raise Invalid(field="to", value=end.isoformat(), rule=f"at most {LONGEST_PAST.days} days after `from`")
    visible = (narrow_to_caller(caller, slot) for slot in await reads.slots_shown(session, cpts, start, end, past=past))
    return Slots(slots=[slot for slot in visible if slot])


@routes.put("/cpts/{finess}/wanted-slots", status_code=204)
async def put_wanted(
    caller: CallerDep, session: SessionDep, finess: orders.Finess, order: orders.WantedSlots
) -> Response:
    """What a matching says of who waits: slots that are due to go back, and that somebody could take, stay on offer."""
    caller.require(Role.MACHINE)
    caller.require_cpts(finess)
    await hear(session, finess, order.slot_ids)
    return Response(status_code=204)


@routes.get("/slots/{slot_id}")
async def slot(caller: CallerDep, session: SessionDep, slot_id: UUID) -> SlotView:
    """One slot."""
    return await visible(session, caller, slot_id)


@routes.post("/slots", status_code=201, response_model=Slots)
async def publish(caller: CallerDep, session: SessionDep, once: OnceDep, order: orders.NewSlots) -> JSONResponse:
    """Publish slots that follow one another: three of 15 minutes from 14:00 is one call."""
    caller.require(*WRITERS)

    async def use_case() -> Slots:
        return Slots(slots=await app.publish_slots(session, caller, order))

    return await once(use_case)


class LeftOutSlot(BaseModel):
    """A slot that was not published: one is `there`, it is `past`, its practitioner `away` or `not_there` any more."""

    starts_at: Instant
    reason: Literal["there", "away", "past", "not_there"]


class CopiedDay(BaseModel):
    """The day that was copied, what was published of it, and what was not."""

    from_day: date | None
    slots: list[SlotView]
    left_out: list[LeftOutSlot]


@routes.post("/slots/as-before", status_code=201, response_model=CopiedDay)
async def publish_as_before(
    caller: CallerDep, session: SessionDep, once: OnceDep, order: orders.AsBefore
) -> JSONResponse:
    """Publish the slots of the last working day before this one again, as they were; what cannot be is said."""
    caller.require(*WRITERS)

    async def use_case() -> CopiedDay:
        return CopiedDay.model_validate(asdict(await copying.publish_as_before(session, caller, order)))

    return await once(use_case)


@routes.post("/slots/on-top", status_code=201, response_model=SlotView)
async def open_on_top(caller: CallerDep, session: SessionDep, once: OnceDep, order: orders.OnTop) -> JSONResponse:
    """Open a slot on top of what the practitioner offers, its places held for a request; counted apart."""
    caller.require(Role.PRACTITIONER, Role.DELEGATE, Role.MACHINE)
    return await once(lambda: on_top.open_on_top(session, caller, order))


@routes.patch("/slots/{slot_id}")
async def change(caller: CallerDep, session: SessionDep, slot_id: UUID, order: orders.SlotChange) -> SlotView:
    """Change a slot; what is left out stays."""
    caller.require(*WRITERS)
    return await app.change_slot(session, caller, slot_id, order)


@routes.post("/slots/{slot_id}/withdrawal")
async def withdraw(caller: CallerDep, session: SessionDep, slot_id: UUID, order: orders.Withdrawal) -> SlotView:
    """Take a slot back; when someone is booked, `booked` says whether they are kept or cancelled."""
    caller.require(*WRITERS)
    return await app.withdraw_slot(session, caller, slot_id, reason=order.reason, booked=order.booked)


@routes.post("/slots/{slot_id}/give-back")
async def give_back(caller: CallerDep, session: SessionDep, slot_id: UUID) -> SlotView:
    """Give an empty slot back to its practitioner."""
    caller.require(*WRITERS)
    return await app.give_back_slot(session, caller, slot_id)


@routes.post("/slots/{slot_id}/reopening")
async def reopen(
    caller: CallerDep, session: SessionDep, slot_id: UUID, order: orders.Reopening | None = None
) -> SlotView:
    """Offer a slot again that was withdrawn or given back, as it was."""
    caller.require(*WRITERS)
    return await reopening.reopen_slot(session, caller, slot_id, order or orders.Reopening())
