"""Many agendas at once, some of strangers who mean no good: the good ones are read, the others are set aside."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import psutil
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from sqlalchemy import text

from services.availability.interop.agendas.fetching import fetch
from services.availability.interop.agendas.following import following_agendas
from services.availability.interop.agendas.reading import PARIS, FeedUnreadable
from services.availability.interop.agendas.unroll import answer
from services.availability.interop.agendas.unrolling import unroll
from shared.db import run
from shared.http.parts import read_parts
from shared.settings import Settings
from shared.wiring import Wiring
from tests.builders import MORNING, Service, a_territory, owner, show
from tests.integration.availability.test_agendas import Practice, busy, practice
from tests.serving import serving

__all__ = ["practice"]
FEEDS, HOSTILE, SILENT = 50, 5, 5
ENDLESS = "DTSTART:19700101T000000Z\r\nRRULE:FREQ=SECONDLY;BYYEARDAY=366;BYMONTH=1\r\n"


def hostile(number: int) -> bytes:
    """An agenda that would take for ever, each in its own way."""
    rules = (
        ENDLESS,
        "DTSTART:19700101T000000Z\r\nDURATION:PT1M\r\nRRULE:FREQ=MINUTELY\r\n",
        "DTSTART:20200101T000000Z\r\nRRULE:FREQ=HOURLY;BYYEARDAY=366;BYMONTH=1\r\n",
        "DTSTART:20261124T000000Z\r\nDURATION:PT1S\r\nRRULE:FREQ=SECONDLY;INTERVAL=2\r\n",
        "DTSTART:20200101T000000Z\r\nRRULE:FREQ=DAILY;BYSETPOS=300\r\n",
    )
    events = "".join(f"BEGIN:VEVENT\r\nUID:{each}\r\n{rules[number]}END:VEVENT\r\n" for each in range(4))
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n".encode()


class Publisher:
    """A web server with fifty agendas, of which five are endless and five never answer."""

    def __init__(self) -> None:
        self.closing = asyncio.Event()

    def app(self) -> FastAPI:
        app = FastAPI()
        app.add_api_route("/{number}.ics", self._answer)
        return app

    async def _answer(self, number: int) -> Response:
        if number < HOSTILE:
            return Response(hostile(number))
        if number < HOSTILE + SILENT:
            return StreamingResponse(self._drip())
        return Response(busy(2))

    async def _drip(self) -> AsyncIterator[bytes]:
        while not self.closing.is_set():
            yield b"B"
            await asyncio.wait([asyncio.create_task(self.closing.wait())], timeout=0.2)


@asynccontextmanager
async def published(publisher: Publisher) -> AsyncIterator[str]:
    async with serving(publisher.app()) as url:
        try:
            yield url
        finally:
            publisher.closing.set()


async def state_of(settings: Settings) -> dict[str, Any]:
    async with owner(settings) as session:
        query = text("select practitioner_id, read_at, error, failures, next_read_at from availability.agenda_feed")
        return {str(row["practitioner_id"]): row for row in (await run(session, query)).mappings()}


async def until(found: Callable[[], Any], seconds: float = 300) -> None:
    async with asyncio.timeout(seconds):
        while not await found():
            await asyncio.sleep(0.1)


async def test_five_endless_and_five_silent_agendas_of_fifty_stop_nobody(service: Service) -> None:
    territory = await a_territory(service.settings, practitioners=FEEDS)
    machine = await service.machine()
    people = [str(each) for each in territory.practitioners]
    async with published(Publisher()) as url:
        for number, person in enumerate(people):
            put = await machine.put(f"/practitioners/{person}/agenda", json={"url": f"{url}/{number}.ics"})
            assert put.status_code == 204
        good = set(people[HOSTILE + SILENT :])
        async with following_agendas(read_parts(service.app)[Wiring]):

            async def all_good_are_read() -> bool:
                state = await state_of(service.settings)
                return all(state[person]["read_at"] is not None for person in good)

            await until(all_good_are_read)

            async def all_others_are_set_aside() -> bool:
                state = await state_of(service.settings)
                return all(state[person]["error"] for person in set(people) - good)

            await until(all_others_are_set_aside)
    state = await state_of(service.settings)
    assert not [person for person in good if state[person]["error"]]
    assert all(state[person]["next_read_at"] > MORNING + timedelta(minutes=14) for person in set(people) - good)
    assert read_parts(service.app)[Wiring].background.down == {}


async def test_stopping_ends_what_is_being_read_at_once(service: Service) -> None:
    territory = await a_territory(service.settings, practitioners=1)
    machine = await service.machine()
    async with published(Publisher()) as url:
        path = f"/practitioners/{territory.practitioners[0]}/agenda"
        assert (await machine.put(path, json={"url": f"{url}/0.ics"})).status_code == 204
        me = psutil.Process()
        async with following_agendas(read_parts(service.app)[Wiring]):

            async def a_process_reads() -> bool:
                return any("agendas.unroll" in " ".join(child.cmdline()) for child in children(me))

            await until(a_process_reads)
    assert not [child for child in children(me) if "agendas.unroll" in " ".join(child.cmdline())]


def children(me: psutil.Process) -> list[psutil.Process]:
    return [child for child in me.children() if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]


async def test_an_agenda_that_takes_too_long_is_refused_and_its_process_ends() -> None:
    with pytest.raises(FeedUnreadable, match="trop de calcul"):
        await unroll(hostile(0), from_at=MORNING, to_at=MORNING + timedelta(days=35), zone=PARIS, longest_s=0.5)
    assert not [child for child in children(psutil.Process()) if "agendas.unroll" in " ".join(child.cmdline())]


async def test_a_process_answers_what_reading_answers() -> None:
    window = MORNING, MORNING + timedelta(days=35)
    found = await unroll(busy(2, 6), from_at=window[0], to_at=window[1], zone=PARIS)
    asked = {"from_at": window[0].isoformat(), "to_at": window[1].isoformat(), "zone": "Europe/Paris", "owner": ""}
    assert len(found.periods) == len(answer(asked, busy(2, 6))["periods"]) == 2


async def bent(request: Request) -> Response:
    """One server, many bad manners; the last part of the path says which."""
    manner = request.path_params["manner"]
    bomb = gzip.compress(b"BEGIN:VCALENDAR\r\n" + b" " * 50_000_000)
    answers: dict[str, Callable[[], Response]] = {
        "good": lambda: Response(busy(2)),
        "packed": lambda: Response(gzip.compress(busy(2)), headers={"content-encoding": "gzip"}),
        "moved": lambda: RedirectResponse("/good", 301),
        "moved-webcal": lambda: RedirectResponse(str(request.url_for("bent", manner="good")), 302),
        "loop": lambda: RedirectResponse("/loop", 302),
        "bomb": lambda: Response(bomb, headers={"content-encoding": "gzip"}),
        "no-gzip": lambda: Response(b"BEGIN", headers={"content-encoding": "gzip"}),
        "unknown-packing": lambda: Response(b"BEGIN", headers={"content-encoding": "br"}),
        "page": lambda: Response(b"<html>Se connecter</html>", media_type="text/html"),
        "inside": lambda: RedirectResponse("file:///etc/hosts", 302),
        "error": lambda: Response(status_code=503),
    }
    return answers[manner]()


@pytest.mark.parametrize("manner", ["good", "packed", "moved", "moved-webcal"])
async def test_an_agenda_is_found_where_its_server_says(manner: str) -> None:
    app = FastAPI()
    app.add_api_route("/{manner}", bent, name="bent")
    async with serving(app) as url, httpx.AsyncClient() as client:
        fetched = await fetch(client, f"{url}/{manner}", "", demo=True)
    assert fetched.content == busy(2)


@pytest.mark.parametrize("manner", ["loop", "bomb", "no-gzip", "unknown-packing", "error"])
async def test_a_server_with_bad_manners_is_refused_in_words(manner: str) -> None:
    app = FastAPI()
    app.add_api_route("/{manner}", bent, name="bent")
    async with serving(app) as url, httpx.AsyncClient() as client:
        with pytest.raises(FeedUnreadable) as refused:
            await fetch(client, f"{url}/{manner}", "", demo=True)
    assert "genda" in refused.value.detail or "adresse" in refused.value.detail


async def test_a_server_that_drips_is_given_up() -> None:
    async with published(Publisher()) as url, httpx.AsyncClient() as client:
        with pytest.raises(FeedUnreadable, match="trop lentement"):
            await fetch(client, f"{url}/{HOSTILE}.ics", "", demo=True, whole_s=0.5)


WEEKLY = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;TZID=Europe/Paris:20261124T110000\r\n"
    b"DURATION:PT1H\r\nRRULE:FREQ=WEEKLY\r\nSUMMARY:Mme PATIENTE-FICTIVE\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
DAY = 24 * 60


async def test_an_agenda_that_never_changes_stays_busy_week_after_week(practice: Practice) -> None:
    await practice.follow(WEEKLY)
    for day in (7, 14, 21, 28, 56):
        await practice.later(WEEKLY, day * DAY)
        assert (day + 7) * 24 + 2 in await practice.absences()
    assert all(practice.publisher.asked[1:])


async def test_an_agenda_whose_server_is_gone_for_weeks_stays_busy(practice: Practice) -> None:
    await practice.follow(WEEKLY)
    for day in (7, 14, 21, 28):
        await practice.later(b"", day * DAY, status=500)
        assert (day + 7) * 24 + 2 in await practice.absences()
    assert "500" in (await practice.client.get(practice.path)).json()["error"]


async def test_what_is_kept_of_an_agenda_is_sealed(practice: Practice) -> None:
    await practice.follow(WEEKLY)
    async with owner(practice.service.settings) as session:
        kept = (await run(session, text("select kept_sealed from availability.agenda_feed"))).scalar_one()
    assert b"BEGIN" not in kept
    assert b"FICTIVE" not in kept


async def test_the_readable_events_count_and_the_others_are_said(practice: Practice) -> None:
    bad = b"BEGIN:VEVENT\r\nUID:x\r\nDTSTART:demain\r\nEND:VEVENT\r\nEND:VCALENDAR"
    await practice.follow(busy(2).replace(b"END:VCALENDAR", bad))
    assert await practice.absences() == [2]
    state = (await practice.client.get(practice.path)).json()
    assert (state["error"], state["left_out"], state["host"]) == ("", 1, "127.0.0.1")


async def test_an_agenda_that_keeps_failing_is_asked_less_and_less(practice: Practice) -> None:
    await practice.follow(busy(2))
    at, pauses = 6, []
    for _ in range(6):
        await practice.later(b"", at, status=500)
        (state,) = (await state_of(practice.service.settings)).values()
        pauses.append(round((state["next_read_at"] - MORNING).total_seconds() / 60) - at)
        at += pauses[-1] + 1
    assert pauses == sorted(pauses)
    assert pauses[0] == 15
    assert pauses[-1] > 2 * pauses[0]


@pytest.mark.parametrize("scheme", ["webcal", "webcals", "WEBCAL"])
async def test_the_address_that_others_offer_to_subscribe_to_is_taken(practice: Practice, scheme: str) -> None:
    address = f"{scheme}://agenda.exemple.invalid/a.ics"
    assert (await practice.client.put(practice.path, json={"url": address})).status_code == 204
    assert (await practice.client.get(practice.path)).json()["host"] == "agenda.exemple.invalid"


async def test_an_agenda_that_is_replaced_while_it_is_read_closes_nothing(practice: Practice) -> None:
    practice.publisher.content = busy(2)
    await practice.client.put(practice.path, json={"url": practice.url})
    due = await practice.agendas.claim()
    assert due is not None
    assert (await practice.client.delete(practice.path)).status_code == 204
    await practice.agendas.read(due)
    assert await practice.absences() == []
    await show(practice.service.settings, MORNING + timedelta(hours=1))
    assert await practice.agendas.claim() is None
