"""A CPTS's people brought from a directory behind a real socket: all, what changed, once more, after a fall."""

from datetime import timedelta

import pytest
from fastapi.responses import JSONResponse, Response
from sqlalchemy import text

from services.availability import orders
from services.availability.app.slots import publish_slots
from services.availability.refusals import NotScheduledThere
from services.files.outcome import MACHINE
from shared.db import run
from shared.embedded.place import CannotStart
from shared.settings import Settings
from tests.annuaire_server import LATELY, Directory, organization, practitioner, role
from tests.builders import MORNING
from tests.integration.imports.annuaire_desk import Desk
from tests.serving import serving


async def test_everyone_of_the_territory_comes_in_and_again_changes_nothing(desk: Desk) -> None:
    first = await desk.load()
    assert (first.full, first.tally.bad) == (True, [])
    assert await desk.open_places() == sorted(
        [
            *((f"999{each:08}", f"finess:13{1 + each % 2:07}") for each in range(1, 7)),
            ("99900000001", "finess:130000001"),
        ]
    )
    ((name, profession, specialty, address),) = await desk.rows(
        "select p.last_name, p.profession, p.specialty, l.address"
        " from availability.practitioner p, availability.place l"
        " where p.rpps = '99900000001' and l.key = 'finess:130000001'"
    )
    assert (name, profession, specialty, address) == ("FICTIF-1", "10", "SM54", "1 rue Inventée, 13014")
    events = await desk.rows("select count(*) from availability.event")
    again = await desk.load(full=True)
    assert (again.full, again.tally.added, again.tally.changed) == (True, 0, 0)
    assert await desk.rows("select count(*) from availability.event") == events
    assert desk.directory.refused_for_pace == 0


async def test_later_only_what_changed_is_asked_for(desk: Desk) -> None:
    await desk.load()
    desk.directory.asked.clear()
    desk.directory.put(
        practitioner(2, changed=LATELY, name=[{"family": "RENOMMÉ", "given": ["Essai"]}]),
        practitioner(8, changed=LATELY),
        role(8, 2, changed=LATELY),
    )
    # The load was made at MORNING; what changed is asked for from an hour before.
    async with desk.session() as session:
        await run(session, text("update availability.directory_load set since = '2026-11-20T00:00:00Z'"))
    report = await desk.load()
    assert (report.full, report.tally.added, report.tally.changed) == (False, 1, 1)
    assert any("_lastUpdated=ge2026-11-19T23" in each for each in desk.directory.asked)
    assert await desk.rows("select 1 from availability.practitioner where last_name = 'RENOMMÉ'")


async def test_after_thirty_days_everything_is_read_again(desk: Desk) -> None:
    await desk.load()
    assert not (await desk.load()).full
    async with desk.session() as session:
        await run(session, text("update availability.directory_load set since = common.now() - interval '31 days'"))
    assert (await desk.load()).full


async def test_who_works_somewhere_no_more_is_closed_and_their_slots_are_left_to_a_person(
    desk: Desk, settings: Settings
) -> None:
    await desk.load()
    async with desk.session() as session:
        works = "availability.schedule s join availability.practitioner p on p.id = s.practitioner_id"
        query = text(f"select s.practitioner_id, s.place_id from {works} where p.rpps = '99900000002'")
        ids = (await run(session, query)).mappings().one()
        order = orders.NewSlots(**ids, starts_at=MORNING + timedelta(hours=2), types=["CPTS"])
        await publish_slots(session, MACHINE, order)
    desk.directory.put(role(2, 1, active=False), practitioner(4, active=False), organization(2, active=False))
    report = await desk.load(full=True)
    ended = {(each.rpps, each.place, slots) for each, slots in report.ended}
    assert ("99900000002", "finess:130000001", 1) in ended
    assert await desk.open_places() == [("99900000001", "finess:130000001"), ("99900000006", "finess:130000001")]
    assert await desk.rows("select status from availability.slot") == [("published",)]
    assert len(await desk.rows("select 1 from availability.schedule")) == 7
    with pytest.raises(NotScheduledThere):
        async with desk.session() as session:
            await publish_slots(session, MACHINE, order.model_copy(update={"starts_at": MORNING + timedelta(hours=5)}))
    assert (await desk.load(full=True)).ended == []
    desk.directory.put(role(2, 1))
    await desk.load(full=True)
    assert ("99900000002", "finess:130000001") in await desk.open_places()


async def test_a_load_that_was_cut_short_goes_on_where_it_stopped(desk: Desk) -> None:
    desk.directory.put(*(organization(each) for each in range(10, 40)), *(role(1, each) for each in range(10, 40)))
    desk.directory.page = 50
    desk.directory.fails_after = 2
    with pytest.raises(CannotStart):
        await desk.load()
    done = await desk.open_places()
    assert 0 < len(done) < 37
    desk.directory.fails_after = None
    desk.directory.asked.clear()
    assert (await desk.load()).full
    assert len(await desk.open_places()) == 37
    assert sum("organization=" in each for each in desk.directory.asked) == 1


async def test_a_directory_that_is_overwhelmed_or_away_is_asked_again(desk: Desk) -> None:
    desk.directory.next_answers.extend([JSONResponse({}, 503), JSONResponse({}, 429, {"retry-after": "0"})])
    assert (await desk.load()).tally.added == 6


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{", b"<xml/>", b"\xff", b"[" * 50_000, b'{"resourceType":"Slot"}']
)
async def test_an_answer_that_makes_no_sense_is_refused_and_writes_nothing(desk: Desk, body: bytes) -> None:
    desk.directory.next_answers.append(Response(body, media_type="application/fhir+json"))
    with pytest.raises(CannotStart):
        await desk.load()
    assert await desk.open_places() == []


async def test_the_key_goes_nowhere_else(desk: Desk) -> None:
    other = Directory()
    async with serving(other.app()) as elsewhere:
        desk.directory.elsewhere = f"{elsewhere}/fhir/v2/PractitionerRole"
        with pytest.raises(CannotStart, match="la clé n'y est pas envoyée"):
            await desk.load()
    assert other.asked == []


async def test_a_key_that_is_refused_is_said(desk: Desk) -> None:
    with pytest.raises(CannotStart, match="AIGUILLAGE_ANNUAIRE_KEY"):
        await desk.load(key="une-autre")


async def test_what_cannot_be_taken_in_is_reported_and_the_rest_comes_in(desk: Desk) -> None:
    desk.directory.put(practitioner(3, qualification=[]), organization(9, identifier=[]), organization(11, address=[]))
    report = await desk.load()
    assert sorted(bad.column for bad in report.tally.bad) == [
        "Organization address",
        "Organization identifier",
        "Practitioner qualification",
    ]
    assert report.tally.added == 5


async def test_some_communes_alone_may_be_loaded(desk: Desk) -> None:
    desk.directory.put(organization(2, insee="13215"))
    await desk.load(communes=("13214",))
    assert {place for _, place in await desk.open_places()} == {"finess:130000001"}
    assert await desk.rows("select 1 from availability.directory_load") == []
