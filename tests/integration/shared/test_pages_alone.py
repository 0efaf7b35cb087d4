"""The pages served by themselves, as behind a proxy that shows the services beside them."""

import httpx

from services.installation.pages import build
from shared.settings import Settings
from tests.serving import serving


async def test_the_pages_answer_without_the_services_beside_them(settings: Settings) -> None:
    async with serving(build(settings)) as url, httpx.AsyncClient(base_url=url, timeout=20) as client:
        assert (await client.get("/health")).json() == {"status": "ok"}
        assert "<main" in (await client.get("/connexion")).text
        assert (await client.get("/tension")).headers["location"] == "/connexion?suite=%2Ftension"
        assert (await client.get("/static/matching/board/tension.js")).status_code == httpx.codes.OK
