"""What comes in is bounded before it is read, and nothing of it is told to a log or to somebody else."""

import asyncio
import io
import json
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI

from services.availability.main import build as build_availability
from services.matching.main import build as build_matching
from shared.auth import Role
from shared.http import answer_problems
from shared.http.doors import LARGEST_BODY
from shared.running.telemetry import configure_logging
from shared.settings import Settings
from tests.builders import CPTS, Service, Territory, slots_order
from tests.conftest import settings_for

NAME, PASSWORD = "Camille EXEMPLE-CANARI", "mot-de-passe-canari"
HALF = '"\\ud83d"'


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What is logged meanwhile."""
    stream = io.StringIO()
    configure_logging(stream)
    yield stream
    structlog.reset_defaults()


async def test_a_body_too_large_is_refused_unread_whoever_sends_it(service: Service) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 300_000_000:
            sent += 65_536
            yield b" " * 65_536

    tracemalloc.start()
    async with service.anyone() as anyone:
        declared = await anyone.post("/session", content=b"x", headers={"content-length": "300000000"})
        chunked = await anyone.post("/session", content=endless())
        lied = await anyone.post("/session", content=b"x", headers={"content-length": "-1"})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [declared.status_code, chunked.status_code, lied.status_code] == [413, 413, 413]
    assert sent < 3 * LARGEST_BODY
    assert peak < 20_000_000
    assert declared.json()["code"] == "too_large"


async def test_fhir_says_too_large_in_its_own_words(service: Service) -> None:
    doctor = await service.person(Role.PHARMACIST)
    answer = await doctor.post("/booking/Appointment/$book", content=b" " * 300_000)
    assert (answer.status_code, answer.json()["resourceType"]) == (413, "OperationOutcome")


@pytest.mark.parametrize("half", [HALF, '"a\\u0000b"', '{"\\udc00": 1}', "[" * 5_000 + "]" * 5_000])
async def test_what_no_text_may_hold_is_refused_and_told_to_nobody(
    service: Service, territory: Territory, log: io.StringIO, half: str
) -> None:
    doctor = await service.person(Role.PRACTITIONER, territory.practitioners[0])
    whole = json.dumps({"email": NAME, "password": PASSWORD, "totp": "PLACE"}).replace('"PLACE"', half)
    answer = await doctor.post("/session", content=whole.encode(), headers={"content-type": "application/json"})
    assert answer.status_code == 422
    for told in (answer.text, log.getvalue()):
        assert "CANARI" not in told
        assert "canari" not in told


async def test_a_fault_of_ours_is_logged_by_its_places_and_never_by_its_words(log: io.StringIO) -> None:
    app = FastAPI()
    answer_problems(app)

    @app.post("/fault")
    async def fault() -> None:
        try:
            int(NAME)
        except ValueError as error:
            raise RuntimeError(f"while reading {NAME}") from error

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://here"
    ) as client:
        answer = await client.post("/fault")
    assert (answer.status_code, answer.json()["code"]) == (500, "fault")
    said = log.getvalue()
    assert "RuntimeError" in said
    assert "ValueError" in said
    assert "test_bodies.py" in said
    assert "CANARI" not in said + answer.text


async def test_what_libraries_log_quotes_nothing_either(log: io.StringIO) -> None:
    async def dies() -> None:
        raise ValueError(NAME)

    loop = asyncio.get_running_loop()
    task = asyncio.create_task(dies())
    await asyncio.wait({task})
    loop.call_exception_handler(
        {"message": "Task exception was never retrieved", "exception": task.exception(), "future": task}
    )
    assert "never retrieved" in log.getvalue()
    assert "ValueError" in log.getvalue()
    assert "CANARI" not in log.getvalue()


@pytest.mark.parametrize(
    "at",
    [
        "0001-01-01T00:00:00+14:00",
        "1999-12-31T23:00:00Z",
        "2100-01-01T00:00:00Z",
        "9999-12-31T23:59:59-14:00",
        "2026-11-24T10:00:00",
    ],
)
async def test_an_instant_beyond_what_anything_is_about_is_refused_at_every_door(
    service: Service, territory: Territory, at: str
) -> None:
    doctor = await service.person(Role.PRACTITIONER, territory.practitioners[0])
    admin = await service.person(Role.ADMIN)
    who = str(territory.practitioners[0])
    absence = {"practitioner_id": who, "starts_at": at, "ends_at": "2026-12-01T00:00:00Z"}
    answers = [
        await doctor.post("/absences", json=absence),
        await doctor.post("/slots", json=slots_order(territory, starts_at=at)),
        await admin.put(f"/practitioners/{who}/memberships/{CPTS}", json={"joined_at": at}),
        await doctor.get("/slots", params={"cpts": CPTS, "from": at, "to": "2026-12-01T00:00:00Z"}),
        await doctor.get("/exports/day.csv", params={"cpts": CPTS, "practitioner_id": who, "from": at}),
    ]
    assert [answer.status_code for answer in answers] == [422] * len(answers), [answer.text for answer in answers]


def test_every_instant_and_text_and_list_that_an_api_takes_is_bounded() -> None:
    settings = settings_for("postgresql+asyncpg://nobody@localhost/none", "redis://localhost:1")
    loose = [
        fault for build in (build_availability, build_matching) for fault in Bounds(build(settings).openapi()).look()
    ]
    assert loose == []


class Bounds:
    """Looks for what the operations of an API take without a bound: texts, lists, numbers."""

    def __init__(self, openapi: dict[str, Any]) -> None:
        """Found nothing yet."""
        self.openapi, self.found, self.seen = openapi, list[str](), set[str]()

    def look(self) -> list[str]:
        """Everything that is loose."""
        for path, methods in self.openapi["paths"].items():
            for method, operation in methods.items():
                for parameter in operation.get("parameters", ()):
                    self.walk(parameter["schema"], f"{method} {path} {parameter['name']}")
                for content in operation.get("requestBody", {}).get("content", {}).values():
                    self.walk(content["schema"], f"{method} {path}")
        return self.found

    def walk(self, schema: dict[str, Any], where: str) -> None:
        """A schema and what it is made of."""
        name = schema.get("$ref", "").rpartition("/")[2]
        if name and name not in self.seen:
            self.seen.add(name)
            self.walk(self.openapi["components"]["schemas"][name], name)
        for each in schema.get("anyOf", ()):
            self.walk(each, where)
        if not {"$ref", "enum", "const"} & schema.keys():
            self.of_kind(schema, where)

    def of_kind(self, schema: dict[str, Any], where: str) -> None:
        """One value, by its kind."""
        kind = schema.get("type")
        bounds = {"string": [{"maxLength"}, {"format"}, {"pattern"}], "array": [{"maxItems"}]}
        bounds |= {number: [{"minimum", "maximum"}] for number in ("integer", "number")}
        if kind in bounds and not any(each <= schema.keys() for each in bounds[kind]):
            self.found.append(f"{where}: {kind} without bounds")
        for each in (*([schema["items"]] if "items" in schema else []), *schema.get("prefixItems", ())):
            self.walk(each, f"{where}[]")
        for name, each in schema.get("properties", {}).items():
            self.walk(each, f"{where}.{name}")


async def test_answers_are_kept_by_nobody_and_are_no_pages(service: Service) -> None:
    doctor = await service.person(Role.PHARMACIST)
    for path in ("/session", "/nowhere", "/openapi.json", f"/directory?cpts={CPTS}"):
        headers = (await doctor.get(path)).headers
        assert headers["cache-control"] == "no-store", path
        assert headers["x-content-type-options"] == "nosniff", path
        assert "default-src 'none'" in headers["content-security-policy"], path


def test_an_api_describes_itself_in_a_demonstration_only_and_loads_nothing_from_elsewhere(settings: Settings) -> None:
    real = settings.model_copy(update={"demo": False})
    assert build_availability(real).openapi_url is None
    assert (build_availability(settings).openapi_url, build_availability(settings).docs_url) == ("/openapi.json", None)


@pytest.mark.parametrize("path", ["/session%00", "/session?x=%00", "/session?x=%ff", "/session?x=%1b"])
async def test_an_address_that_is_no_text_is_refused(service: Service, path: str) -> None:
    async with service.anyone() as anyone:
        answer = await anyone.get(path)
    assert (answer.status_code, answer.json()["code"]) == (400, "unreadable")


async def test_head_answers_what_get_does_without_the_body(service: Service) -> None:
    pharmacist = await service.person(Role.PHARMACIST)
    got, head = await pharmacist.get("/session"), await pharmacist.head("/session")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == got.headers["content-length"]
