"""What Prometheus reads of both services: figures that are true, for who shows the token, and nobody named in them."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from shared.auth import Role
from shared.settings import Settings
from tests.builders import CPTS
from tests.towns import Town, a_request, a_town

TOKEN = "a token for the figures"
DASHBOARD = Path(__file__).parents[3] / "docs" / "examples" / "grafana.json"
SERVICES = ("availability", "matching")
Figures = dict[str, dict[str, float]]


@pytest.fixture
async def measured(settings: Settings) -> AsyncIterator[Town]:
    async with a_town(settings.model_copy(update={"metrics_token": SecretStr(TOKEN)})) as town:
        yield town


async def read(town: Town, service: str, token: str = TOKEN) -> httpx.Response:
    async with httpx.AsyncClient(base_url=town.settings.public_url) as anyone:
        return await anyone.get(f"/{service}/metrics", headers={b"authorization": f"Bearer {token}".encode("latin-1")})


async def figures(town: Town, service: str) -> Figures:
    """Values by name and labels."""
    answer = await read(town, service)
    assert answer.status_code == 200, answer.text
    found: Figures = {}
    for family in text_string_to_metric_families(answer.text):
        assert family.documentation
        for sample in family.samples:
            found.setdefault(sample.name, {})["/".join(sample.labels.values())] = sample.value
    return found


async def test_the_figures_follow_what_happens(measured: Town) -> None:
    before = await figures(measured, "matching")
    assert before["aiguillage_requests_waiting"] == {"P1": 0, "P2": 0, "P3": 0, "P4": 0}
    slot = await measured.slot(hours=1, capacity=3)
    asker = await measured.person(Role.REGULATOR)
    for body in (a_request(urgency=2, modes=["VR"]), a_request(hold={"slot_id": slot["id"]})):
        assert (await asker.client.post("/requests", json=body)).status_code == 201
    after, places = await figures(measured, "matching"), await figures(measured, "availability")
    assert after["aiguillage_requests_waiting"]["P2"] == 1
    assert after["aiguillage_requests_held"]["P1"] == 1
    assert after["aiguillage_oldest_request_seconds"]["P2"] > 0
    assert after["aiguillage_territories_followed"][""] == 1
    assert places["aiguillage_holds"][""] == 1
    assert places["aiguillage_free_places_4_hours"][""] == 2
    for found in (after, places):
        assert found["aiguillage_database_up"][""] == 1
        assert found["aiguillage_background_down"][""] == 0


async def test_nobody_is_named_and_nobody_reads_them_without_the_token(measured: Town) -> None:
    asker = await measured.person(Role.REGULATOR)
    await asker.client.post("/requests", json=a_request(patient={"name": "ESSAI Fictif"}))
    for service in SERVICES:
        said = (await read(measured, service)).text
        assert not [each for each in (CPTS, "ESSAI", "48095", asker.account) if each in said]
        for token in ("another", "é", TOKEN[:-1]):
            answer = await read(measured, service, token)
            assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


async def test_without_a_token_in_the_settings_there_are_no_figures(town: Town) -> None:
    for service in SERVICES:
        assert (await read(town, service)).status_code == 404


async def test_every_figure_that_the_dashboard_shows_exists(measured: Town) -> None:
    names = {name for service in SERVICES for name in await figures(measured, service)}
    panels: list[dict[str, Any]] = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    asked = " ".join(target["expr"] for panel in panels for target in panel["targets"]).split()
    shown = {word for word in asked if word.startswith("aiguillage_")}
    assert len(shown) >= 15
    assert shown <= names
