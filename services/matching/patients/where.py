"""Who sees the patient, and where: read from the availability service when a link is opened; never kept here."""

from typing import Any
from uuid import UUID

import httpx
from pydantic import BaseModel

from services.matching.sameday.edges.availability import AvailabilityAway
from shared.typed.phones import link


class MeetingView(BaseModel):
    """With whom and where; `call` is where a press on the number leads."""

    practitioner: str = ""
    profession: str = ""
    place: str = ""
    address: str = ""
    access_note: str = ""
    wheelchair: bool = False
    phone: str = ""
    call: str = ""
    lat: float | None = None
    lon: float | None = None
    insee: str = ""


class Meetings:
    """What is published of appointments."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        """`client` speaks to the availability service with our machine token."""
        self._client = client

    async def of(self, cpts_id: str, slot_id: UUID, practitioner_id: UUID | None) -> MeetingView:
        """Who gives a slot and where; what nobody knows any more is left empty. Raises `AvailabilityAway`."""
        try:
            directory = (await self._client.get("/directory", params={"cpts": cpts_id})).raise_for_status().json()
            slot = await self._client.get(f"/slots/{slot_id}")
        except (httpx.HTTPError, OSError) as error:
            raise AvailabilityAway("Le lieu ne peut être lu pour le moment : réessayez.") from error
        people: dict[str, Any] = {each["id"]: each for each in directory["practitioners"]}
        who = people.get(str(practitioner_id), {})
        where_id = slot.json().get("place_id") if slot.is_success else None
        place: dict[str, Any] = next((each for each in who.get("places", ()) if each["id"] == where_id), {})
        phone = place.get("phone") or who.get("phone") or ""
        return MeetingView(
            practitioner=f"{who.get('first_name', '')} {who.get('last_name', '')}".strip(),
            profession=who.get("profession", ""),
            place=place.get("name", ""),
            address=place.get("address", ""),
            access_note=place.get("access_note", ""),
            wheelchair=bool(place.get("wheelchair")),
            phone=phone,
            call=link(phone, str(place.get("insee", ""))),
            lat=place.get("lat"),
            lon=place.get("lon"),
            insee=place.get("insee", ""),
        )
