"""What is published of professionals, read from the availability service when it is needed; never kept here."""

from datetime import datetime
from typing import Any
from uuid import UUID

import httpx

from services.matching.hub.messages import ServedBy
from services.matching.sameday.edges.availability import AvailabilityAway


class HubDirectory:
    """Who gives care in a CPTS."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        """`client` speaks to the availability service with our machine token."""
        self._client = client

    async def names(self, cpts_id: str) -> dict[str, str]:
        """First and last name by id; raises `AvailabilityAway`."""
        found = await self._practitioners(cpts_id)
        return {each["id"]: f"{each['first_name']} {each['last_name']}".strip() for each in found}

    async def find_served(self, cpts_id: str, slot_id: UUID) -> ServedBy | None:
        """Who sees the patient of a slot, and where; None when nobody knows any more. Raises `AvailabilityAway`."""
        slot = await self._get(f"/slots/{slot_id}")
        people = {each["id"]: each for each in await self._practitioners(cpts_id)} if slot else {}
        person = people.get(slot["practitioner_id"]) if slot else None
        if slot is None or person is None:
            return None
        place = next((each for each in person["places"] if each["id"] == slot["place_id"]), {"key": "", "name": ""})
        return ServedBy(
            rpps=person["rpps"],
            last_name=person["last_name"],
            first_name=person["first_name"],
            profession=person["profession"],
            specialty=person["specialty"],
            place_key=place["key"],
            place_name=place["name"],
            ends_at=datetime.fromisoformat(slot["ends_at"]),
        )

    async def _practitioners(self, cpts_id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self._get("/directory", cpts=cpts_id) or {"practitioners": []})[
            "practitioners"
        ]
        return found

    async def _get(self, path: str, **asked: str) -> dict[str, Any] | None:
        try:
            answer = await self._client.get(path, params=asked)
            if answer.status_code == httpx.codes.NOT_FOUND:
                return None
            found: dict[str, Any] = answer.raise_for_status().json()
        except (httpx.HTTPError, OSError) as error:
            raise AvailabilityAway("L'annuaire ne répond pas : réessayez.") from error
        return found
