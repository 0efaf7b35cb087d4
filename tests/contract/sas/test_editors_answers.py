"""Reading other editors: how they are asked, and answers that are none, over real sockets."""

import asyncio
import json
import re

import pytest

from services.availability import orders
from services.availability.app import directory
from services.availability.fhir.editors import EVERY, STREAM, following_editors
from services.availability.fhir.seed import NORTH
from services.availability.fhir.settings import Editor
from tests.builders import MORNING, owner, show
from tests.contract.malformed import ANSWERS, foreign_answer
from tests.contract.sas.elsewhere import PLACES, SHARED, SINGLE, Answering, Here, plain
from tests.processes import free_port
from tests.serving import serving


async def test_it_is_asked_as_the_sas_asks_us(here: Here) -> None:
    answering = Answering([foreign_answer(SINGLE)])
    async with serving(answering.app()) as url:
        await here.read(plain(url))
    (asked,) = answering.asked
    assert re.sub(r"09:00:\d\d\.\d{3}", "09:00:00.000", asked.replace("%7C", "|")) == (
        "_include=Slot:schedule&_include:iterate=Schedule:actor"
        "&start=ge2026-11-24T09:00:00.000+01:00&start=le2026-11-26T23:59:59.999+01:00"
        "&schedule.actor:Practitioner.identifier="
        + ",".join(f"urn:oid:1.2.250.1.71.4.2.1|8{rpps}" for rpps in sorted(here.people))
        + "&status=free&_count=1000"
    )
    assert await here.people_seen() == {SINGLE}


async def test_twenty_five_practitioners_a_call_and_every_page_is_followed(here: Here) -> None:
    async with owner(here.service.settings) as session:
        for number in range(30):
            person = orders.Practitioner(last_name="Essai", first_name="Une", profession="10", specialty="SM54")
            more = await directory.put_practitioner(session, f"998{number:08}", person)
            await directory.put_membership(session, more, NORTH, None)
    pages = [foreign_answer(SINGLE, then="?page=2"), foreign_answer(PLACES), foreign_answer(SHARED)]
    answering = Answering(pages)
    async with serving(answering.app()) as url:
        await here.read(plain(url))
    counts = [asked.count("71.4.2.1") for asked in answering.asked]
    assert counts == [25, 0, 9]
    assert await here.people_seen() == {SINGLE, PLACES, SHARED}


async def test_an_answer_that_is_full_is_asked_again_in_two_halves(here: Here) -> None:
    full = json.loads(foreign_answer(SINGLE))
    (slot,) = (entry for entry in full["entry"] if entry["resource"]["resourceType"] == "Slot")
    full["entry"] += [{"resource": {**slot["resource"], "id": f"more-{number}"}} for number in range(999)]
    answering = Answering([json.dumps(full).encode(), foreign_answer(SINGLE), foreign_answer(PLACES)])
    async with serving(answering.app()) as url:
        await here.read(plain(url))
    assert [asked.count("71.4.2.1") for asked in answering.asked] == [4, 2, 2]
    assert await here.people_seen() == {SINGLE, PLACES}


async def test_nobody_else_and_no_other_time_comes_in(here: Here) -> None:
    answering = Answering(
        [foreign_answer("99999999999"), foreign_answer(SINGLE, days=9), foreign_answer(SINGLE, days=-1)]
    )
    async with serving(answering.app()) as url:
        for number in range(3):
            await here.read(plain(url), minutes=number * 5)
            found = await here.seen()
            assert (found["slots"], found["sources"][0]["error"]) == ([], "")


async def test_an_address_that_is_no_web_page_is_left_out(here: Here) -> None:
    answering = Answering([foreign_answer(SINGLE, agenda="javascript:alert(1)")])
    async with serving(answering.app()) as url:
        await here.read(plain(url))
    assert [slot["agenda_url"] for slot in (await here.seen())["slots"]] == [""]


FOREVER = foreign_answer(SINGLE, then="?page=again")
BAD = [
    *((Answering([body]), "") for _, body in ANSWERS[::12]),
    (Answering([b"{}"], status=500), "500"),
    (Answering([b""], status=302), "302"),
    (Answering([foreign_answer(SINGLE, then="https://elsewhere.invalid/fhir/Slot?page=2")]), "autre serveur"),
    (Answering([FOREVER]), "n'en finit pas"),
    (Answering([b""], mute=True), "0.3 s"),
]


async def test_an_answer_that_is_not_one_changes_nothing_and_is_said(here: Here) -> None:
    port = free_port()
    async with serving(Answering([foreign_answer(SINGLE)]).app(), port) as url:
        await here.read(plain(url))
    before = await here.seen()
    assert before["slots"]
    for number, (bad, said) in enumerate(BAD, start=1):
        async with serving(bad.app(), port) as url:
            await here.read(plain(url), minutes=number * 5, answer_within_s=0.3 if bad.mute else 7)
        after = await here.seen()
        assert [slot["their_id"] for slot in after["slots"]] == [slot["their_id"] for slot in before["slots"]]
        assert {slot["stale"] for slot in after["slots"]} == {True}
        assert after["sources"][0]["error"]
        assert said in after["sources"][0]["error"]


async def test_a_peer_killed_in_the_middle_of_its_answer_changes_nothing(here: Here) -> None:
    whole = foreign_answer(SINGLE)

    async def dying(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/fhir+json\r\ncontent-length: {len(whole)}\r\n\r\n"
        writer.write(head.encode() + whole[:200])
        await writer.drain()
        writer.transport.abort()

    async with serving(Answering([whole]).app()) as url:
        editor = plain(url)
        await here.read(editor)
    async with await asyncio.start_server(dying, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        await here.read(editor.model_copy(update={"base": f"http://127.0.0.1:{port}/fhir"}), minutes=5)
    found = await here.seen()
    assert len(found["slots"]) == 1
    assert "Ne répond pas" in found["sources"][0]["error"]


async def test_it_goes_on_by_itself(here: Here) -> None:
    answering = Answering([foreign_answer(SINGLE)])
    async with serving(answering.app()) as url, following_editors(here.wiring, [plain(url)]), asyncio.timeout(30):
        while not (await here.seen())["slots"]:
            await asyncio.sleep(0.05)
        await show(here.service.settings, MORNING + EVERY * 2)
        while len(answering.asked) < 2:
            await here.wiring.bell.ring(STREAM)
            await asyncio.sleep(0.05)


def test_a_setting_without_a_cpts_or_with_another_address_is_refused() -> None:
    wrong: list[dict[str, object]] = [
        {"cpts": []},
        {"base": "file:///etc"},
        {"base": "https://x.invalid/fhir?a=1"},
        {"mode": "SOS"},
    ]
    for changes in wrong:
        with pytest.raises(ValueError, match="validation error"):
            Editor.model_validate({"name": "A", "base": "https://x.invalid", "cpts": [NORTH], **changes})
