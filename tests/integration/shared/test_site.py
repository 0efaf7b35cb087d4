"""What surrounds every page: security headers, cookies, escaping, files from our own origin only."""

import hashlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from shared.settings import Settings
from shared.web.entrance import own_path
from shared.web.site import site
from shared.wiring import wire
from tests.conftest import settings_for

WEB = Path(__file__).parents[3] / "shared" / "web"
SERVICES = Path(__file__).parents[3] / "services"
HERE = "https://cpts.example.test"


def settings_of(*, demo: bool = True, **more: object) -> Settings:
    secret = {} if demo else {"secret_key": "a secret of these tests, long enough"}
    own = {"demo": demo, "public_url": HERE, **secret, **more}
    return settings_for("postgresql+asyncpg://nobody@localhost/none", "redis://localhost:1", **own)


def client_of(settings: Settings) -> httpx.AsyncClient:
    app = site({"availability": wire("availability", settings)}, [])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HERE)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(settings_of()) as asking:
        yield asking


def rules(answer: httpx.Response) -> dict[str, list[str]]:
    parts = answer.headers["content-security-policy"].split("; ")
    return {name: sources for name, *sources in (part.split(" ") for part in parts)}


@pytest.mark.parametrize("path", ["/connexion", "/static/style.css", "/nowhere"])
async def test_only_our_own_files_may_run_or_load(client: httpx.AsyncClient, path: str) -> None:
    policy = rules(await client.get(path))
    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == ["'self'"]
    assert policy["style-src"] == ["'self'"]
    assert policy["connect-src"] == ["'self'"]
    assert policy["frame-ancestors"] == ["'none'"]
    assert policy["base-uri"] == ["'none'"]


async def test_map_tiles_are_the_only_images_from_elsewhere() -> None:
    async with client_of(settings_of(tile_url="https://{s}.tiles.example.test/{z}/{x}/{y}.png")) as client:
        assert rules(await client.get("/connexion"))["img-src"] == ["'self'", "data:", "https://*.tiles.example.test"]


async def test_files_are_not_guessed_framed_or_kept(client: httpx.AsyncClient) -> None:
    headers = (await client.get("/connexion")).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in headers


async def test_in_service_the_site_is_never_asked_for_over_plain_http() -> None:
    async with client_of(settings_of(demo=False)) as client:
        assert "max-age=31536000" in (await client.get("/connexion")).headers["strict-transport-security"]


@pytest.mark.parametrize(("demo", "secure"), [(True, False), (False, True)])
async def test_cookies_are_out_of_reach_of_scripts_and_of_plain_http(demo: bool, secure: bool) -> None:
    async with client_of(settings_of(demo=demo)) as client:
        cookie = (await client.get("/langue/en?suite=/connexion")).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert ("secure" in cookie) is secure


async def test_what_an_address_holds_is_escaped(client: httpx.AsyncClient) -> None:
    page = (await client.get("/connexion", params={"suite": '/x"><script>alert(1)</script>'})).text
    assert "<script>alert" not in page
    assert "&#34;&gt;&lt;script&gt;" in page


@pytest.mark.parametrize(
    "elsewhere", ["https://elsewhere.test/", "//elsewhere.test", "/\\elsewhere.test", "javascript:x"]
)
async def test_signing_in_never_leads_elsewhere(client: httpx.AsyncClient, elsewhere: str) -> None:
    assert 'data-onward="/"' in (await client.get("/connexion", params={"suite": elsewhere})).text


async def test_who_is_not_signed_in_is_led_to_the_door_and_back(client: httpx.AsyncClient) -> None:
    answer = await client.get("/?x=1")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/connexion?suite=%2F%3Fx%3D1"


async def test_a_missing_page_says_so_in_words(client: httpx.AsyncClient) -> None:
    answer = await client.get("/nowhere")
    assert answer.status_code == 404
    assert "Cette page n&#39;existe pas" in answer.text


async def test_the_page_is_in_the_language_chosen(client: httpx.AsyncClient) -> None:
    client.cookies.set("aiguillage_language", "en")
    page = (await client.get("/connexion")).text
    assert '<html lang="en">' in page
    assert "Six-digit code" in page


async def test_unchanged_files_cost_an_empty_answer(client: httpx.AsyncClient) -> None:
    first = await client.get("/static/live.js")
    assert first.headers["cache-control"] == "no-cache"
    again = await client.get("/static/live.js", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


def test_vendored_files_are_the_published_ones() -> None:
    vendor = WEB / "static" / "vendor"
    sums = dict(
        reversed(line) for line in re.findall(r"^([0-9a-f]{64})  (\S+)$", (vendor / "README").read_text(), re.M)
    )
    files = {str(path.relative_to(vendor)) for path in vendor.rglob("*") if path.is_file()} - {"README"}
    assert sums.keys() == files
    for name, expected in sums.items():
        assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() == expected


def own_files(suffix: str) -> list[Path]:
    found = [path for root in (WEB, SERVICES) for path in root.rglob(f"*{suffix}")]
    return [path for path in found if "vendor" not in path.parts]


@pytest.mark.parametrize("path", own_files(".html"), ids=lambda path: path.name)
def test_templates_hold_no_inline_script_or_style(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text)
    for script in re.findall(r"<script[^>]*>", text):
        assert 'type="application/json"' in script or 'src="/static/' in script


@pytest.mark.parametrize("path", own_files(".js"), ids=lambda path: path.name)
def test_scripts_never_make_markup_from_text(path: Path) -> None:
    assert not re.search(
        r"\.innerHTML\s*=|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", path.read_text()
    )


@pytest.mark.parametrize(
    "path",
    [
        "//evil.invalid", "/\\evil.invalid", "/\t/evil.invalid", "/\n/evil.invalid", "\t//evil.invalid",
        "///evil.invalid", "https://evil.invalid", "javascript:alert(1)", "/\x00/evil.invalid", "/ /evil.invalid",
        "evil.invalid", "", "/[", "/\\\\evil",
    ],
)  # fmt: skip
def test_nobody_is_sent_to_another_site_after_signing_in(path: str) -> None:
    assert own_path(path) in ("/", "/[")


@pytest.mark.parametrize("path", ["/creneaux", "/orienter?praticien=1&origin=sas", "/tension#demain", "/"])
def test_a_path_of_ours_is_kept(path: str) -> None:
    assert own_path(path) == path
