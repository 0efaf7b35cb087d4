"""A certified OpenID provider on Node, our pages, and a browser between them."""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from services.availability.web.pages import PART
from services.installation.pages import STANDING
from services.matching.web.pages import PART as MATCHING
from services.people.psc.api import build_psc
from services.people.psc.provider import KnownProvider
from services.people.psc.settings import PscSettings
from shared.settings import Settings
from shared.web.site import site
from shared.wiring import Wiring, running, wire
from tests.processes import free_port

FOLDER = Path(__file__).parents[2] / "oidc"
SECRET = "a client secret that only the tests know"
PUBLIC = "http://127.0.0.1:8000"


def activity(structure: str, profession: str = "10") -> dict[str, Any]:
    return {"codeProfession": profession, "activities": [{"raisonSocialeSite": structure, "numeroFinessSite": ""}]}


def professional(national_id: str, *practices: dict[str, Any]) -> dict[str, Any]:
    return {
        "SubjectNameID": national_id,
        "preferred_username": national_id,
        "family_name": "ESSAI",
        "given_name": "Fictive",
        "SubjectRefPro": {"exercices": list(practices)},
    }


PEOPLE = {
    "regulator": professional("3456780581/11242343"),
    "doctor": professional("899001000000", activity("Cabinet fictif")),
    "both": professional("899001000001", activity("Cabinet fictif"), activity("Pharmacie fictive", "21")),
    "stranger": professional("899999999999", activity("Cabinet inconnu")),
    "nobody": {"family_name": "ESSAI"},
}


@dataclass(frozen=True, slots=True)
class Psc:
    """The provider."""

    url: str

    async def sign_in_next(self, who: str, acr: str = "eidas1") -> None:
        """Who the provider signs in from now on, and at which level."""
        async with httpx.AsyncClient(timeout=30) as client:
            await client.get(f"{self.url}/next", params={"who": who, "acr": acr})


@pytest.fixture(scope="session")
async def psc() -> AsyncIterator[Psc]:
    """The provider, in a process of its own."""
    npm, node = shutil.which("npm"), shutil.which("node")
    assert npm
    assert node
    if not (FOLDER / "node_modules").is_dir():
        subprocess.run([npm, "ci", "--no-audit", "--no-fund", "--silent"], cwd=FOLDER, check=True, timeout=300)
    port = free_port()
    environment = {
        **os.environ,
        "PORT": str(port),
        "SECRET": SECRET,
        "REDIRECT": f"{PUBLIC}/psc/retour",
        "BACK_TO": f"{PUBLIC}/connexion",
        "PEOPLE": json.dumps(PEOPLE),
    }
    process = await asyncio.create_subprocess_exec(
        node,
        "provider.mjs",
        cwd=FOLDER,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout
    async with asyncio.timeout(60):
        assert await process.stdout.readline() == b"ready\n"
    yield Psc(f"http://127.0.0.1:{port}")
    process.terminate()
    await process.wait()


@dataclass(slots=True)
class Door:
    """Our pages before the provider."""

    app: FastAPI
    wiring: Wiring
    psc: Psc

    @asynccontextmanager
    async def browser(self, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
        """Follows redirections between our pages and the provider, and keeps cookies."""
        ours = {PUBLIC: httpx.ASGITransport(app=self.app)}
        async with httpx.AsyncClient(mounts=ours, base_url=PUBLIC, follow_redirects=True, **options) as client:
            yield client


@pytest.fixture
async def door(settings: Settings, psc: Psc) -> AsyncIterator[Door]:
    card = PscSettings(
        discovery_url=f"{psc.url}/.well-known/openid-configuration",
        client_id="aiguillage",
        client_secret=SecretStr(SECRET),
    )
    async with running(wire("availability", settings)) as wiring, running(wire("matching", settings)) as matching:
        provider = KnownProvider(card)
        async with provider.http:
            app = FastAPI()
            app.mount("/psc", build_psc(wiring, provider, STANDING))
            app.mount(
                "/", site({"availability": wiring, "matching": matching}, [PART, MATCHING], national_sign_in=True)
            )
            yield Door(app, wiring, psc)
