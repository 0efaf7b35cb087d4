"""What is remembered between searches is never told once it has changed, and the line of searches serves everybody."""

import asyncio

import httpx
import pytest
from sqlalchemy import text

from services.availability.interop.sas.api import EVERYTHING
from services.availability.interop.sas.seed import NORTH, seed_conformance
from services.availability.interop.sas.settings import SasSettings
from shared.db import run, set_scope
from shared.db.reader import AT_A_TIME
from shared.settings import Settings
from shared.wiring import Wiring
from tests.builders import owner
from tests.fhir_kit import search

CHANGES = {
    "HH": "update availability.slot set modes = '{HH}'",
    "+33611223344": "update availability.practitioner set phone = '0611223344'",
    "3 rue Neuve": "update availability.place set address = '3 rue Neuve 31000 Toulouse'",
    "Autre nom": "update availability.cpts set name = 'Autre nom'",
}


@pytest.fixture
async def url(wiring: Wiring) -> str:
    """A search by CPTS, in a database that the test may change."""
    return search([(await seed_conformance(wiring, SasSettings()))["cpts_shared"]], cpts=True)


async def change(wiring: Wiring, statement: str) -> None:
    async with wiring.open_session() as session:
        await set_scope(session, EVERYTHING)
        await run(session, text(statement))


async def test_the_next_search_tells_each_change(wiring: Wiring, client: httpx.AsyncClient, url: str) -> None:
    for said, statement in CHANGES.items():
        before = (await client.get(url)).text
        assert said not in before
        await change(wiring, statement)
        after = (await client.get(url)).text
        assert said in after
        assert (await client.get(url)).text == after


async def test_a_search_by_professional_says_nothing_of_cpts_after_one_by_cpts(
    client: httpx.AsyncClient, wiring: Wiring, url: str
) -> None:
    await change(wiring, "update availability.slot set types = '{PRO,CPTS}'")
    assert NORTH in (await client.get(url)).text
    alone = await client.get(url.partition("&_include=Slot:service")[0])
    assert alone.json()["total"] >= 6
    assert '"CPTS"' not in alone.text
    assert NORTH not in alone.text


async def test_a_place_that_loses_its_town_takes_its_slots_away_and_gives_them_back(
    wiring: Wiring, client: httpx.AsyncClient, url: str
) -> None:
    before = (await client.get(url)).json()["total"]
    await change(wiring, "update availability.place set address = 'sans ville', insee = '00000'")
    assert [(await client.get(url)).json()["total"] for _ in range(2)] == [0, 0]
    await change(wiring, "update availability.place set address = '1 rue X 31000 Toulouse'")
    assert (await client.get(url)).json()["total"] == before > 0


async def test_many_at_once_are_all_answered_by_few_connections(
    settings: Settings, client: httpx.AsyncClient, url: str
) -> None:
    answers = await asyncio.gather(*(client.get(url) for _ in range(10 * AT_A_TIME)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert 1 <= len(await connections(settings)) <= AT_A_TIME


async def test_connections_that_were_cut_are_replaced(settings: Settings, client: httpx.AsyncClient, url: str) -> None:
    before = (await client.get(url)).json()
    for pid in await connections(settings):
        async with owner(settings) as session:
            await run(session, text("select pg_terminate_backend(:pid, 5000)"), pid=pid)
    assert (await client.get(url)).json() == before


async def connections(settings: Settings) -> set[int]:
    """The backends that search in this database."""
    mine = "select pid from pg_stat_activity where datname = current_database() and application_name like '% reads'"
    async with owner(settings) as session:
        return set((await run(session, text(mine))).scalars())
