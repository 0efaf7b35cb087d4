"""Builds the matching service: the only module that knows all the others."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from services.matching import live
from services.matching.doctors.api import by_link as doctor_links
from services.matching.doctors.api import duplicates
from services.matching.doctors.api import imports as attachment_imports
from services.matching.doctors.api import register as attachments
from services.matching.doctors.api import rounds as attachment_rounds
from services.matching.doctors.edges.calendar import keeping_calendar
from services.matching.doctors.edges.panels import Panels
from services.matching.exports import api as exports
from services.matching.hub import api as samu_hub
from services.matching.hub.directory import HubDirectory
from services.matching.hub.settings import HubSettings
from services.matching.hub.store.mail import forget_mail
from services.matching.lab.api import foresight, sheet
from services.matching.lab.api import worth as places
from services.matching.lab.history import SlotHistory
from services.matching.measures import measure
from services.matching.motives import api as motives
from services.matching.patients import api as patients
from services.matching.patients.gateway import SmsSettings
from services.matching.patients.sending import telling_patients
from services.matching.patients.where import Meetings
from services.matching.sameday.api import advice, coming, lists, overbooking, parameters, requests, running, why
from services.matching.sameday.edges.availability import Availability, client_for
from services.matching.sameday.edges.following import Territories
from services.matching.sameday.edges.foreign import ForeignSlots
from services.matching.sameday.edges.geocoder import Geocoder
from services.matching.sameday.edges.keeping import Keeping
from services.matching.sameday.edges.places import CommuneIndex
from services.matching.sameday.edges.pricing import Pricing
from services.matching.sameday.edges.solver import Solver
from services.matching.sameday.edges.travel import Router
from services.matching.sameday.round import OneRound
from services.matching.sameday.rounds import Rounds
from services.matching.sameday.store.requests import door
from services.matching.sameday.store.tables import OUTBOX
from services.people import signin
from services.people.notices.mail import MailSettings
from shared.auth import admit_machine
from shared.http import answer_problems
from shared.http.doors import describe
from shared.http.parts import give_parts
from shared.live.push import Hub
from shared.settings import Settings
from shared.web.health import routes as health
from shared.web.metrics import Measures
from shared.web.metrics import routes as metrics
from shared.wiring import serving, wire


def build(settings: Settings, *, runs_rounds: bool = True) -> FastAPI:
    """The service on these settings; nothing is opened before its lifespan begins. One process at least runs rounds."""
    wiring = wire("matching", settings)
    hub = Hub(
        outbox=OUTBOX,
        bell=wiring.bell,
        open_session=wiring.open_session,
        direct=wiring.direct,
        background=wiring.background,
        view=live.view,
    )
    client = client_for(settings)
    territories = Territories(client, wiring.background, lambda cpts_id: wiring.bell.ring_here(door(cpts_id)))
    bookings = Availability(client, lambda cpts_id: territories[cpts_id].items("slots"))
    router, geocoder = Router(settings.router_url, settings.router_kind), Geocoder(settings.geocoder_url)
    solver, sms, mail = Solver(), SmsSettings(), MailSettings()
    keeping = Keeping(wiring, territories, client)
    rounds = Rounds(wiring, OneRound(wiring, territories, bookings, solver, router, forget_too=[forget_mail]))
    hub.on_moved.append(rounds.catch_up)

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
            follow = territories.running(rounds.start if runs_rounds else lambda _cpts_id: None)
            await started.enter_async_context(follow)
            if runs_rounds:
                await started.enter_async_context(wiring.background.keeping("keeping", keeping.run))
                await started.enter_async_context(telling_patients(wiring, sms, mail))
            yield

    app = FastAPI(title="Aiguillage — orientation", version="1", lifespan=lifespan, **describe(settings))
    give_parts(app, wiring, hub, territories, bookings, router, geocoder, solver, sms, mail, Pricing(solver))
    give_parts(app, CommuneIndex(), Panels(client), SlotHistory(client), ForeignSlots(client), Meetings(client))
    give_parts(app, samu_hub.open_hub_door(HubSettings()), HubDirectory(client))
    give_parts(app, foresight.ForesightTurn(), foresight.KeptTomorrow())
    give_parts(app, Measures(lambda: hub.readers, measure(territories)))
    app.include_router(signin.routes)
    app.include_router(live.routes)
    app.include_router(health)
    app.include_router(metrics)
    app.include_router(samu_hub.routes)
    app.include_router(coming.routes)
    app.include_router(running.routes)
    app.include_router(requests.routes)
    app.include_router(advice.routes)
    app.include_router(overbooking.routes)
    app.include_router(why.routes)
    app.include_router(lists.routes)
    app.include_router(patients.routes)
    app.include_router(motives.routes)
    app.include_router(parameters.routes)
    app.include_router(doctor_links.routes)
    app.include_router(duplicates.routes)
    app.include_router(attachments.routes)
    app.include_router(attachment_rounds.routes)
    app.include_router(attachment_imports.routes)
    app.include_router(foresight.routes)
    app.include_router(places.routes)
    app.include_router(sheet.routes)
    app.include_router(exports.routes)
    answer_problems(app)
    return app
