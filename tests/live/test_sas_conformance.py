"""The certification kit's practitioners, put by the command into an installation that runs."""

import asyncio
import json
import os
import sys
from pathlib import Path

import httpx

from shared.settings import Settings
from tests.fhir_kit import search
from tests.processes import running


async def test_the_command_seeds_a_running_installation_and_says_where_and_who(
    settings: Settings, tmp_path: Path
) -> None:
    environment = {
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "REDIS_URL": settings.redis_url.get_secret_value(),
        "AIGUILLAGE_DEMO": "1",
    }
    async with running("up", "--data-dir", str(tmp_path), environment=environment) as program:
        command = ["seed", "sas-conformance", "--json", "--port", str(program.port), "--data-dir", str(tmp_path)]
        seeding = await asyncio.create_subprocess_exec(
            *[sys.executable, "-m", "services", *command],
            env={**os.environ, **environment},
            stdout=asyncio.subprocess.PIPE,
        )
        printed, _ = await seeding.communicate()
        assert seeding.returncode == 0
        said = json.loads(printed)
        assert list(said) == ["base", "single", "places", "cpts_shared", "cpts_two"]
        assert said["base"] == f"{program.url}/availability/fhir"
        people = [said[use] for use in ("single", "places", "cpts_shared", "cpts_two")]
        async with httpx.AsyncClient(timeout=30) as sas:
            answer = await sas.get(said["base"] + search(people, cpts=True))
            assert answer.status_code == 200
            found = answer.json()
    slots = [entry["resource"] for entry in found["entry"] if entry["resource"]["resourceType"] == "Slot"]
    assert {label["code"] for slot in slots for label in slot["meta"]["security"]} == {"PUBLIC", "PRO", "SNP", "CPTS"}
    assert len({slot["start"][:10] for slot in slots}) >= 2
    assert {entry["resource"]["resourceType"] for entry in found["entry"]} >= {"HealthcareService", "Organization"}
