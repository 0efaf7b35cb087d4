"""The pages of both services and the sign-in, without their APIs: what `aiguillage serve pages` answers.

On servers a proxy shows the three as one origin: `/availability` and `/matching` are the services, the rest is here.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from services.availability.app.standing import memberships, regulator_account
from services.availability.web.pages import PART as AVAILABILITY_PAGES
from services.coordination.web.pages import PART as COORDINATION_PAGES
from services.matching.web.kept import KeptFigures
from services.matching.web.pages import PART as MATCHING_PAGES
from services.people.notices.mail import MailSettings
from services.people.psc.api import build_psc
from services.people.psc.provider import KnownProvider
from services.people.psc.settings import PscSettings
from services.people.psc.ways import Standing
from shared.http.parts import give_parts
from shared.settings import Settings
from shared.web.health import routes as health
from shared.web.site import site
from shared.wiring import Wiring, running, wire

STANDING = Standing(regulator=regulator_account, memberships=memberships)


def mount_pages(app: FastAPI, wirings: Mapping[str, Wiring]) -> KnownProvider:
    """Put the pages at the root of `app`, after whatever is mounted there, and Pro Santé Connect's way in.

    Returns the provider of the latter: it is to be opened while `app` runs.
    """
    provider = KnownProvider(PscSettings())
    app.mount("/psc", build_psc(wirings["availability"], provider, STANDING))
    pages = site(
        wirings, [AVAILABILITY_PAGES, MATCHING_PAGES, COORDINATION_PAGES], national_sign_in=provider.configured
    )
    give_parts(pages, MailSettings(), KeptFigures())
    app.mount("/", pages)
    return provider


def build(settings: Settings) -> FastAPI:
    """The pages alone, on connections of their own."""
    wirings = {name: wire(name, settings) for name in ("availability", "matching", "coordination")}

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for wiring in wirings.values():
                await stack.enter_async_context(running(wiring))
                await wiring.read_clock()
            await stack.enter_async_context(provider.http)
            yield

    app = FastAPI(title="Aiguillage : pages", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    give_parts(app, wirings["availability"])
    app.include_router(health)
    provider = mount_pages(app, wirings)
    return app
