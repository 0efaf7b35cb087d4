"""The smallest service that has a live stream: `POST /things/{key}` changes one thing and tells it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.people import signin
from shared.auth import Caller, admit_machine
from shared.contracts.events import Event, State, apply
from shared.db import database_now, engine_for, opener, run, schema_metadata
from shared.db.direct import Direct
from shared.db.doorbell import Doorbell
from shared.db.reader import Reader
from shared.http import CallerDep, OnceDep, SessionDep, answer_problems
from shared.http.parts import give_parts
from shared.live.api import live_routes
from shared.live.push import Hub
from shared.live.store import Outbox
from shared.patients.vault import Vault
from shared.refusals import Refusal
from shared.settings import Settings
from shared.wiring import Wiring, serving

METADATA = schema_metadata("probe")
OUTBOX = Outbox(METADATA)
CPTS = "990000001"
TOKEN = "a machine of the tests"


def view(_caller: Caller, _collection: str, value: dict[str, Any]) -> dict[str, Any] | None:
    """Things marked secret are nobody's to see."""
    return None if value.get("secret") else value


COUNT = """
insert into probe.counter values (:key, :amount)
on conflict (key) do update set amount = counter.amount + excluded.amount returning amount
"""
LIMIT = 100


class Amount(BaseModel):
    """How much to add, or how much there is."""

    amount: int = Field(ge=1)


class TooMuch(Refusal):
    """C'est trop."""

    code = "too_much"


async def read_state(session: AsyncSession, cpts_id: str) -> State:
    """All the things: every event ever, applied."""
    state: State = {"things": {}}
    for entry in await OUTBOX.after(session, cpts_id, 0, limit=100_000):
        apply(state, entry.event)
    return state


async def prepare(settings: Settings) -> None:
    """The probe's schema, and a machine that may call it."""
    engine = engine_for(settings.database_url.get_secret_value(), name="probe")
    async with engine.begin() as connection:
        await connection.execute(text("create schema if not exists probe"))
        await connection.run_sync(METADATA.create_all)
        await connection.execute(text("create table if not exists probe.counter (key text primary key, amount int)"))
    async with AsyncSession(engine) as session, session.begin():
        await admit_machine(session, "probe", TOKEN, ["*"])
    await engine.dispose()


def build(settings: Settings) -> FastAPI:
    """The probe service, as its owner: row-level security has tests of its own."""
    engine = engine_for(settings.database_url.get_secret_value(), name="probe")
    bell = Doorbell(settings.redis_url.get_secret_value(), prefix=f"probe-{engine.url.database}")
    open_session = opener(engine, bell)
    reader = Reader(settings.database_url.get_secret_value(), name="probe")
    direct = Direct(settings.database_url.get_secret_value(), engine, bell, name="probe")
    wiring = Wiring("probe", settings, engine, reader, direct, bell, open_session, Vault(settings.vault_keys()))
    hub = Hub(
        outbox=OUTBOX, bell=bell, open_session=open_session, direct=direct, background=wiring.background, view=view
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with serving(wiring), hub.running():
            yield

    app = FastAPI(lifespan=lifespan)
    give_parts(app, wiring, hub)
    answer_problems(app)
    app.include_router(signin.routes)
    app.include_router(live_routes(outbox=OUTBOX, read_state=read_state, view=view))

    @app.post("/things/{key}", status_code=204)
    async def change(key: str, value: dict[str, Any], caller: CallerDep, session: SessionDep) -> None:
        at = await database_now(session)
        event = Event(type="thing_changed.v1", at=at, collection="things", id=key, value=value)
        await OUTBOX.append(session, [CPTS], event)

    @app.post("/counted/{key}", status_code=201)
    async def count(key: str, value: Amount, once: OnceDep, session: SessionDep) -> JSONResponse:
        async def use_case() -> Amount:
            stored = (await run(session, text(COUNT), key=key, amount=value.amount)).scalar_one()
            if stored > LIMIT:
                raise TooMuch(field="amount", value=stored, rule=f"at most {LIMIT}")
            return Amount(amount=stored)

        return await once(use_case)

    return app
