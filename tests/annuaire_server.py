"""A directory that speaks as the Annuaire Santé does: its key, its pages, its pace and its bad days. All invented."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

KEY = "cle-inventee"
NOS = "https://mos.esante.gouv.fr/NOS"
PROFESSION = f"{NOS}/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante"
SPECIALTY = f"{NOS}/TRE_R38-SpecialiteOrdinale/FHIR/TRE-R38-SpecialiteOrdinale"
MODE = f"{NOS}/TRE_R23-ModeExercice/FHIR/TRE-R23-ModeExercice"
INSEE = "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-address-insee-code"
LONG_AGO, LATELY = "2026-01-01T00:00:00+00:00", "2026-11-23T08:00:00+00:00"


def practitioner(number: int, *, active: bool = True, changed: str = LONG_AGO, **more: Any) -> dict[str, Any]:
    """Someone: a general practitioner."""
    rpps = f"999{number:08}"
    return {
        "resourceType": "Practitioner",
        "id": f"p{number}",
        "meta": {"lastUpdated": changed},
        "identifier": [
            {"system": "urn:oid:1.2.250.1.71.4.2.1", "value": f"8{rpps}"},
            {"system": "https://rpps.esante.gouv.fr", "value": rpps},
        ],
        "active": active,
        "name": [{"use": "usual", "family": f"FICTIF-{number}", "given": ["Essai"]}],
        "qualification": [
            {"code": {"coding": [{"system": PROFESSION, "code": "10"}]}},
            {"code": {"coding": [{"system": SPECIALTY, "code": "SM54"}]}},
        ],
        **more,
    }


def organization(number: int, *, active: bool = True, insee: str = "13214", **more: Any) -> dict[str, Any]:
    """A structure with an address."""
    finess = f"13{number:07}"
    return {
        "resourceType": "Organization",
        "id": f"o{number}",
        "meta": {"lastUpdated": LONG_AGO},
        "identifier": [
            {"system": "urn:oid:1.2.250.1.71.4.2.2", "value": f"1{finess}"},
            {"system": "https://finess.esante.gouv.fr", "value": finess},
            {"system": "https://rppsrang.esante.gouv.fr", "value": "https://rppsrang.esante.gouv.fr"},
        ],
        "active": active,
        "name": f"CABINET FICTIF {number}",
        "telecom": [{"system": "phone", "value": "04 00 00 00 00"}],
        "address": [
            {
                "extension": [{"url": INSEE, "valueCoding": {"system": f"{NOS}/TRE_R13-Commune", "code": insee}}],
                "line": [f"{number} rue Inventée"],
                "city": "ESSAI",
                "postalCode": "13014",
            }
        ],
        **more,
    }


def role(person: int, structure: int, *, active: bool = True, changed: str = LONG_AGO) -> dict[str, Any]:
    """Someone practises in a structure."""
    return {
        "resourceType": "PractitionerRole",
        "id": f"r{person}-{structure}",
        "meta": {"lastUpdated": changed},
        "active": active,
        "practitioner": {"reference": f"Practitioner/p{person}"},
        "organization": {"reference": f"Organization/o{structure}"},
        "code": [{"coding": [{"system": MODE, "code": "L"}]}],
    }


@dataclass
class Directory:
    """What the server holds, how it is asked, and how it misbehaves next."""

    resources: list[dict[str, Any]] = field(default_factory=list)
    per_second: int = 17
    page: int = 50
    next_answers: deque[Response] = field(default_factory=deque)
    """Answers given before the true ones."""
    fails_after: int | None = None
    """How many calls are answered before the server is away for good."""
    elsewhere: str = ""
    """Where `next` leads, instead of here."""
    asked: list[str] = field(default_factory=list)
    refused_for_pace: int = 0
    _lately: deque[float] = field(default_factory=deque)

    def put(self, *resources: dict[str, Any]) -> None:
        """Add resources, or replace those of the same id."""
        ids = {each["id"] for each in resources}
        self.resources = [each for each in self.resources if each["id"] not in ids] + list(resources)

    def app(self) -> FastAPI:
        """The server."""
        app = FastAPI()
        app.add_api_route("/fhir/v2/{kind}", self.answer, methods=["GET"])
        return app

    async def answer(self, kind: str, request: Request) -> Response:
        """One call."""
        if request.headers.get("esante-api-key") != KEY:
            return JSONResponse({}, status_code=401)
        if self._too_fast():
            self.refused_for_pace += 1
            return JSONResponse({}, status_code=429, headers={"retry-after": "1"})
        self.asked.append(f"{kind}?{request.url.query}")
        if self.fails_after is not None and len(self.asked) > self.fails_after:
            return JSONResponse({}, status_code=404)
        if self.next_answers:
            return self.next_answers.popleft()
        return JSONResponse(self._bundle(kind, dict(request.query_params), str(request.url).partition("?")[0]))

    def _too_fast(self) -> bool:
        now = asyncio.get_running_loop().time()
        while self._lately and self._lately[0] <= now - 1:
            self._lately.popleft()
        self._lately.append(now)
        return len(self._lately) > self.per_second

    def _bundle(self, kind: str, asked: dict[str, str], here: str) -> dict[str, Any]:
        found = [each for each in self.resources if each["resourceType"] == kind and self._fits(each, asked)]
        start = int(asked.get("start", 0))
        some = found[start : start + self.page]
        link = [{"relation": "self", "url": here}]
        if start + self.page < len(found):
            following = urlencode({**asked, "start": str(start + self.page)})
            link.append({"relation": "next", "url": f"{self.elsewhere or here}?{following}"})
        entries = [{"resource": each, "search": {"mode": "match"}} for each in some]
        if "_include" in asked:
            wanted = {each["practitioner"]["reference"].partition("/")[2] for each in some}
            entries += [
                {"resource": each, "search": {"mode": "include"}} for each in self.resources if each["id"] in wanted
            ]
        return {"resourceType": "Bundle", "type": "searchset", "total": len(found), "link": link, "entry": entries}

    def _fits(self, resource: dict[str, Any], asked: dict[str, str]) -> bool:
        return all(_TESTS[name](resource, value) for name, value in asked.items() if name in _TESTS)


def _refers(name: str) -> Any:
    def test(resource: dict[str, Any], value: str) -> bool:
        said = resource[name]["reference"]
        return said in value.split(",") or said.partition("/")[2] in value.split(",")

    return test


_TESTS: dict[str, Any] = {
    "organization": _refers("organization"),
    "practitioner": _refers("practitioner"),
    "_lastUpdated": lambda resource, value: resource["meta"]["lastUpdated"] >= value.removeprefix("ge"),
    "address-postalcode:exact": lambda resource, value: (
        resource["address"][0].get("postalCode") in value.split(",") if resource.get("address") else True
    ),
    "identifier": lambda resource, value: any(
        f"{each['system']}|{each['value']}" in value.split(",") for each in resource["identifier"]
    ),
}
