"""`aiguillage seed`: invented practitioners and slots, in a running installation."""

import json
from collections.abc import Callable
from pathlib import Path

from services.availability.interop.sas.seed import seed_conformance
from services.availability.interop.sas.settings import SasSettings
from services.installation.starting import install
from shared.wiring import running, wire


async def sas_conformance(data_dir: Path, *, port: int, as_json: bool, say: Callable[[str], None]) -> None:
    """Put in what the SAS's certification kit asks for, and say where and who."""
    async with (
        install(data_dir, port=port, join=True) as here,
        running(wire("availability", here.settings)) as wiring,
    ):
        seeded = await seed_conformance(wiring, SasSettings())
    if as_json:
        say(json.dumps(seeded))
        return
    say("\n".join(f"{name:12} {value}" for name, value in seeded.items()))
