"""Bookings made in the availability service, over HTTP; asked twice with the same key, it answers the same."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx

from services.matching.app.bookings import Booking
from shared.contracts import BookingView
from shared.refusals import NotFound, Refusal
from shared.settings import Settings

PractitionerOf = Callable[[str, UUID], UUID]


class SlotUnavailable(Refusal):
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
    return httpx.AsyncClient(
        base_url=settings.availability_url,
        headers={"Authorization": f"Bearer {settings.machine_token('matching')}"},
        timeout=httpx.Timeout(10, connect=2),
    )


class Availability:
    """What a request's bookings need of the availability service."""

    def __init__(self, client: httpx.AsyncClient, practitioner_of: PractitionerOf) -> None:
        """`practitioner_of` answers whose slot it is, from the replica."""
        self._client, self._practitioner_of = client, practitioner_of

    async def hold(self, cpts_id: str, slot_id: UUID, request_id: UUID, *, minutes: int, attempt: int) -> Booking:
        """Keep a place; raises `SlotUnavailable`, `AvailabilityAway`."""
        practitioner_id = self._practitioner_of(cpts_id, slot_id)
        body = {"request_id": str(request_id), "minutes": minutes}
        answer = await self._post(f"/slots/{slot_id}/bookings", body, key=f"{request_id}/{attempt}/{slot_id}")
        return Booking(
            id=UUID(answer["id"]),
            slot_id=slot_id,
            practitioner_id=practitioner_id,
            held_until=BookingView.model_validate(answer, extra="ignore").held_until,
        )

    async def confirm(self, booking_id: UUID, patient: dict[str, Any] | None) -> None:
        """Make a held place firm."""
        await self._post(f"/bookings/{booking_id}/confirmation", {"patient": patient}, key=f"{booking_id}/confirm")

    async def release(self, booking_id: UUID) -> None:
        """Give a held place back."""
        await self._post(f"/bookings/{booking_id}/release", None, key=f"{booking_id}/release")

    async def cancel(self, booking_id: UUID, reason: str) -> None:
        """Give a confirmed place back."""
        await self._post(f"/bookings/{booking_id}/cancellation", {"reason": reason}, key=f"{booking_id}/cancel")

    async def _post(self, path: str, body: dict[str, Any] | None, *, key: str) -> dict[str, Any]:
        try:
            answer = await self._client.post(path, json=body, headers={"Idempotency-Key": key})
        except (httpx.HTTPError, OSError) as error:
            raise AvailabilityAway from error
        if answer.is_success:
            value: dict[str, Any] = answer.json()
            return value
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise AvailabilityAway
        raise _refusal(answer)


def _refusal(answer: httpx.Response) -> Refusal:
    problem = answer.json()
    if problem["code"] in ("slot_unavailable", "not_found"):
        return SlotUnavailable()
    return AvailabilityRefused(problem.get("detail"), rule=problem["code"])


def slot_owner(known: Callable[[str], dict[str, Any]]) -> PractitionerOf:
    """Whose slot it is; `known` answers the live slots of a CPTS. Raises `NotFound` for a slot never seen there."""

    def practitioner_of(cpts_id: str, slot_id: UUID) -> UUID:
        value = known(cpts_id).get(str(slot_id))
        if value is None:
            raise NotFound("Ce créneau n'existe plus.", field="slot_id", value=slot_id)
        return UUID(value["practitioner_id"])

    return practitioner_of
