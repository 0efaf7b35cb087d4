"""Asking practitioners for one more patient (`surnuméraire`) when no slot serves a request, and what they answer.

The request's row is locked first, then its asks: a yes, a no, and a slot found meanwhile wait for each other. A yes
opens a slot on top, held for the request, in the availability service, while nothing is locked here; then it is
recorded, or given back if somebody was quicker. A crash in between leaves a held place that names its request.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.engine.model import Mode, Parameters, Point
from services.matching.engine.travel import straight_line
from services.matching.sameday.access import answers_to
from services.matching.sameday.app.asking import acting_on
from services.matching.sameday.app.bookings import ExtraSlot, record_hold
from services.matching.sameday.app.hand.tending import Desk, expect
from services.matching.sameday.app.round.deciding import tokens_of
from services.matching.sameday.store.overbooking_asks import (
    AskAnswered,
    OverbookingAskRow,
    add_asks,
    change_asks,
    tell_asks,
)
from services.matching.sameday.store.requests import Move, move, tell
from services.matching.sameday.store.tables import RequestRow
from shared.auth import Role
from shared.contracts import ON_THE_BOARD, RequestState
from shared.contracts.overbooking import OverbookingAskState
from shared.db import database_now, waiting_elsewhere
from shared.db.ids import new_id
from shared.refusals import Invalid, NotFound, Refusal

AT_ONCE = 3
"""How many practitioners may be asked at the same time for one request."""
HELD_MINUTES = 30
"""How long the slot that a yes opened waits for whoever asked; then a round decides."""
ANSWERERS = (Role.PRACTITIONER, Role.DELEGATE, Role.COORDINATOR)
State = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who may be asked: where they work these days, how far it is, how many they take on top this week."""

    practitioner_id: str
    place_id: str
    travel_s: int
    on_top_this_week: int


@dataclass(frozen=True, slots=True)
class Yes:
    """Where and when a practitioner takes the patient on top."""

    place_id: UUID
    starts_at: datetime
    minutes: int


def candidates(row: RequestRow, live: Mapping[str, State], parameters: Parameters) -> list[Candidate]:
    """Who works within reach these days and could be asked: their own doctor first, then who takes least on top."""
    people = {key: one for key, one in live["practitioners"].items() if may_be_asked(row, one)}
    slots = [slot for slot in live["slots"].values() if slot["practitioner_id"] in people]
    travel_s = _journeys(row, live["places"], {slot["place_id"] for slot in slots}, parameters)
    reached = sorted(
        {
            (travel_s[slot["place_id"]], slot["place_id"], slot["practitioner_id"])
            for slot in slots
            if slot["place_id"] in travel_s
        },
        reverse=True,
    )
    # The nearest place of each comes last, and stays.
    found = {who: Candidate(who, where, far, people[who]["on_top_this_week"]) for far, where, who in reached}
    habitual = str(row.habitual_practitioner_id)
    return sorted(
        found.values(),
        key=lambda one: (one.practitioner_id != habitual, one.on_top_this_week, one.travel_s, one.practitioner_id),
    )


def may_be_asked(row: RequestRow, practitioner: Mapping[str, Any]) -> bool:
    """Of a profession that serves the request, at work, not excluded from it, and under the limit they set, if any."""
    limit = practitioner.get("on_top_limit")
    return (
        answers_to(tokens_of(row), practitioner["profession"], practitioner.get("qualifications", ()))
        and not practitioner["paused"]
        and practitioner["id"] not in row.forbidden
        and (limit is None or limit - practitioner["on_top_this_week"] >= row.party)
    )


def _journeys(row: RequestRow, places: State, used: Iterable[str], parameters: Parameters) -> dict[str, int]:
    """Seconds to each of these places that the patient can reach."""
    known = [
        place for key in sorted(used) if (place := places.get(key)) and (place["wheelchair"] or not row.wheelchair)
    ]
    points = [Point(place["lat"], place["lon"]) for place in known]
    seconds = straight_line(parameters)([Point(row.lat, row.lon)], points, on_foot=row.on_foot)[0]
    travels = Mode.AMB in row.modes
    return {
        place["id"]: int(journey)
        for place, journey in zip(known, seconds, strict=True)
        if journey <= row.max_travel_s or not travels
    }


async def ask(desk: Desk, request_id: UUID, chosen: Sequence[UUID]) -> list[OverbookingAskRow]:
    """Ask these practitioners for one more patient; whoever is still asked is not asked twice.

    Raises `RequestMoved` when the request no longer waits, `Invalid` beyond three at once or after its deadline.
    """
    await acting_on(desk.session, desk.caller, request_id)
    row = await _lock_request(desk.session, request_id)
    expect(row, ON_THE_BOARD)
    now = await database_now(desk.session)
    if row.deadline_at <= now:
        raise Invalid(
            "L'échéance de la demande est passée : repoussez-la d'abord.", field="deadline_at", rule="in the future"
        )
    waiting = (OverbookingAskRow.request_id == request_id, OverbookingAskRow.state == OverbookingAskState.ASKED)
    asked = list(await desk.session.exec(select(OverbookingAskRow).where(*waiting)))
    known = {each.practitioner_id for each in asked}
    fresh = [each for each in dict.fromkeys(chosen) if each not in known]
    if len(asked) + len(fresh) > AT_ONCE:
        raise Invalid(
            "Trois praticiens au plus sont sollicités à la fois : attendez une réponse, ou retirez une demande.",
            field="practitioner_ids",
            rule=f"at most {AT_ONCE} at once",
        )
    if fresh:
        rows = [_new_ask(row, each, by=desk.caller.id, now=now) for each in fresh]
        await add_asks(desk.session, rows)
        moved = await _note(desk, row, "overbooking_asked", now, practitioners=[str(each) for each in fresh])
        await tell_asks(desk.session, rows, "asked")
        await tell(desk.session, moved, "overbooking_asked")
        asked += rows
    return asked


def _new_ask(row: RequestRow, practitioner_id: UUID, *, by: str, now: datetime) -> OverbookingAskRow:
    copied = row.model_dump(include={"cpts_id", "urgency", "insee", "act", "modes", "party"})
    return OverbookingAskRow(
        **copied,
        id=new_id(now),
        request_id=row.id,
        request_by=row.asked_by,
        practitioner_id=practitioner_id,
        state=OverbookingAskState.ASKED,
        asked_by=by,
        asked_at=now,
        answer_by=row.deadline_at,
        changed_at=now,
    )


async def accept(desk: Desk, ask_id: UUID, answer: Yes) -> OverbookingAskRow:
    """Say yes, at a time of one's own: a slot is opened and held for the request; nobody else need answer."""
    asked, row = await _open(desk, ask_id)
    if answer.starts_at > row.deadline_at:
        raise Invalid(
            "C'est après l'échéance de la demande.",
            field="starts_at",
            value=answer.starts_at.isoformat(),
            rule=f"until {row.deadline_at.isoformat()}",
        )
    place = ExtraSlot(asked.practitioner_id, answer.place_id, answer.starts_at, answer.minutes, reason="asked")
    # Nothing stays locked while it is opened: who was quicker meanwhile is found out afterwards, and it is given back.
    async with waiting_elsewhere(desk.session):
        booking = await desk.bookings.open_on_top(row, place, minutes=HELD_MINUTES)
    try:
        asked, row = await _open(desk, ask_id)
    except Refusal:
        async with waiting_elsewhere(desk.session):
            await desk.bookings.release(booking.ids)
        raise
    now = await database_now(desk.session)
    detail = {"slot_id": str(booking.slot_id), "practitioner_id": str(asked.practitioner_id)}
    kept = record_hold(row.id, booking, by=desk.caller.id, at=now, picked=True)
    # Whoever asked decides what comes of it.
    kept.values["in_hand_by"] = row.in_hand_by or row.asked_by
    row = await move(desk.session, replace(kept, code="overbooking_accepted", detail=detail))
    answered = await change_asks(
        desk.session,
        col(OverbookingAskRow.id) == ask_id,
        to=OverbookingAskState.ACCEPTED,
        by=desk.caller.id,
        at=now,
        slot_id=booking.slot_id,
        starts_at=booking.starts_at,
    )
    others = await change_asks(
        desk.session,
        col(OverbookingAskRow.request_id) == row.id,
        to=OverbookingAskState.WITHDRAWN,
        by=desk.caller.id,
        at=now,
    )
    await tell_asks(desk.session, answered, OverbookingAskState.ACCEPTED)
    await tell_asks(desk.session, others, OverbookingAskState.WITHDRAWN)
    await tell(desk.session, row, "overbooking_accepted")
    return answered[0]


async def _open(desk: Desk, ask_id: UUID) -> tuple[OverbookingAskRow, RequestRow]:
    """An ask that the caller may still say yes to, with its request that still waits, both locked."""
    asked, row = await _answering(desk, ask_id)
    if row.state not in ON_THE_BOARD:
        raise AskAnswered(state=row.state)
    return asked, row


async def decline(desk: Desk, ask_id: UUID, reason: str) -> OverbookingAskRow:
    """Say no: nobody is told more than that, and the request goes on."""
    asked, row = await _answering(desk, ask_id)
    return await _end(desk, asked, row, OverbookingAskState.DECLINED, reason)


async def withdraw(desk: Desk, ask_id: UUID) -> OverbookingAskRow:
    """Take an ask back: for whoever asked, the request's own asker and who runs the board."""
    asked = await _ask_row(desk.session, ask_id)
    if asked.asked_by != desk.caller.id:
        await acting_on(desk.session, desk.caller, asked.request_id)
    row = await _lock_request(desk.session, asked.request_id)
    return await _end(desk, asked, row, OverbookingAskState.WITHDRAWN, "")


async def _end(
    desk: Desk, asked: OverbookingAskRow, row: RequestRow, to: OverbookingAskState, reason: str
) -> OverbookingAskRow:
    now = await database_now(desk.session)
    ended = await change_asks(
        desk.session, col(OverbookingAskRow.id) == asked.id, to=to, by=desk.caller.id, at=now, reason=reason
    )
    if not ended:
        raise AskAnswered(state=asked.state)
    who = str(asked.practitioner_id)
    moved = await _note(desk, row, f"overbooking_{to}", now, practitioner_id=who, answer=reason)
    await tell_asks(desk.session, ended, to)
    await tell(desk.session, moved, f"overbooking_{to}")
    return ended[0]


async def _note(desk: Desk, row: RequestRow, code: str, now: datetime, **detail: Any) -> RequestRow:
    """A line in the story of a locked request, whose state stays."""
    state = RequestState(row.state)
    return await move(
        desk.session, Move(row.id, code=code, by=desk.caller.id, at=now, from_states={state}, detail=detail)
    )


async def _answering(desk: Desk, ask_id: UUID) -> tuple[OverbookingAskRow, RequestRow]:
    """An ask that still waits and that the caller may answer, with its request, both locked."""
    desk.caller.require(*ANSWERERS)
    asked = await _ask_row(desk.session, ask_id)
    desk.caller.require_practitioner(asked.practitioner_id)
    row = await _lock_request(desk.session, asked.request_id)
    await desk.session.refresh(asked, with_for_update=True)
    if asked.state != OverbookingAskState.ASKED:
        raise AskAnswered(state=asked.state)
    return asked, row


async def _ask_row(session: AsyncSession, ask_id: UUID) -> OverbookingAskRow:
    row = await session.get(OverbookingAskRow, ask_id)
    if row is None:
        raise NotFound(field="ask_id", value=ask_id)
    return row


async def _lock_request(session: AsyncSession, request_id: UUID) -> RequestRow:
    query = select(RequestRow).where(RequestRow.id == request_id).with_for_update()
    return (await session.exec(query.execution_options(populate_existing=True))).one()
