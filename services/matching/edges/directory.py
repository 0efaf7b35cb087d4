"""Names of professionals, read from the availability service when a list needs them; never kept here."""

from typing import Any

import httpx

from services.matching.edges.availability import AvailabilityAway


class Directory:
    """Who gives care in a CPTS."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        """`client` speaks to the availability service with our machine token."""
        self._client = client

    async def names(self, cpts_id: str) -> dict[str, str]:
        """First and last name by id; raises `AvailabilityAway`."""
        try:
            answer = (await self._client.get("/directory", params={"cpts": cpts_id})).raise_for_status()
        except (httpx.HTTPError, OSError) as error:
            raise AvailabilityAway("L'annuaire ne répond pas : réessayez.") from error
        found: list[dict[str, Any]] = answer.json()["practitioners"]
        return {each["id"]: f"{each['first_name']} {each['last_name']}".strip() for each in found}
