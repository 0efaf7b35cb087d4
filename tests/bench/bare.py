"""The least that could be done: one round trip to PostgreSQL behind a bare FastAPI endpoint.

`python -m tests.bench.bare PORT`, with the connection's options as JSON on standard input. The functions below take the
place, write the booking, its history and its event with its number, and answer the view: the guarantee that the service
gives, without roles, row-level security, several CPTS, notices, ledgers, sealed patients, idempotency or telemetry.
"""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import uvicorn
from fastapi import FastAPI
from fastapi.responses import Response
from pydantic import BaseModel

FUNCTIONS = """
create schema bare;
create table bare.slot (
  id uuid primary key, cpts_id text not null, starts_at timestamptz not null, capacity int not null default 1,
  taken int not null default 0 check (taken <= capacity), version int not null default 1);
create table bare.booking (
  id uuid primary key default gen_random_uuid(), slot_id uuid not null references bare.slot, request_id text not null,
  state text not null, held_until timestamptz, patient bytea);
create unique index on bare.booking (slot_id, request_id) where state in ('held', 'confirmed');
create table bare.booking_change (
  id bigint generated always as identity primary key, booking_id uuid not null references bare.booking,
  at timestamptz not null default now(), state text not null);
create table bare.head (cpts_id text primary key, seq bigint not null default 0);
create table bare.event (
  cpts_id text, seq bigint, at timestamptz not null default now(), body jsonb not null, primary key (cpts_id, seq));
insert into bare.head values ('990000001', 0);

create function bare.tell(kind text, s bare.slot) returns void language sql as $$
  with turn as (update bare.head set seq = seq + 1 where cpts_id = s.cpts_id returning seq)
  insert into bare.event (cpts_id, seq, body)
  select s.cpts_id, turn.seq, jsonb_build_object('type', kind, 'id', s.id, 'value', to_jsonb(s) || jsonb_build_object(
    'bookings', (select coalesce(jsonb_agg(to_jsonb(b) - 'patient' order by b.id), '[]') from bare.booking b
                 where b.slot_id = s.id and b.state in ('held', 'confirmed')))) from turn
$$;
create function bare.hold(wanted uuid, request text, length interval) returns jsonb language plpgsql as $$
declare s bare.slot; b bare.booking;
begin
  update bare.slot set taken = taken + 1, version = version + 1
  where id = wanted and taken < capacity and starts_at > now() returning * into s;
  if not found then return null; end if;
  insert into bare.booking (slot_id, request_id, state, held_until) values (wanted, request, 'held', now() + length)
  returning * into b;
  insert into bare.booking_change (booking_id, state) values (b.id, 'held');
  perform bare.tell('slot_held.v1', s);
  return to_jsonb(b);
end $$;
create function bare.confirm(wanted uuid, who bytea) returns jsonb language plpgsql as $$
declare s bare.slot; b bare.booking;
begin
  update bare.slot set version = version + 1 where id = (select slot_id from bare.booking where id = wanted)
  returning * into s;
  update bare.booking set state = 'confirmed', held_until = null, patient = who
  where id = wanted and state = 'held' and held_until > now() returning * into b;
  if not found then raise exception 'not held'; end if;
  insert into bare.booking_change (booking_id, state) values (b.id, 'confirmed');
  perform bare.tell('booking_confirmed.v1', s);
  return to_jsonb(b) - 'patient';
end $$;
"""
HOLD, CONFIRM = "select bare.hold($1, $2, $3)", "select bare.confirm($1, $2)"


class Hold(BaseModel):
    """A place wanted for a request."""

    request_id: str
    minutes: int = 3


class Confirmation(BaseModel):
    """Who is coming."""

    patient: dict[str, str] | None = None


def build(options: dict[str, Any]) -> FastAPI:
    """Two endpoints on a pool."""
    pools: list[asyncpg.Pool] = []

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(min_size=10, max_size=20, **options) as pool:
            pools.append(pool)
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/slots/{slot_id}/bookings")
    async def hold(slot_id: UUID, order: Hold) -> Response:
        view = await pools[0].fetchval(HOLD, slot_id, order.request_id, timedelta(minutes=order.minutes))
        return Response(view or "{}", status_code=201 if view else 409, media_type="application/json")

    @app.post("/bookings/{booking_id}/confirmation")
    async def confirm(booking_id: UUID, order: Confirmation) -> Response:
        sealed = json.dumps(order.patient).encode()
        view = await pools[0].fetchval(CONFIRM, booking_id, sealed)
        return Response(view, media_type="application/json")

    return app


if __name__ == "__main__":
    where = json.loads(sys.stdin.readline())
    uvicorn.run(build(where), host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False)
