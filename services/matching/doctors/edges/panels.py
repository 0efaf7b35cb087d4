"""How many new patients each médecin traitant takes, read from the availability service when a round needs it.

Nothing of it is kept here: what a practitioner declares is theirs.
"""

from typing import Any
from uuid import UUID

import httpx
from pydantic import AwareDatetime, BaseModel

from services.matching.doctors.app.preparing import DeclaredPanel
from services.matching.engine.model import Point
from services.matching.sameday.edges.availability import AvailabilityAway


class DeclaredCriteria(BaseModel):
    """Which new patients."""

    communes: list[str]
    min_age: int
    max_age: int
    ald_share: int
    home_visits: bool


class Declared(BaseModel):
    """What one practitioner declared, and when."""

    practitioner_id: UUID
    places: int
    criteria: DeclaredCriteria
    declared_at: AwareDatetime


class Panels:
    """The declarations of a CPTS, each with the point of the practitioner's first place."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        """`client` speaks to the availability service with our machine token."""
        self._client = client

    async def __call__(self, cpts_id: str) -> list[DeclaredPanel]:
        """Everyone who declared and works somewhere known; raises `AvailabilityAway`."""
        found = [Declared.model_validate(each) for each in await self._get("/panels", cpts_id)]
        directory = await self._get("/directory", cpts_id)
        places = (await self._get("/live/snapshot", cpts_id))["state"].get("places", {})
        points = {
            UUID(entry["id"]): Point(places[place["id"]]["lat"], places[place["id"]]["lon"])
            for entry in directory["practitioners"]
            for place in reversed(entry["places"])
            if place["id"] in places
        }
        return [_panel(each, points[each.practitioner_id]) for each in found if each.practitioner_id in points]

    async def _get(self, path: str, cpts_id: str) -> Any:
        try:
            answer = (await self._client.get(path, params={"cpts": cpts_id})).raise_for_status()
        except (httpx.HTTPError, OSError) as error:
            raise AvailabilityAway("Les praticiens ne répondent pas : aucun tour n'a eu lieu, réessayez.") from error
        return answer.json()


def _panel(declared: Declared, point: Point) -> DeclaredPanel:
    asked = declared.criteria
    return DeclaredPanel(
        practitioner_id=declared.practitioner_id,
        point=point,
        places=declared.places,
        declared_at=declared.declared_at,
        communes=frozenset(asked.communes),
        min_age=asked.min_age,
        max_age=asked.max_age,
        ald_share=asked.ald_share,
        home_visits=asked.home_visits,
    )
