"""An answer to a search, as the tests look at it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.contract.sas.conftest import Kit
from tests.fhir_kit import search


@dataclass(frozen=True, slots=True)
class Answer:
    """A bundle and how it came."""

    url: str
    status: int
    media_type: str
    bundle: dict[str, Any]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The resources of a type."""
        found = [entry["resource"] for entry in self.bundle.get("entry", [])]
        return [resource for resource in found if resource["resourceType"] == kind]

    def locations(self) -> list[dict[str, Any]]:
        """The places inside the roles."""
        return [place for role in self.of("PractitionerRole") for place in role["contained"]]


async def ask(kit: Kit, *rpps: str, cpts: bool = False, from_at: datetime | None = None) -> Answer:
    url = search(rpps, cpts=cpts, from_at=from_at)
    answer = await kit.client.get(url)
    return Answer(url, answer.status_code, answer.headers["content-type"], answer.json())
