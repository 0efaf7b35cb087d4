"""Whatever the OpenAPI of a service allows, it answers: never with a fault of ours."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as rules

from services.availability.main import build as build_availability
from services.coordination.main import build as build_coordination
from services.matching.main import build as build_matching
from shared.auth import admit_machine
from shared.settings import Settings
from tests.builders import a_territory, owner
from tests.serving import serving
from tests.towns import with_communes

NEIGHBOUR_AWAY = "availability_away"
"""Matching runs alone here: that it says so is right (503)."""
EXAMPLES, ANSWER_WITHIN_S = 2, 10
BUILDERS: dict[str, Callable[[Settings], FastAPI]] = {
    "availability": build_availability,
    "matching": build_matching,
    "coordination": build_coordination,
}


@pytest.fixture(params=BUILDERS)
async def service(request: pytest.FixtureRequest, settings: Settings) -> AsyncIterator[tuple[str, dict[str, str]]]:
    """A service on a real database, and what a machine shows it."""
    await a_territory(await with_communes(settings))
    token = settings.machine_token("essai")
    async with owner(settings) as session:
        await admit_machine(session, "essai", token, ["*"])
    async with serving(BUILDERS[request.param](settings)) as url:
        yield url, {"authorization": f"Bearer {token}"}


def faults(url: str, headers: dict[str, str]) -> tuple[int, list[str]]:
    """Ask each operation a few times, always the same; how many were asked, and what was answered with a fault."""
    asked, found = 0, list[str]()
    operations: Any = schemathesis.openapi.from_url(f"{url}/openapi.json").get_all_operations()
    for result in operations:
        operation = result.ok()

        @given(case=operation.as_strategy())
        @rules(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def ask(case: Any) -> None:
            answer = case.call(headers=headers, timeout=ANSWER_WITHIN_S)
            if answer.status_code >= 500 and NEIGHBOUR_AWAY not in answer.text:
                found.append(f"{case.method} {case.formatted_path} {case.query} {case.body}: {answer.text[:200]}")

        ask()
        asked += 1
    return asked, found


async def test_no_operation_answers_with_a_fault_of_ours(service: tuple[str, dict[str, str]]) -> None:
    asked, found = await asyncio.to_thread(faults, *service)
    assert asked > 10
    assert not found, "\n".join(found)
