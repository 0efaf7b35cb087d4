"""Reading other editors: how they are asked, and answers that are none, over real sockets."""

import asyncio
import json
import re

import pytest
from sqlalchemy import text

from services.availability import orders
from services.availability.app import directory
from services.availability.interop.editors.following import EVERY, FOLLOWED, STREAM, Editors, following_editors
from services.availability.interop.sas.seed import NORTH, SOUTH
from services.availability.interop.sas.settings import Editor, SasSettings
from services.availability.store import forgetting
from services.availability.sweeper import sweep
from shared.db import run
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
            person = orders.PractitionerEntry(last_name="Essai", first_name="Une", profession="10", specialty="SM54")
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


async def test_an_answer_that_lacks_slots_is_asked_again_in_halves_then_refused(here: Here) -> None:
    whole = foreign_answer(SINGLE)
    short = announcing(7, whole)
    halved = Answering([short, whole, foreign_answer(PLACES)])
    async with serving(halved.app()) as url:
        await here.read(plain(url))
    assert [asked.count("71.4.2.1") for asked in halved.asked] == [4, 2, 2]
    before = await here.seen()
    assert await here.people_seen() == {SINGLE, PLACES}
    async with serving(Answering([short]).app()) as url:
        await here.read(plain(url), minutes=5)
    after = await here.seen()
    assert [slot["their_id"] for slot in after["slots"]] == [slot["their_id"] for slot in before["slots"]]
    assert {slot["stale"] for slot in after["slots"]} == {True}
    assert after["sources"][0]["error"] == "La réponse est incomplète : 7 créneaux annoncés, 1 reçus."


async def test_who_counts_every_entry_or_too_few_lacks_nothing(here: Here) -> None:
    whole = foreign_answer(SINGLE)
    for number, total in enumerate((0, 1, len(json.loads(whole)["entry"]))):
        async with serving(Answering([announcing(total, whole)]).app()) as url:
            await here.read(plain(url), minutes=5 * number)
        found = await here.seen()
        assert (len(found["slots"]), found["sources"][0]["error"]) == (1, "")


async def test_an_editor_that_nobody_follows_any_more_is_not_shown_and_then_forgotten(here: Here) -> None:
    async with serving(Answering([foreign_answer(SINGLE)]).app()) as url:
        await here.read(plain(url))
    assert await here.people_seen() == {SINGLE}
    await show(here.service.settings, MORNING + FOLLOWED * 2)
    assert await here.seen() == {"slots": [], "sources": []}
    await sweep(here.wiring, [forgetting.forget_editors])
    assert await sources(here) == 1
    await show(here.service.settings, MORNING + FOLLOWED * 2 + forgetting.EDITORS_KEPT)
    await sweep(here.wiring, [forgetting.forget_editors])
    assert await sources(here) == 0


async def test_processes_with_other_settings_leave_each_others_editors_alone(here: Here) -> None:
    answering = Answering([foreign_answer(SINGLE)])
    async with serving(answering.app()) as url:
        one, two = plain(url), plain(url).model_copy(update={"name": "Deuxième agenda"})
        nobody, elsewhere = Editors(here.wiring, []), Editors(here.wiring, [one.model_copy(update={"cpts": [SOUTH]})])
        await here.read(one)
        await here.read(two)
        first = await here.seen()
        assert [source["editor"] for source in first["sources"]] == ["Autre agenda", "Deuxième agenda"]
        for others in (nobody, elsewhere, Editors(here.wiring, [two])):
            await others.settle()
        assert not await nobody.turn()
        assert await elsewhere.turn()
        assert not await elsewhere.turn()
        assert await here.seen() == first
        # What is read again and again is only ever read when it is due.
        assert len(answering.asked) == 2


async def test_a_service_started_without_editors_forgets_none(here: Here) -> None:
    async with serving(Answering([foreign_answer(SINGLE)]).app()) as url:
        await here.read(plain(url))
    async with following_editors(here.wiring, []):
        assert await here.people_seen() == {SINGLE}


async def sources(here: Here) -> int:
    """How many editors the base knows."""
    async with owner(here.service.settings) as session:
        return int((await run(session, text("select count(*) from availability.foreign_source"))).scalar_one())


def announcing(total: object, answer: bytes) -> bytes:
    """The same answer, with another number of slots."""
    return json.dumps({**json.loads(answer), "total": total}).encode()


def excused(**issue: str) -> bytes:
    """An answer that says itself that it is not whole."""
    bundle = json.loads(foreign_answer(SINGLE))
    bundle["entry"].append({"resource": {"resourceType": "OperationOutcome", "issue": [issue]}})
    return json.dumps(bundle).encode()


FOREVER = foreign_answer(SINGLE, then="?page=again")
BAD = [
    *((Answering([body]), "") for _, body in ANSWERS[::12]),
    (Answering([b"{}"], status=500), "500"),
    (Answering([b""], status=302), "302"),
    (Answering([foreign_answer(SINGLE, then="https://elsewhere.invalid/fhir/Slot?page=2")]), "autre serveur"),
    (Answering([FOREVER]), "n'en finit pas"),
    (Answering([foreign_answer(SINGLE, then="?page=2"), foreign_answer(PLACES)[:-40]]), "JSON"),
    (Answering([announcing(3, foreign_answer(SINGLE))]), "3 créneaux annoncés, 1 reçus"),
    (Answering([announcing("plusieurs", foreign_answer(SINGLE))]), "illisible"),
    (Answering([announcing(-1, foreign_answer(SINGLE))]), "illisible"),
    (Answering([excused(severity="error", code="exception")]), "elle-même"),
    (Answering([excused(severity="warning", code="too-costly")]), "elle-même"),
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
    twice = [{"name": "A", "base": f"https://{host}.invalid", "cpts": [NORTH]} for host in "xy"]
    with pytest.raises(ValueError, match="each name once"):
        SasSettings.model_validate({"editors": twice})
    for changes in wrong:
        with pytest.raises(ValueError, match="validation error"):
            Editor.model_validate({"name": "A", "base": "https://x.invalid", "cpts": [NORTH], **changes})
