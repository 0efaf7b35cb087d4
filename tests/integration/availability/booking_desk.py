"""Software that books by IHE's Scheduling, and the service it books with."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from tests.builders import MORNING, Service, Territory, a_slot
from tests.contract.sas.test_examples import require_valid

JSON = {"content-type": "application/fhir+json"}
WINDOW = {"start": "2026-11-24", "end": "2026-11-25"}


def reference(id_: str) -> dict[str, Any]:
    return {"name": "appointment-reference", "valueReference": {"reference": f"Appointment/{id_}"}}


def resource(id_: str, status: str = "booked", **more: Any) -> dict[str, Any]:
    body = {"resourceType": "Appointment", "id": id_, "status": status, "participant": [], **more}
    return {"name": "appointment-resource", "resource": body}


@dataclass(slots=True)
class Desk:
    """A service, its territory, and the software of a pharmacy that books there."""

    service: Service
    territory: Territory
    doctor: httpx.AsyncClient
    pharmacy: httpx.AsyncClient

    async def slot(self, hours: float = 2, index: int = 0, **more: Any) -> str:
        """A slot's id."""
        starts_at = (MORNING + timedelta(hours=hours)).isoformat()
        machine = await self.service.machine()
        slot = await a_slot(machine, self.territory, index, starts_at=starts_at, **more)
        return str(slot["id"])

    async def find(self, client: httpx.AsyncClient | None = None, **more: str) -> list[dict[str, Any]]:
        """The appointments that could be had."""
        answer = await (client or self.pharmacy).get("/booking/Appointment/$find", params={**WINDOW, **more})
        assert answer.status_code == 200, answer.text
        require_valid(answer.json())
        return [entry["resource"] for entry in answer.json().get("entry", [])]

    async def ask(
        self, operation: str, *parameters: dict[str, Any], client: httpx.AsyncClient | None = None, key: str = ""
    ) -> httpx.Response:
        """`$hold` or `$book`."""
        body = {"resourceType": "Parameters", "parameter": list(parameters)}
        headers = {**JSON, **({"idempotency-key": key} if key else {})}
        path = f"/booking/Appointment/${operation}"
        return await (client or self.pharmacy).post(path, content=json.dumps(body), headers=headers)

    async def held(self, slot_id: str) -> str:
        """A hold's id."""
        return str((await self.ask("hold", reference(slot_id))).json()["id"])

    async def booked(self, slot_id: str) -> str:
        """A booking's id."""
        answer = await self.ask("book", reference(slot_id))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["entry"][0]["resource"]["id"])


def issue_of(answer: httpx.Response) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/fhir+json; charset=utf-8"
    whole = answer.json()
    require_valid(whole)
    if whole["resourceType"] == "Bundle":
        ((whole),) = (entry["resource"] for entry in whole["entry"])
    (issue,) = whole["issue"]
    found: dict[str, Any] = issue
    return found
