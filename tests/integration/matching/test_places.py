"""Where the patient is: communes by their start, addresses where a geocoder is configured, what is said otherwise."""

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Response
from sqlalchemy import text

from shared.auth import Role
from shared.db import run
from shared.settings import Settings
from tests.builders import CPTS, owner
from tests.serving import serving
from tests.towns import Town, a_request, a_town

STREET = "12 rue de l'Essai-Zzyx"
TYPED = f"{STREET} 48000"


def a_feature(**changed: Any) -> dict[str, Any]:
    """One address as the national service answers it."""
    properties = {
        "label": f"{STREET} 48000 Mende", "score": 0.97, "housenumber": "12", "id": "48095_0001_00012", "name": STREET,
        "type": "housenumber", "postcode": "48000", "citycode": "48095", "x": 740000.1, "y": 6380000.2, "city": "Mende",
        "context": "48, Lozère, Occitanie", "importance": 0.4, "street": "rue de l'Essai-Zzyx", **changed,
    }  # fmt: skip
    where = {"type": "Point", "coordinates": [3.499731, 44.518642]}
    return {"type": "Feature", "geometry": where, "properties": properties}


@dataclass
class NationalAddresses:
    """A server that speaks the national address API: GeoJSON at `/search/`."""

    asked: list[dict[str, str]] = field(default_factory=list)
    answer: Any = field(default_factory=lambda: {"type": "FeatureCollection", "features": [a_feature()]})
    status: int = 200

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/search/")
        async def search(q: str, limit: int, autocomplete: str, lat: str = "", lon: str = "") -> Response:
            self.asked.append({"q": q, "limit": str(limit), "autocomplete": autocomplete, "lat": lat, "lon": lon})
            return Response(httpx.Response(200, json=self.answer).content, self.status, media_type="application/json")

        return app


@pytest.fixture
def national() -> NationalAddresses:
    return NationalAddresses()


@asynccontextmanager
async def town_asking(settings: Settings, url: str) -> AsyncIterator[Town]:
    async with a_town(settings.model_copy(update={"geocoder_url": url})) as found:
        yield found


@pytest.fixture
async def town(settings: Settings, national: NationalAddresses) -> AsyncIterator[Town]:
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(serving(national.app()))
        yield await stack.enter_async_context(town_asking(settings, f"{url}/search/"))


async def found(town: Town, typed: str) -> dict[str, Any]:
    person = town.people.get("one") or town.people.setdefault("one", await town.person(Role.PHARMACIST))
    answer = await person.client.post("/places", json={"cpts_id": CPTS, "q": typed})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_an_address_is_found_asked_once_and_serves_a_request_from_its_point(
    town: Town, national: NationalAddresses
) -> None:
    first, again = await found(town, TYPED), await found(town, TYPED)
    assert first == again
    (place,) = first["places"]
    assert place == {
        "name": f"{STREET} 48000 Mende", "note": "", "insee": "48095", "lat": 44.519, "lon": 3.5, "address": True,
    }  # fmt: skip
    assert (first["addresses"], first["fallback"]) == ("on", False)
    (asked,) = national.asked
    assert (asked["q"], asked["autocomplete"]) == (TYPED, "1")
    await town.slot(0, hours=1)
    point = {"lat": place["lat"], "lon": place["lon"]}
    options = await town.people["one"].client.post("/options", json=a_request(insee="48095", point=point))
    assert len(options.json()["options"]) == 1


async def test_a_commune_is_found_without_asking_anybody_and_only_at_home(
    town: Town, national: NationalAddresses
) -> None:
    answer = await found(town, "mend")
    assert [each["name"] for each in answer["places"]] == ["Mende"]
    assert national.asked == []
    foreign = await town.people["one"].client.post("/places", json={"cpts_id": "990000099", "q": "mende"})
    assert foreign.status_code == 403


async def test_when_addresses_do_not_answer_communes_do_and_it_is_said(town: Town, national: NationalAddresses) -> None:
    cases: list[tuple[int, Any, str]] = [
        (503, {}, "away"),
        (429, {}, "away"),
        (200, "not an object", "on"),
        (200, {"features": [{"type": "Feature"}]}, "on"),
    ]
    for number, (status, answer, said) in enumerate(cases):
        national.status, national.answer = status, answer
        told = await found(town, f"{number} rue de l'Essai mende")
        assert [each["name"] for each in told["places"]] == ["Mende"]
        assert (told["addresses"], told["fallback"]) == (said, True)


async def test_without_a_geocoder_communes_answer_and_it_is_said(settings: Settings) -> None:
    async with town_asking(settings, "") as town:
        told = await found(town, "12 rue de l'Essai-Zzyx mende")
        nothing = await found(town, "12 rue de l'Essai-Zzyx")
    assert ([each["name"] for each in told["places"]], told["addresses"], told["fallback"]) == (["Mende"], "off", True)
    assert nothing["places"] == []


async def test_an_address_in_a_commune_that_is_not_ours_is_known_by_its_point_alone(
    town: Town, national: NationalAddresses
) -> None:
    national.answer = {"features": [a_feature(citycode="75120"), a_feature(citycode="Mende"), a_feature(label="")]}
    (place,) = (await found(town, TYPED))["places"]
    assert place["insee"] == ""


async def test_what_was_typed_is_written_nowhere(
    town: Town, national: NationalAddresses, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await found(town, TYPED)
    await town.people["one"].client.post("/requests", json=a_request(point={"lat": 44.519, "lon": 3.5}))
    national.status = 500
    await found(town, f"{TYPED} bis")
    async with owner(town.settings) as session:
        logged = (
            await run(session, text("select coalesce(string_agg(body::text, ''), '') from matching.event"))
        ).scalar_one()
    written = "\n".join([logged, caplog.text, *capsys.readouterr()])
    assert "Zzyx" not in written
