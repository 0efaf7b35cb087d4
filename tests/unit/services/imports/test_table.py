"""What a file may hold, and what is said of what does not fit."""

import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.files.communes import Commune, read_communes
from services.files.professionals import Professional, read_professionals
from services.files.requests import RequestLine, read_requests
from services.files.slots import SlotLine, read_slots
from services.files.table import BadRow, Cells, Column, read_instant, read_table
from shared.typed.zones import zone_of

NAME_AND_AGE = (Column("nom", ("name",), required=True), Column("âge"))
HEADERS = {
    read_communes: "insee_com,commune,code_postal,lat,lng,population_2021",
    read_professionals: "Identifiant PP|Nom d'exercice|Code profession|Code commune (coord. structure)|",
    read_slots: "rpps;debut;duree_min;nombre;age_min;age_max;modes",
    read_requests: "reference;cpts;commune;motif;des;urgence;trajet_max_min;source",
}


def cells(text: str | bytes) -> list[Cells | BadRow]:
    raw = text.encode() if isinstance(text, str) else text
    return list(read_table(io.BytesIO(raw), NAME_AND_AGE))


@pytest.mark.parametrize(
    "text",
    [
        "nom;âge\nAda;36\n",
        "\ufeffnom;âge\r\nAda;36\r\n",
        "Name,AGE\nAda,36",
        'nom\tage\n"Ada"\t36\n',
        "\n\nnom;age\n\nAda;36\n",
    ],
)
def test_the_ways_a_spreadsheet_writes_the_same_line_are_read_alike(text: str) -> None:
    [only] = cells(text)
    assert isinstance(only, Cells)
    assert only.values == {"nom": "Ada", "âge": "36"}


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "vide"),
        (b"\n \n", "vide"),
        (b"prenom;ville\nA;B\n", "il manque à la ligne de titres : nom"),
        ("nom;âge\nAda;36".encode("utf-16"), "UTF-16"),
        (b"nom;name\nA;B\n", "deux fois"),
        (b"nom;age\nAm\xe9lie;36\n", "UTF-8"),
        (b'nom;age\n"Ada;36\n', "guillemets"),
        (b"nom;age\nAda;36;autre\n", "3 colonnes au lieu de 2"),
        (b"nom;age\n" + b"x" * 100_001, "octets"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_sentence_that_tells_what_to_change(raw: bytes, said: str) -> None:
    [bad] = cells(raw)
    assert isinstance(bad, BadRow)
    assert said in bad.change


def test_a_bad_line_keeps_its_number_and_spoils_no_other() -> None:
    first, second, third = cells('nom;age\nAda;36\n"Bob;40\nCléo;50\n')
    assert isinstance(first, Cells)
    assert isinstance(second, BadRow)
    assert second.line == 3
    assert isinstance(third, Cells)
    assert third.values["nom"] == "Cléo"


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21T14:00",
        "2026-11-21 14:00",
        "21/11/2026 14:00",
        "21/11/2026 14h00",
        "21/11/2026 14h",
        "2026-11-21T13:00Z",
    ],
)
def test_an_instant_is_read_in_paris_unless_it_says_otherwise(text: str) -> None:
    assert read_instant(text) == datetime(2026, 11, 21, 13, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2026-11-21", "demain", "31/02/2026 14:00", "14:00", "0001-01-01T00:00", "", "9999-12-31"]
)
def test_what_is_no_instant_is_answered_with_the_rule(text: str) -> None:
    assert isinstance(read_instant(text), str)


def test_an_hour_skipped_in_spring_is_refused_and_the_doubled_one_in_autumn_is_the_first() -> None:
    assert "n'existe pas" in str(read_instant("29/03/2026 02:30"))
    assert read_instant("25/10/2026 02:30") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


READERS = [read_communes, read_professionals, read_slots, read_requests]


@given(raw=st.binary(max_size=400), reader=st.sampled_from(READERS))
def test_no_reader_ever_raises_whatever_the_bytes(raw: bytes, reader: object) -> None:
    for row in reader(io.BytesIO(raw)):  # type: ignore[operator]
        assert isinstance(row, BadRow | Commune | Professional | SlotLine | RequestLine)


FIELD = st.one_of(
    st.sampled_from(
        [
            "13214",
            "2A004",
            "10000000001",
            "P1",
            "750000001",
            "21/11/2026 14:00",
            "oui",
            "15",
            "AMB",
            "sas",
            "²",
            "9" * 30,
        ]
    ),
    st.text(max_size=12),
)


@given(rows=st.lists(st.lists(FIELD, max_size=9), max_size=5), reader=st.sampled_from(READERS))
def test_no_reader_ever_raises_below_a_good_header(rows: list[list[str]], reader: object) -> None:
    heading = HEADERS[reader]  # type: ignore[index]
    delimiter = next(each for each in ";|," if each in heading)
    lines = [heading, *(delimiter.join(row) for row in rows)]
    for row in reader(io.BytesIO("\n".join(lines).encode(errors="surrogatepass"))):  # type: ignore[operator]
        if isinstance(row, BadRow):
            assert row.change
            assert row.line >= 1


@pytest.mark.parametrize(
    "raw",
    [
        b"sep=;\nnom;age\nAda;36\n",
        b"\xef\xbb\xbfsep=;\r\nnom;age\r\nAda;36\r\n",
        b'"sep=,"\nnom,age\nAda,36\n',
        b"SEP = ;\n\nnom;age\nAda;36\n",
        b"sep=\t\nnom\tage\nAda\t36\n",
        "nom;âge\nAda;36\n".encode("cp1252"),
        b"nom;age\rAda;36\r",
        b"nom;age\r\nAda;36\r",
        "nom;age\n\u200bAda\u00a0;\u202f36\n".encode(),
        b"nom;age\nAda;'36\n",
        "nom;age\nAda;٣٦\n".encode(),
    ],
)
def test_what_a_spreadsheet_adds_on_its_own_does_not_change_the_line(raw: bytes) -> None:
    [only] = cells(raw)
    assert isinstance(only, Cells)
    assert only.values == {"nom": "Ada", "âge": "36"}


def test_a_line_keeps_its_number_whatever_ends_lines() -> None:
    assert [each.line for each in cells(b"sep=;\r\nnom;age\rAda;36\r\nBob;40\n")] == [3, 4]


@pytest.mark.parametrize(
    "text",
    [
        "21/11/26 14:00", "21.11.2026 14:00", "21-11-2026 14h", "21/11/2026\u00a014:00",
        "21/11/2026\u202f14\u202fh\u202f00",
        "21/11/2026 à 14h00", "21/11/2026, 14:00:00", "sam. 21/11/2026 14:00", "21 novembre 2026 14:00",
        "21 nov. 2026 14h",
        "46347,5833333333", "46347.583333", "2026/11/21 14:00", "٢١/١١/٢٠٢٦ ١٤:٠٠", "\ufeff2026-11-21T14:00",
    ],
)  # fmt: skip
def test_an_hour_is_read_as_people_and_spreadsheets_write_it(text: str) -> None:
    assert read_instant(text) == datetime(2026, 11, 21, 13, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["21/13/26 14:00", "21/11/2026 25:00", "46347", "31 novembre 2026 14:00", "21 nov 14:00"]
)
def test_what_names_no_hour_is_not_guessed(text: str) -> None:
    assert isinstance(read_instant(text), str)


def test_an_hour_without_offset_is_the_hour_of_the_place() -> None:
    assert read_instant("21/11/2026 08:00", zone_of("97411")) == datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
    assert read_instant("21/11/2026 08:00", zone_of("97209")) == datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
