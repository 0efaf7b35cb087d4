"""`aiguillage sas`: the FHIR interface alone, behind mutual TLS, on a port of its own."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from services.availability.interop.sas.api import build_fhir
from services.availability.interop.sas.settings import SasSettings
from services.availability.interop.sas.tls import IncompleteTls, listener, server_context
from services.cli.up import first_of, until_told
from services.installation.starting import install
from shared.refusals import CannotStart
from shared.running.telemetry import configure_logging
from shared.wiring import running, wire


async def gate(data_dir: Path, *, host: str, port: int, say: Callable[[str], None]) -> None:
    """Answer the SAS until told to stop. The schemas must be up to date. CannotStart says which setting refuses."""
    configure_logging()
    sas = SasSettings()
    try:
        server_context(sas)
    except (IncompleteTls, OSError) as refused:
        raise CannotStart(f"TLS mutuel impossible : {refused}") from None
    async with (
        until_told() as told,
        install(data_dir, port=port, join=True, migrate=False) as here,
        running(wire("availability", here.settings)) as wiring,
    ):
        server = listener(build_fhir(wiring, sas), sas, host=host, port=port)
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
        answering = asyncio.create_task(server.serve(), name=f"sas {port}")
        say(f"Prêt pour le SAS : https://{host}:{port}, certificat client exigé. Ctrl-C pour arrêter.")
        await first_of(told, answering)
        server.should_exit = True
        await answering
