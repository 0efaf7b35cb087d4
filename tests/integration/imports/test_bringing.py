"""Files brought into a real database: once, twice, all or nothing."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from services.availability import orders
from services.availability.app.directory import put_cpts
from services.files.outcome import MACHINE
from services.imports.bringing import ImportTally, bring_lines
from services.imports.writing import writer_for
from shared.db import run, set_scope
from shared.db.clock import PARIS, Clock
from shared.embedded.place import CannotStart
from shared.settings import Settings
from shared.wiring import running, wire

CPTS = "139999999"
COMMUNES = """insee_com;commune;code_postal;lat;lng;population_2021
13214;Essai 14e;13014;43.35;5.39;60000
13215;Essai 15e;13015;43.37;5.36;80000
"""
PEOPLE = """Identifiant PP|Nom d'exercice|Prénom d'exercice|Code profession|FINESS site|Code postal|Code commune|
99900000001|EXEMPLE|Alpha|10|130000001|13014|13214|
99900000001|EXEMPLE|Alpha|10|130000002|13015|13215|
99900000002|EXEMPLE|Bravo|60|130000001|13014|13214|
99900000003|EXEMPLE|Ailleurs|10|750000001|75001|75101|
"""
TOMORROW = (Clock().now().astimezone(PARIS) + timedelta(days=1)).replace(hour=14, minute=0)
WHEN = f"{TOMORROW:%d/%m/%Y %H:%M}"


async def bring(settings: Settings, kind: str, content: str, *, strict: bool = False) -> ImportTally:
    lines: Iterator[bytes] = iter(content.encode().splitlines(keepends=True))
    async with writer_for(kind, settings, cpts=CPTS) as writer:
        return await bring_lines(writer, lines, strict=strict)


async def count(settings: Settings, service: str, table: str) -> int:
    async with running(wire(service, settings)) as wiring, wiring.open_session() as session:
        await set_scope(session, MACHINE.scope)
        found: int = (await run(session, text(f"select count(*) from {table}"))).scalar_one()
        return found


@pytest.fixture
async def territory(settings: Settings) -> Settings:
    """A CPTS with its communes and its people."""
    await bring(settings, "communes", COMMUNES)
    async with running(wire("availability", settings)) as wiring, wiring.open_session() as session:
        await set_scope(session, MACHINE.scope)
        await put_cpts(session, CPTS, orders.Cpts(name="CPTS d'essai", size=1, communes=["13214", "13215"]))
    await bring(settings, "professionals", PEOPLE)
    return settings


async def test_communes_go_in_once_and_follow_their_file(settings: Settings) -> None:
    first = await bring(settings, "communes", COMMUNES)
    again = await bring(settings, "communes", COMMUNES)
    changed = await bring(settings, "communes", COMMUNES.replace("80000", "81000"))
    assert (first.added, again.same, changed.changed, changed.same) == (2, 2, 1, 1)


async def test_with_strict_one_bad_row_keeps_everything_out(settings: Settings) -> None:
    tally = await bring(settings, "communes", COMMUNES + "9;Mauvaise;1;0;0;0\n", strict=True)
    assert (tally.added, len(tally.bad)) == (0, 2)
    assert await count(settings, "availability", "common.commune") == 0


async def test_without_strict_the_good_rows_go_in(settings: Settings) -> None:
    tally = await bring(settings, "communes", COMMUNES + "9;Mauvaise;1;0;0;0\n")
    assert (tally.added, {bad.line for bad in tally.bad}) == (2, {4})


async def test_people_of_the_territory_go_in_with_their_places_and_the_others_stay_out(territory: Settings) -> None:
    assert await count(territory, "availability", "availability.practitioner") == 2
    assert await count(territory, "availability", "availability.schedule") == 3
    again = await bring(territory, "professionals", PEOPLE)
    assert (again.added, again.changed, again.same) == (0, 0, 2)
    renamed = await bring(territory, "professionals", PEOPLE.replace("Bravo", "Charlie"))
    assert (renamed.changed, renamed.same) == (1, 1)


async def test_an_unknown_territory_is_said_before_anything_is_read(settings: Settings) -> None:
    with pytest.raises(CannotStart, match="Aucune CPTS"):
        await bring(settings, "professionals", PEOPLE)


async def test_slots_are_published_once(territory: Settings) -> None:
    file = f"rpps;debut;nombre;lieu\n99900000001;{WHEN};3;130000001\n99900000002;{WHEN};1;\n"
    first, again = await bring(territory, "slots", file), await bring(territory, "slots", file)
    assert (first.bad, first.added, again.added, again.same) == ([], 4, 0, 4)


async def test_what_the_database_refuses_names_the_line_and_what_to_change(territory: Settings) -> None:
    file = (
        f"rpps;debut;duree_min;lieu\n99900000001;{WHEN};15;\n99900000009;{WHEN};15;\n99900000002;{WHEN};30;\n"
        f"99900000002;{WHEN};45;\n99900000002;01/01/2020 10:00;15;\n"
    )
    tally = await bring(territory, "slots", file)
    assert tally.added == 1
    refused = {bad.line: bad for bad in tally.bad}
    assert sorted(refused) == [2, 3, 5, 6]
    assert "130000001" in refused[2].change
    assert (refused[3].column, refused[3].value) == ("rpps", "99900000009")


async def test_requests_go_on_the_board_once_whatever_is_sent_again(territory: Settings) -> None:
    heading = "reference;cpts;commune;urgence;motif;avant;praticien_habituel"
    file = f"{heading}\nD-1;{CPTS};13214;P2;fever_adult;;99900000001\n"
    first, again = await bring(territory, "requests", file), await bring(territory, "requests", file)
    assert (first.bad, first.added, again.same) == ([], 1, 1)
    assert await count(territory, "matching", "matching.request") == 1


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("D-2;139999998;13214;P2;fever_adult;", "cpts"),
        (f"D-2;{CPTS};99999;P2;fever_adult;", "insee"),
        (f"D-2;{CPTS};13214;P2;unknown;", "motive"),
        (f"D-2;{CPTS};13214;P2;fever_adult;99900000009", "praticien_habituel"),
    ],
)
async def test_a_request_that_names_what_is_not_there_is_refused(territory: Settings, line: str, column: str) -> None:
    file = f"reference;cpts;commune;urgence;motif;praticien_habituel\n{line}\n"
    [bad] = (await bring(territory, "requests", file)).bad
    assert (bad.line, bad.column) == (2, column)


async def test_outlines_are_written_once_and_replaced_when_they_differ(settings: Settings) -> None:
    def square(size: float) -> str:
        ring = [[3, 44], [3 + size, 44], [3 + size, 45], [3, 44]]
        feature = {"properties": {"code": "48095"}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
        return json.dumps({"type": "FeatureCollection", "features": [feature]})

    first, again, other = [await bring(settings, "shapes", square(size)) for size in (1, 1, 2)]
    assert (first.added, again.same, other.changed) == (1, 1, 1)
    assert await count(settings, "matching", "common.commune_shape") == 1
    bad = await bring(settings, "shapes", "rien", strict=True)
    assert [each.line for each in bad.bad] == [1]
