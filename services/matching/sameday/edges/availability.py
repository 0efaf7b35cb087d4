"""Bookings made in the availability service, over HTTP.

Each of these calls says the same when it is said twice (one request has one live booking of a slot): no key is needed.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx

from services.matching.sameday.app.bookings import Booking, ExtraSlot, agree_mode, names_of
from services.matching.sameday.edges.batches import Batches, booking_of, order_of, tell_regulated_at
from services.matching.sameday.store.tables import RequestRow
from shared.contracts import BookingState, BookingView, SlotView
from shared.outside.trust import open_client
from shared.refusals import Invalid, Refusal
from shared.settings import Settings

LiveSlots = Callable[[str], dict[str, Any]]


class SlotTaken(Refusal):
    """Ce créneau vient d'être pris, retiré ou a commencé : choisissez-en un autre."""

    code = "slot_unavailable"


class AvailabilityAway(Refusal):
    """Les créneaux ne répondent pas : rien n'est réservé, réessayez avec la même Idempotency-Key."""

    code = "availability_away"
    status = 503


class AvailabilityRefused(Refusal):
    """Les créneaux ont refusé cette action."""

    code = "availability_refused"


def client_for(settings: Settings) -> httpx.AsyncClient:
    """A client of the availability service with our machine token."""
    return open_client(settings.availability_url, settings.machine_token("matching"))


class Availability(Batches):
    """What a request's bookings need of the availability service."""

    def __init__(self, client: httpx.AsyncClient, live_slots: LiveSlots) -> None:
        """`live_slots` answers the live slots of a CPTS, by id."""
        self._client, self._live_slots = client, live_slots

    def slot(self, cpts_id: str, slot_id: UUID) -> Mapping[str, Any]:
        """A live slot; raises `SlotTaken`."""
        slot: Mapping[str, Any] | None = self._live_slots(cpts_id).get(str(slot_id))
        if slot is None:
            raise SlotTaken
        return slot

    async def hold(self, row: RequestRow, slot_id: UUID, *, minutes: int, mode: str = "") -> Booking:
        """Keep the places the request needs, all or none; raises `SlotTaken`, `AvailabilityAway`."""
        slot = self.slot(row.cpts_id, slot_id)
        if mode and mode not in slot["modes"]:
            raise Invalid("Ce créneau ne se prend pas ainsi.", field="mode", value=mode, rule="one of the slot's")
        if row.party > 1:
            (booking,) = await self.hold_each([(row, slot_id)], minutes=minutes, held_for=row.asked_by)
        else:
            order = order_of(row, slot, str(row.id), minutes, row.asked_by)
            taken = BookingView.model_validate(await self.post(f"/slots/{slot_id}/bookings", order), extra="ignore")
            booking = booking_of(row, slot, [taken])
        if isinstance(booking, Refusal):
            raise booking
        return replace(booking, mode=mode) if mode else booking

    async def open_on_top(self, row: RequestRow, place: ExtraSlot, *, minutes: int) -> Booking:
        """Open a slot on top of what the practitioner offers, with all its places held for the request."""
        body = {
            "practitioner_id": str(place.practitioner_id),
            "place_id": str(place.place_id),
            "starts_at": place.starts_at.isoformat(),
            "minutes": place.minutes,
            "modes": list(row.modes),
            "audience": [row.cpts_id],
            "request_ids": names_of(row),
            "hold_minutes": minutes,
            "held_for": row.asked_by,
            "urgency": row.urgency,
            "own_patient": place.practitioner_id == row.habitual_practitioner_id,
            "regulated_at": tell_regulated_at(row),
            "reason": place.reason,
        }
        slot = SlotView.model_validate(await self.post("/slots/on-top", body), extra="ignore")
        by_name = {each.request_id: each for each in slot.bookings}
        first, *others = (by_name[name] for name in names_of(row))
        return Booking(
            id=UUID(first.id),
            companions=tuple(UUID(each.id) for each in others),
            slot_id=UUID(slot.id),
            practitioner_id=place.practitioner_id,
            starts_at=slot.starts_at,
            held_until=first.held_until,
            mode=agree_mode(row.modes, row.modes),
        )

    async def confirm(self, booking_ids: Iterable[UUID], patient: dict[str, Any] | None) -> None:
        """Make held places firm, all or none."""
        match tuple(booking_ids):
            case (booking_id,):
                await self.post(f"/bookings/{booking_id}/confirmation", {"patient": patient})
            case several:
                _raise(await self.confirm_each([(several, patient)]))

    async def release(self, booking_ids: Iterable[UUID]) -> None:
        """Give held places back: each that can be, in one call."""
        match tuple(booking_ids):
            case (booking_id,):
                await self.post(f"/bookings/{booking_id}/release", None)
            case several:
                _raise(await self.give_back_each([(each, BookingState.HELD) for each in several], "released"))

    async def cancel(self, booking_ids: Iterable[UUID], reason: str) -> None:
        """Give confirmed places back: each that can be, in one call."""
        match tuple(booking_ids):
            case (booking_id,):
                await self.post(f"/bookings/{booking_id}/cancellation", {"reason": reason})
            case several:
                _raise(await self.give_back_each([(each, BookingState.CONFIRMED) for each in several], reason))

    def refusal(self, problem: Mapping[str, Any]) -> Refusal:
        """What a problem of the availability service means here."""
        return _refusal(problem)

    async def post(self, path: str, body: Mapping[str, Any] | None) -> Any:
        """Ask the availability service; raises the refusal it answers."""
        try:
            answer = await self._client.post(path, json=body)
        except (httpx.HTTPError, OSError) as error:
            raise AvailabilityAway from error
        if answer.is_success:
            return answer.json()
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise AvailabilityAway
        raise _refusal(answer.json())


def _raise(refused: Iterable[Refusal | None]) -> None:
    for refusal in refused:
        if refusal is not None:
            raise refusal


def _refusal(problem: Mapping[str, Any]) -> Refusal:
    if problem["code"] in ("slot_unavailable", "not_found"):
        return SlotTaken()
    return AvailabilityRefused(problem.get("detail"), rule=problem["code"])
