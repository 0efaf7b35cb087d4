"""What a territory may add: a server of map tiles, and one of addresses. Both stand on this machine here."""

import base64

from fastapi import FastAPI, Response
from playwright.async_api import Browser, expect

from shared.auth import Role
from shared.settings import Settings
from tests.e2e.browser import screen
from tests.e2e.people import options
from tests.e2e.town import town
from tests.serving import serving

STREET = "12 rue de l'Essai 48000 Mende"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def maps(tiles: list[str]) -> FastAPI:
    """Tiles, and addresses as the national service answers them."""
    app = FastAPI()

    @app.get("/tiles/{zoom}/{x}/{y}.png")
    async def tile(zoom: int, x: int, y: int) -> Response:
        tiles.append(f"{zoom}/{x}/{y}")
        return Response(PIXEL, media_type="image/png")

    @app.get("/search")
    async def search(q: str) -> dict[str, object]:
        where = {"type": "Point", "coordinates": [3.4997, 44.5186]}
        found = {"type": "Feature", "geometry": where, "properties": {"label": STREET, "citycode": "48095"}}
        return {"type": "FeatureCollection", "features": [found] if q.startswith("12 rue") else []}

    return app


async def test_tiles_and_addresses_come_from_the_servers_that_were_set_and_no_other(
    browser: Browser, settings: Settings
) -> None:
    tiles: list[str] = []
    async with serving(maps(tiles)) as away:
        there = {
            "tile_url": f"{away}/tiles/{{z}}/{{x}}/{{y}}.png",
            "tile_credit": "Essai",
            "geocoder_url": f"{away}/search",
        }
        async with town(settings.model_copy(update=there)) as here:
            await here.publish(0, in_minutes=60)
            token = await here.token(Role.PHARMACIST)
            async with screen(browser, here.url, "/orienter", token) as pharmacy:
                page = pharmacy.page
                refused = await page.evaluate(
                    """() => new Promise((resolve) => {
                      addEventListener("securitypolicyviolation", (event) => resolve(event.violatedDirective));
                      new Image().src = "http://127.0.0.1:9/elsewhere.png";
                    })"""
                )
                assert refused == "img-src"
                await page.get_by_label("Où est le patient ?").focus()
                await page.keyboard.type("12 rue de l'es")
                await expect(page.get_by_role("option", name=STREET)).to_be_visible()
                await page.keyboard.press("Enter")
                await expect(page.get_by_label("Où est le patient ?")).to_have_value(STREET)
                await page.keyboard.type("renouv")
                await expect(page.get_by_role("option", name="Renouvellement")).to_be_visible()
                await page.keyboard.press("Enter")
                await options(page, 1)
                drawn = page.locator("#map img.leaflet-tile-loaded").first
                await expect(drawn).to_be_visible()
                assert tiles
                await expect(page.locator("#map")).to_contain_text("Essai")
                await page.keyboard.press("1")
                await expect(page.get_by_role("button", name="Confirmer")).to_be_focused()
                assert [each for each in pharmacy.faults if "elsewhere.png" in each]
                pharmacy.faults[:] = [each for each in pharmacy.faults if "elsewhere.png" not in each]
