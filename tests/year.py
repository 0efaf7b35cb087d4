"""A year of a CPTS as the raw events of both services, drawn from a seed: what was asked, offered, given, attached."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import numpy as np
from sqlalchemy.engine import make_url

from shared.settings import Settings

YEAR_BEGINS = datetime(2026, 1, 5, 7, tzinfo=UTC)
COMMUNES = ("13214", "13215", "13216", "48095")
SOURCES = ("sas", "pharmacy", "practice", "nurse", "ehpad", "patient")
ACTS = ("fever_child", "renewal", "sprain", "cystitis")
CLASSES = ("ald", "age_70", "c2s_ame", "other")
EPOCH = UUID(int=7)


@dataclass(frozen=True, slots=True)
class RawEvent:
    """One event of one service, as its log holds it."""

    service: str
    at: datetime
    body: dict[str, Any]


def a_year(seed: int, requests: int, *, days: int = 364, gps: int = 30) -> list[RawEvent]:
    """So many requests over so many days, with the slots and the register beside them, in the order they came."""
    draw = np.random.default_rng(seed)
    events = [*_members(gps), *_slots(draw, requests, days, gps), *_entries(draw, requests // 20, days, gps)]
    for number in range(requests):
        events += _request(draw, number, days, gps)
    return sorted(events, key=lambda each: each.at)


def _at(draw: np.random.Generator, days: int) -> datetime:
    return YEAR_BEGINS + timedelta(days=int(draw.integers(days)), minutes=int(draw.integers(720)))


def _event(service: str, at: datetime, collection: str, key: UUID, value: dict[str, Any]) -> RawEvent:
    body = {"type": f"{collection}.v1", "at": at.isoformat(), "collection": collection, "id": str(key), "value": value}
    return RawEvent(service, at, {**body, "detail": {}})


def _gp(number: int) -> UUID:
    return UUID(int=1_000 + number)


def _members(gps: int) -> Iterator[RawEvent]:
    for number in range(gps):
        value = {"profession": "10", "paused": False, "joined_at": "2020-01-01T00:00:00Z", "served_this_week": 0}
        yield _event("availability", YEAR_BEGINS, "practitioners", _gp(number), value)
        place = {"insee": COMMUNES[number % len(COMMUNES)], "lat": 0.0, "lon": 0.0}
        yield _event("availability", YEAR_BEGINS, "places", UUID(int=5_000 + number), place)


def _slots(draw: np.random.Generator, count: int, days: int, gps: int) -> Iterator[RawEvent]:
    for number in range(count):
        at, gp = _at(draw, days), int(draw.integers(gps))
        value = {
            "practitioner_id": str(_gp(gp)),
            "place_id": str(UUID(int=5_000 + gp)),
            "starts_at": at.isoformat(),
            "ends_at": (at + timedelta(minutes=15)).isoformat(),
            "capacity": 1,
            "taken": 0,
            "overbooked": 0,
            "modes": ["VR"] if draw.random() < 0.1 else ["AMB"],
            "types": ["CPTS", "SNP"] if draw.random() < 0.4 and gp % 2 else ["CPTS"],
            "status": "published",
            "origin": "hand",
            "bookings": [],
        }
        key = UUID(int=10_000_000 + number)
        yield _event("availability", at - timedelta(days=1), "slots", key, value)
        last = "withdrawn" if draw.random() < 0.05 else "published"
        taken = int(last == "published" and draw.random() < 0.8)
        yield _event("availability", at, "slots", key, {**value, "status": last, "taken": taken})


def _entries(draw: np.random.Generator, count: int, days: int, gps: int) -> Iterator[RawEvent]:
    for number in range(count):
        at, key = _at(draw, days), UUID(int=20_000_000 + number)
        value = {
            "state": "waiting",
            "insee": str(draw.choice(COMMUNES)),
            "priority_class": str(draw.choice(CLASSES)),
            "source": "patient",
            "registered_at": at.isoformat(),
            "practitioner_id": None,
            "reason": "",
            "version": 1,
        }
        yield _event("matching", at, "attachments", key, value)
        if draw.random() < 0.6:
            answered = at + timedelta(days=int(draw.integers(1, 120)))
            gp = str(_gp(int(draw.integers(gps))))
            yield _event(
                "matching", answered, "attachments", key, {**value, "state": "proposed", "practitioner_id": gp}
            )
            if draw.random() < 0.7:
                done = {**value, "state": "confirmed", "practitioner_id": gp}
                yield _event("matching", answered + timedelta(days=5), "attachments", key, done)
        elif draw.random() < 0.1:
            gone = {**value, "state": "withdrawn", "reason": "duplicate"}
            yield _event("matching", at + timedelta(days=2), "attachments", key, gone)


def _request(draw: np.random.Generator, number: int, days: int, gps: int) -> Iterator[RawEvent]:
    at, key = _at(draw, days), UUID(int=30_000_000 + number)
    value = {
        "state": "open",
        "urgency": int(draw.integers(1, 5)),
        "insee": str(draw.choice(COMMUNES, p=(0.4, 0.3, 0.28, 0.02))),
        "act": str(draw.choice(ACTS)),
        "source": str(draw.choice(SOURCES)),
        "submitted_at": at.isoformat(),
        "deadline_at": (at + timedelta(hours=12)).isoformat(),
        "practitioner_id": None,
        "starts_at": None,
        "mode": "",
        "reason": "",
        "asked_by": "someone",
    }
    yield _event("matching", at, "requests", key, value)
    luck = draw.random()
    if luck < 0.1:
        yield _event("matching", at + timedelta(hours=12), "requests", key, {**value, "state": "unserved"})
    elif luck < 0.15:
        gone = {**value, "state": "cancelled", "reason": "mistake" if luck < 0.12 else "found_elsewhere"}
        yield _event("matching", at + timedelta(minutes=5), "requests", key, gone)
    else:
        given = {**value, "practitioner_id": str(_gp(int(draw.integers(gps)))), "mode": "AMB"}
        held_at = at + timedelta(minutes=int(draw.integers(1, 60)))
        yield _event("matching", held_at, "requests", key, {**given, "state": "held"})
        sure_at = held_at + timedelta(hours=float(draw.exponential(20)))
        yield _event("matching", sure_at, "requests", key, {**given, "state": "confirmed"})
        last = "no_show" if draw.random() < 0.07 else "honoured"
        yield _event("matching", sure_at + timedelta(hours=3), "requests", key, {**given, "state": last})


def owner_dsn(settings: Settings) -> str:
    """How the owner of the database reaches it without SQLAlchemy."""
    url = make_url(settings.database_url.get_secret_value()).set(drivername="postgresql")
    return url.render_as_string(hide_password=False)


async def write_logs(dsn: str, cpts_id: str, events: Iterable[RawEvent]) -> dict[str, int]:
    """Put the events at the beginning of the logs of both services, as their owner; how many each holds."""
    rows: dict[str, list[tuple[str, int, datetime, str]]] = {"availability": [], "matching": []}
    for each in events:
        log = rows[each.service]
        log.append((cpts_id, len(log) + 1, each.at, json.dumps(each.body)))
    connection = await asyncpg.connect(dsn)
    try:
        for service, log in rows.items():
            await connection.execute(f"delete from {service}.event where cpts_id = $1", cpts_id)
            await connection.copy_records_to_table(
                "event", schema_name=service, records=log, columns=("cpts_id", "seq", "at", "body")
            )
            await connection.execute(
                f"insert into {service}.event_head (cpts_id, epoch, seq) values ($1, $2, $3)"
                " on conflict (cpts_id) do update set epoch = excluded.epoch, seq = excluded.seq",
                cpts_id, EPOCH, len(log),
            )  # fmt: skip
    finally:
        await connection.close()
    return {service: len(log) for service, log in rows.items()}
