"""Builds the availability service; the only module that knows all the others."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

from fastapi import FastAPI

from services.availability.api import (
    acts,
    administration,
    bookings,
    calendar,
    directory,
    exports,
    free,
    memberships,
    own_patients,
    slots,
)
from services.availability.app.at_once import MachineHands
from services.availability.interop.agendas import api as agendas
from services.availability.interop.agendas.following import following_agendas
from services.availability.interop.bulk.api import Publisher, bulk_routes
from services.availability.interop.bulk.settings import BulkSettings
from services.availability.interop.editors import api as foreign
from services.availability.interop.editors.following import following_editors
from services.availability.interop.ihe.api import build_booking
from services.availability.interop.sas import waiting as returns
from services.availability.interop.sas.api import build_fhir
from services.availability.interop.sas.returns import telling_the_sas
from services.availability.interop.sas.settings import SasSettings
from services.availability.live import view
from services.availability.reads import read_state
from services.availability.reads.measures import measure
from services.availability.sweeper import sweeping
from services.availability.tables import OUTBOX
from services.people import signin
from services.people.access_api import routes as access
from services.people.notices.api import routes as notifications
from services.people.notices.mail import MailSettings
from services.people.notices.sender import sending_notices
from shared.http import answer_problems
from shared.http.doors import describe
from shared.http.parts import give_parts
from shared.live.api import live_routes
from shared.live.push import Hub
from shared.settings import Settings
from shared.web.health import routes as health
from shared.web.metrics import Measures
from shared.web.metrics import routes as metrics
from shared.wiring import serving, wire


def build(settings: Settings, *, sweeps: bool = True) -> FastAPI:
    """The service, as an application; nothing is opened before it is started. One process at least must sweep."""
    wiring = wire("availability", settings)
    sas, mail, bulk = SasSettings(), MailSettings(), BulkSettings()
    hub = Hub(
        outbox=OUTBOX,
        bell=wiring.bell,
        open_session=wiring.open_session,
        direct=wiring.direct,
        background=wiring.background,
        view=view,
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with (
            serving(wiring),
            hub.running(),
            sweeping(wiring) if sweeps else nullcontext(),
            telling_the_sas(wiring, sas) if sweeps else nullcontext(),
            following_agendas(wiring) if sweeps else nullcontext(),
            sending_notices(wiring, mail) if sweeps else nullcontext(),
            following_editors(wiring, sas.editors) if sweeps else nullcontext(),
        ):
            yield

    app = FastAPI(title="Aiguillage: availability", lifespan=lifespan, **describe(settings))
    give_parts(app, wiring, hub, mail, free.KeptPlaces(), MachineHands(wiring.direct, wiring.vault))
    give_parts(app, Measures(lambda: hub.readers, (measure,)))
    answer_problems(app)
    # First, for they are asked most: whatever stands before them is tried for each of their requests.
    app.mount("/fhir", build_fhir(wiring, sas))
    app.mount("/booking", build_booking(wiring))
    for part in (
        bookings, slots, acts, agendas, own_patients, calendar, directory, memberships, exports, administration, free,
        foreign, returns,
    ):  # fmt: skip
        app.include_router(part.routes)
    app.include_router(notifications)
    app.include_router(access)
    app.include_router(health)
    app.include_router(metrics)
    app.include_router(signin.routes)
    app.include_router(live_routes(outbox=OUTBOX, read_state=read_state, view=view))
    if bulk.publish:
        app.include_router(bulk_routes(Publisher(wiring, bulk), settings.public_availability_url))

    return app
