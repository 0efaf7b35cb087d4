"""All services in one process on one port: `/availability`, `/matching`, `/coordination`.

Each has its own role and lifespan. Their pages stand at the root of the same origin.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.middleware.gzip import GZipMiddleware

from services.availability import main as availability
from services.coordination import main as coordination
from services.installation.pages import mount_pages
from services.matching import main as matching
from shared.http.parts import read_parts
from shared.settings import Settings
from shared.web.health import fitness
from shared.web.site import API
from shared.wiring import Wiring


def build(settings: Settings) -> FastAPI:
    """The application that `aiguillage up` serves."""
    services = {
        "availability": availability.build(settings),
        "matching": matching.build(settings),
        "coordination": coordination.build(settings),
    }
    wirings = {name: read_parts(service)[Wiring] for name, service in services.items()}

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for service in services.values():
                await stack.enter_async_context(service.router.lifespan_context(service))
            await stack.enter_async_context(provider.http)
            yield

    app = FastAPI(title="Aiguillage", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)

    # A territory's snapshot is most of what a page weighs: JSON shrinks ten times.
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=4)

    @app.get("/health")
    async def health(request: Request, *, steps: bool = False) -> JSONResponse:
        """Whether all services are fit; `/availability/health` and the like speak for each."""
        return await fitness(request, list(wirings.values()), steps=steps)

    for name, service in services.items():
        app.mount(API[name], service)
    provider = mount_pages(app, wirings)
    return app
