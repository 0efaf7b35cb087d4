"""The communes of France, as their file writes them."""

import io
from pathlib import Path

import pytest

from services.files.communes import Commune, read_communes
from services.files.table import BadRow

HEADING = "insee_com,insee_dep,commune,commune_article,code_postal,commune_type,insee_parente,lat,lng,population_2021\n"


def read(rows: str) -> list[Commune | BadRow]:
    return list(read_communes(io.BytesIO((HEADING + rows).encode())))


def test_rows_of_one_code_become_one_commune_with_all_its_postal_codes() -> None:
    [villeneuve] = read(
        "2A004,2A,Essai,L'Essai,20000,COM,,41.92,8.70,73822\n2A004,2A,Essai,L'Essai,20090,COM,,41.92,8.70,73822\n"
    )
    assert villeneuve == Commune("2A004", "L'Essai", ("20000", "20090"), 41.92, 8.7, 73822, "2A", None, ())


def test_a_delegated_commune_is_a_former_name_of_the_one_it_became_part_of() -> None:
    [commune] = read(
        "01015,,Ancienne,Ancienne,01300,COMD,01015,45.7,5.6,667\n01015,01,Neuve,Neuve,01301,COM,,45.7,5.6,667\n"
    )
    assert isinstance(commune, Commune)
    assert (commune.name, commune.former_names, commune.postal_codes) == ("Neuve", ("Ancienne",), ("01300", "01301"))


def test_an_arrondissement_stands_alone_and_names_its_city() -> None:
    [commune] = read("13214,13,Essai 14e,Essai 14e,13014,ARM,13055,43.3,5.4,59948\n")
    assert isinstance(commune, Commune)
    assert commune.parent == "13055"


def test_overseas_departements_have_three_characters() -> None:
    [commune] = read("97411,974,Essai,Essai,97400,COM,,-20.9,55.5,153810\n")
    assert isinstance(commune, Commune)
    assert commune.departement == "974"


def test_a_commune_without_position_is_reported_at_its_line_and_columns() -> None:
    bad = read("60694,60,Essai,Essai,60390,COM,,,,543\n")
    assert [(each.line, each.column) for each in bad if isinstance(each, BadRow)] == [(2, "lat"), (2, "lng")]


def test_a_delegated_commune_without_its_commune_is_reported() -> None:
    [bad] = read("01015,,Ancienne,Ancienne,01300,COMD,01015,45.7,5.6,667\n")
    assert isinstance(bad, BadRow)
    assert "manque" in bad.change


@pytest.mark.reference
def test_the_whole_of_france_is_read(reference: Path) -> None:
    path = reference / "data/communes.csv"
    with path.open("rb") as lines:
        rows = list(read_communes(lines))
    communes = {row.insee: row for row in rows if isinstance(row, Commune)}
    assert len(communes) > 34_900
    assert communes["13214"].parent == "13055"
    assert communes["2A004"].departement == "2A"
    assert {row.value for row in rows if isinstance(row, BadRow) and row.column != "insee_com"} == {""}
