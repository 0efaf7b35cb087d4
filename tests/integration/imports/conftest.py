"""A CPTS that reads a directory behind a real socket."""

from collections.abc import AsyncIterator

import pytest

from services.availability import orders
from services.availability.app.directory import put_cpts
from shared.db.tables import CommuneRow
from shared.settings import Settings
from shared.wiring import running, wire
from tests.annuaire_server import Directory, organization, practitioner, role
from tests.builders import MORNING, owner, show
from tests.integration.imports.annuaire_desk import CPTS, Desk
from tests.serving import serving


@pytest.fixture
async def desk(settings: Settings) -> AsyncIterator[Desk]:
    await show(settings, MORNING)
    async with owner(settings) as session:
        for insee in ("13214", "13215"):
            session.add(
                CommuneRow(
                    insee=insee, name="Essai", departement="13", postal_codes=["13014"], former_names=[],
                    lat=43.35, lon=5.39, population=1000,
                )
            )  # fmt: skip
        await put_cpts(session, CPTS, orders.Cpts(name="CPTS d'essai", size=1, communes=["13214", "13215"]))
    directory = Directory(page=3)
    directory.put(*(organization(each) for each in (1, 2)), organization(3, insee="13201"))
    directory.put(*(practitioner(each) for each in range(1, 8)))
    directory.put(*(role(each, 1 + each % 2) for each in range(1, 7)), role(1, 1), role(7, 3))
    async with serving(directory.app()) as url, running(wire("availability", settings)) as wiring:
        yield Desk(wiring, directory, url)
