"""Many bookings in one call: what a round holds, confirms and gives back, each with its own answer."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.matching.sameday.app.bookings import Booking, agree_mode, names_of
from services.matching.sameday.store.tables import RequestRow
from shared.contracts import BookingAnswer, BookingState, BookingView
from shared.refusals import Refusal

MOST = 500
"""How many orders the availability service takes in one call."""
Order = dict[str, Any]
GIVEN_BACK: dict[str, str] = {BookingState.HELD: "released", BookingState.CONFIRMED: "cancelled"}


class Batches:
    """Orders of rounds, carried out together. A household's places are one group: all or none."""

    async def post(self, path: str, body: Mapping[str, Any] | None) -> Any:
        """Ask the availability service; raises the refusal it answers."""
        raise NotImplementedError

    def slot(self, cpts_id: str, slot_id: UUID) -> Mapping[str, Any]:
        """A live slot; raises `SlotTaken`."""
        raise NotImplementedError

    def refusal(self, problem: Mapping[str, Any]) -> Refusal:
        """What a problem of the availability service means here."""
        raise NotImplementedError

    async def hold_each(
        self, orders: Sequence[tuple[RequestRow, UUID]], *, minutes: int, held_for: str | None = None
    ) -> Sequence[Booking | Refusal]:
        """Keep a slot for each of these requests; to each its booking or what refused it.

        `held_for`: who chose by hand; left out, the hold is a machine's.
        """
        found: list[Booking | Refusal | None] = [None] * len(orders)
        wanted: list[tuple[int, Mapping[str, Any], list[Order]]] = []
        for number, (row, slot_id) in enumerate(orders):
            try:
                slot = self.slot(row.cpts_id, slot_id)
            except Refusal as refused:
                found[number] = refused
                continue
            wanted.append((number, slot, [_to_order(row, slot, name, minutes, held_for) for name in names_of(row)]))
        for number, slot, answers in await self._carry_out("hold", wanted):
            found[number] = answers if isinstance(answers, Refusal) else booking_of(orders[number][0], slot, answers)
        return [each for each in found if each is not None]

    async def confirm_each(
        self, orders: Sequence[tuple[tuple[UUID, ...], dict[str, Any] | None]]
    ) -> Sequence[Refusal | None]:
        """Make the places of each request firm, and tell its patient; to each None or what refused it."""
        wanted = [
            (number, number, [_confirmation(each, patient, places) for each in places])
            for number, (places, patient) in enumerate(orders)
        ]
        return [
            answers if isinstance(answers, Refusal) else None
            for _, _, answers in await self._carry_out("confirm", wanted)
        ]

    async def give_back_each(self, orders: Sequence[tuple[UUID, str]], reason: str) -> Sequence[Refusal | None]:
        """Give places back, each as it now stands; to each None or what refused it."""
        wanted = [
            (n, n, [{"booking_id": str(place), "reason": reason, "state": GIVEN_BACK[state]}])
            for n, (place, state) in enumerate(orders)
        ]
        return [
            answers if isinstance(answers, Refusal) else None
            for _, _, answers in await self._carry_out("release", wanted)
        ]

    async def ask(self, booking_ids: Collection[str]) -> Mapping[str, BookingAnswer | None]:
        """Where these bookings stand now, in one call; None where it knows none of that id."""
        if not booking_ids:
            return {}
        told = [BookingAnswer(**each) for each in await self.post("/bookings/answers", {"ids": list(booking_ids)})]
        return {**dict.fromkeys(booking_ids), **{each.id: each for each in told}}

    async def _carry_out(
        self, kind: str, wanted: Sequence[tuple[int, Any, list[Order]]]
    ) -> list[tuple[int, Any, list[BookingView] | Refusal]]:
        """The bookings of each group of orders, or what refused it; a call that fails fails all of its groups."""
        done: list[tuple[int, Any, list[BookingView] | Refusal]] = []
        for part in _parts(wanted):
            try:
                body = {kind: [order for _, _, orders in part for order in orders]}
                answers = iter((await self.post("/bookings/batch", body))[kind])
            except Refusal as refused:
                done += [(number, about, refused) for number, about, _ in part]
                continue
            for number, about, orders in part:
                done.append((number, about, self._together([next(answers) for _ in orders])))
        return done

    def _together(self, answers: Sequence[Mapping[str, Any]]) -> list[BookingView] | Refusal:
        problems = [each["problem"] for each in answers if each["problem"]]
        if problems:
            return self.refusal(next((each for each in problems if each["code"] != "group_refused"), problems[0]))
        return [BookingView.model_validate(each["booking"], extra="ignore") for each in answers]


def _parts(wanted: Sequence[tuple[int, Any, list[Order]]]) -> list[list[tuple[int, Any, list[Order]]]]:
    """The groups, in as few calls as there may be."""
    parts: list[list[tuple[int, Any, list[Order]]]] = []
    room = 0
    for group in wanted:
        if len(group[2]) > room:
            parts.append([])
            room = MOST
        parts[-1].append(group)
        room -= len(group[2])
    return parts


def order_of(row: RequestRow, slot: Mapping[str, Any], name: str, minutes: int, held_for: str | None) -> Order:
    """A place of a slot for a request, under one of its names; `held_for`: who chose by hand."""
    return {
        "request_id": name,
        "minutes": minutes,
        "held_for": held_for,
        "urgency": row.urgency,
        "own_patient": slot["practitioner_id"] == str(row.habitual_practitioner_id),
        "regulated_at": tell_regulated_at(row),
    }


def tell_regulated_at(row: RequestRow) -> str | None:
    """When the regulation asked for this patient, if it is who did: what their practitioner is paid goes by it."""
    return row.submitted_at.isoformat() if row.source == "sas" else None


def _to_order(row: RequestRow, slot: Mapping[str, Any], name: str, minutes: int, held_for: str | None) -> Order:
    group = str(row.id) if row.party > 1 else None
    return {**order_of(row, slot, name, minutes, held_for), "slot_id": slot["id"], "all_or_none_group": group}


def _confirmation(place: UUID, patient: dict[str, Any] | None, places: Sequence[UUID]) -> Order:
    group = str(places[0]) if len(places) > 1 else None
    return {"booking_id": str(place), "patient": patient, "all_or_none_group": group}


def booking_of(row: RequestRow, slot: Mapping[str, Any], places: Sequence[BookingView]) -> Booking:
    """What a request has of a slot: its own place first."""
    return Booking(
        id=UUID(places[0].id),
        companions=tuple(UUID(each.id) for each in places[1:]),
        slot_id=UUID(slot["id"]),
        practitioner_id=UUID(slot["practitioner_id"]),
        starts_at=datetime.fromisoformat(slot["starts_at"]),
        held_until=places[0].held_until,
        mode=agree_mode(row.modes, slot["modes"]),
    )
