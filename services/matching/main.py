"""Builds the matching service: the only module that knows all the others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from services.matching import live
from services.matching.api import (
    advice,
    attachment_imports,
    attachment_rounds,
    attachments,
    exports,
    foresight,
    lists,
    overbooking,
    parameters,
    places,
    requests,
    why,
)
from services.matching.api import hub as samu_hub
from services.matching.edges.attachment_calendar import keeping_calendar
from services.matching.edges.availability import Availability, client_for
from services.matching.edges.directory import Directory
from services.matching.edges.following import Territories
from services.matching.edges.foreign import ForeignSlots
from services.matching.edges.geocoder import Geocoder
from services.matching.edges.history import History
from services.matching.edges.hub_schemas import HubSchemas
from services.matching.edges.hub_settings import HubSettings
from services.matching.edges.panels import Panels
from services.matching.edges.places import CommuneIndex
from services.matching.edges.pricing import Pricing
from services.matching.edges.solver import Solver
from services.matching.edges.travel import Router
from services.matching.rounds import Rounds
from services.matching.store.requests import door
from services.matching.store.tables import OUTBOX
from shared.auth import admit_machine
from shared.health import routes as health
from shared.http import answer_problems
from shared.live import Hub
from shared.settings import Settings
from shared.wiring import serving, wire


def build(settings: Settings) -> FastAPI:
    """The service on these settings; nothing is opened before its lifespan begins."""
    wiring = wire("matching", settings)
    hub = Hub(
        outbox=OUTBOX,
        bell=wiring.bell,
        open_session=wiring.open_session,
        background=wiring.background,
        view=live.view,
    )
    client = client_for(settings)
    territories = Territories(client, wiring.background, lambda cpts_id: wiring.bell.ring(door(cpts_id)))
    bookings = Availability(client, lambda cpts_id: territories[cpts_id].items("slots"))
    router, geocoder = Router(settings.router_url, settings.router_kind), Geocoder(settings.geocoder_url)
    solver = Solver()
    rounds = Rounds(wiring, territories, bookings, solver, router)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with serving(wiring), client, hub.running(), AsyncExitStack() as started:
            async with wiring.open_session() as session:
                await admit_machine(session, "matching", settings.machine_token("matching"), ["*"])
            started.push_async_callback(router.aclose)
            started.push_async_callback(geocoder.aclose)
            await started.enter_async_context(solver.running())
            await started.enter_async_context(keeping_calendar(wiring))
            await started.enter_async_context(rounds.running())
            await started.enter_async_context(territories.running(rounds.start))
            yield

    app = FastAPI(title="Aiguillage — orientation", version="1", lifespan=lifespan)
    app.state.wiring, app.state.hub, app.state.communes = wiring, hub, CommuneIndex()
    app.state.territories, app.state.bookings, app.state.solver = territories, bookings, solver
    app.state.panels, app.state.history = Panels(client), History(client)
    app.state.foreign = ForeignSlots(client)
    app.state.directory = Directory(client)
    app.state.foresight_turn = asyncio.Lock()
    app.state.router, app.state.geocoder = router, geocoder
    app.state.pricing = Pricing(solver)

    hub_settings = HubSettings()
    app.state.hub_settings = hub_settings
    app.state.hub_schemas = HubSchemas(hub_settings.schemas) if hub_settings.schemas else None
    app.include_router(live.routes)
    app.include_router(health)
    app.include_router(samu_hub.routes)
    app.include_router(requests.routes)
    app.include_router(advice.routes)
    app.include_router(overbooking.routes)
    app.include_router(why.routes)
    app.include_router(lists.routes)
    app.include_router(parameters.routes)
    app.include_router(attachments.routes)
    app.include_router(attachment_rounds.routes)
    app.include_router(attachment_imports.routes)
    app.include_router(foresight.routes)
    app.include_router(places.routes)
    app.include_router(exports.routes)
    answer_problems(app)
    return app
