"""`aiguillage hub`: the line to the SAMU hub, a process of its own. Several may run: they share the work."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from services.cli.up import first_of, until_told
from services.installation.starting import install
from services.matching.hub import messages
from services.matching.hub.directory import HubDirectory
from services.matching.hub.intake import HubDesk
from services.matching.hub.messages import Outgoing
from services.matching.hub.schemas import HubSchemas
from services.matching.hub.settings import HubSettings
from services.matching.hub.transport import HubLine
from services.matching.sameday.edges.availability import client_for
from shared.auth import Caller, Role
from shared.refusals import CannotStart
from shared.running.telemetry import configure_logging
from shared.wiring import Wiring, serving, wire


def line_of(wiring: Wiring, settings: HubSettings, directory: HubDirectory) -> HubLine:
    """The line that the settings describe; `directory` names who gives what. CannotStart says which one refuses."""
    if missing := settings.missing():
        raise CannotStart(f"Réglages à donner pour le Hub Santé : {', '.join(missing)} (docs/connect.md).")
    try:
        schemas = HubSchemas(settings.schemas or Path())
        line = HubLine(
            wiring, HubDesk(machine(settings.cpts), settings.cpts, wiring.vault, schemas), settings, directory
        )
    except (OSError, ValueError) as refused:
        raise CannotStart(f"Hub Santé impossible : {refused}") from None
    now = wiring.clock.now()
    body = messages.appointment("1", "booked", starts_at=now, created_at=now, regulator=settings.regulator, first=True)
    sample = messages.envelope(
        Outgoing(settings.sender, "Report", {messages.APPOINTMENT: body}), us=settings.sender, now=now
    )
    if faults := schemas.faults(sample, messages.read_received(sample)):
        raise CannotStart(f"Ces réglages font des messages que le hub refuse : {'; '.join(faults)}.")
    return line


def machine(cpts_id: str) -> Caller:
    """Who the line acts as."""
    return Caller(id="machine:hub", role=Role.MACHINE, cpts=frozenset({cpts_id}))


async def hold(data_dir: Path, *, say: Callable[[str], None]) -> None:
    """Hold the line until told to stop. The schemas of the base must be up to date."""
    configure_logging()
    settings = HubSettings()
    async with (
        until_told() as told,
        install(data_dir, join=True, migrate=False) as here,
        serving(wire("matching", here.settings)) as wiring,
        client_for(here.settings) as client,
    ):
        holding = asyncio.create_task(line_of(wiring, settings, HubDirectory(client)).hold(), name="hub line")
        say(f"Ligne du Hub Santé : {settings.host}:{settings.port}, file {settings.own_queue}. Ctrl-C pour arrêter.")
        await first_of(told, holding)
        holding.cancel()
        await asyncio.wait({holding})
        if not holding.cancelled():
            holding.result()
