"""Builds the coordination service: the only module that knows all the others."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from services.coordination.api import contract, dossiers, exports, figures, tension
from services.coordination.following import Following, clients_for
from services.coordination.reads import KeptFacts
from services.coordination.watching import Watching
from shared.auth import admit_machine
from shared.http import answer_problems
from shared.http.doors import describe
from shared.http.parts import give_parts
from shared.settings import Settings
from shared.web.health import routes as health
from shared.wiring import serving, wire


def build(settings: Settings) -> FastAPI:
    """The service on these settings; nothing is opened before its lifespan begins."""
    wiring = wire("coordination", settings)
    clients = clients_for(settings)
    following = Following(wiring, clients)
    watching = Watching(wiring, following)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with serving(wiring), AsyncExitStack() as started:
            for client in clients.values():
                await started.enter_async_context(client)
            async with wiring.open_session() as session:
                await admit_machine(session, "coordination", settings.machine_token("coordination"), ["*"])
            await started.enter_async_context(following.running())
            await started.enter_async_context(wiring.background.keeping("levels", watching.run))
            yield

    app = FastAPI(title="Aiguillage — coordination", version="1", lifespan=lifespan, **describe(settings))
    give_parts(app, wiring, KeptFacts())
    app.include_router(health)
    app.include_router(figures.routes)
    app.include_router(contract.routes)
    app.include_router(dossiers.routes)
    app.include_router(exports.routes)
    app.include_router(tension.routes)
    answer_problems(app)
    return app
