"""Both services in one process on one port: `/availability` and `/matching`, each with its own role and lifespan."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from services.availability import main as availability
from services.matching import main as matching
from shared.settings import Settings


def build(settings: Settings) -> FastAPI:
    """The application that `aiguillage up` serves."""
    mounted = {"/availability": availability.build(settings), "/matching": matching.build(settings)}

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for service in mounted.values():
                await stack.enter_async_context(service.router.lifespan_context(service))
            yield

    app = FastAPI(title="Aiguillage", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/health")
    async def health() -> dict[str, str]:
        """Alive; each service says more at `/availability/health` and `/matching/health`."""
        return {"status": "ok"}

    for path, service in mounted.items():
        app.mount(path, service)
    return app
