"""A small FHIR server that stands for the SAS: it keeps the appointments it is told of, by identifier."""

from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse


@dataclass(slots=True)
class Receiver:
    """What it received. `refusing`: the status it answers everything with; `deaf`: it keeps, but answers 504."""

    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    refusing: int = 0
    deaf: bool = False

    def app(self) -> FastAPI:
        """The server."""
        app = FastAPI()
        app.add_api_route("/fhir/Appointment", self._create, methods=["POST"])
        app.add_api_route("/fhir/Appointment", self._update, methods=["PUT"])
        return app

    async def _create(self, request: Request) -> Response:
        return await self._keep(request, "", 201)

    async def _update(self, request: Request) -> Response:
        return await self._keep(request, request.query_params["Identifier"], 200)

    async def _keep(self, request: Request, wanted: str, status: int) -> Response:
        self.calls.append(request.method)
        self.bodies.append((await request.body()).decode())
        if self.refusing:
            return JSONResponse({"resourceType": "OperationOutcome", "issue": []}, status_code=self.refusing)
        resource = await request.json()
        (identifier,) = resource["identifier"]
        if wanted not in ("", identifier["value"]) or (not wanted and identifier["value"] in self.kept):
            return JSONResponse({"resourceType": "OperationOutcome", "issue": []}, status_code=409)
        self.kept[identifier["value"]] = resource
        return Response(status_code=504 if self.deaf else status)
