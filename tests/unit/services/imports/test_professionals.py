"""The public extraction of the RPPS. No row of it is published here: all of these are made up."""

import io
from pathlib import Path

import pytest

from services.files.professionals import Professional, read_professionals
from services.files.table import BadRow

NEW = (
    "Type d'identifiant PP|Identifiant PP|Identification nationale PP|Nom d'exercice|Prénom d'exercice|Code profession|"
    "Code type savoir-faire|Code savoir-faire|Code mode exercice|Numéro SIRET site|Numéro FINESS site|"
    "Raison sociale site|Enseigne commerciale site|Numéro Voie (coord. structure)|"
    "Indice répétition voie (coord. Structure)|"
    "Libellé type de voie (coord. structure)|Libellé Voie (coord. structure)|Code postal (coord. structure)|"
    "Code commune (coord. structure)|Téléphone (coord. structure)|Ancien identifiant de la structure|"
)
CABINET = (
    "8|10000000001|810000000001|EXEMPLE|Alpha|10|S|SM53|L|12345678900011||CABINET EXEMPLE|"
    "|3|B|rue|de l'Essai|13014|13214|04 00 00 00 01|410000000001001|"
)
CLINIC = (
    "8|10000000001|810000000001|EXEMPLE|Alpha|10|S|SM26|S||130000001|CLINIQUE EXEMPLE|"
    "|||avenue|Modèle|13015|13215||1130000001|"
)


def read(*rows: str, heading: str = NEW, communes: set[str] | None = None) -> list[Professional | BadRow]:
    return list(read_professionals(io.BytesIO("\n".join([heading, *rows]).encode()), communes))


def test_the_rows_of_one_person_become_one_professional_with_every_place() -> None:
    [found] = read(CABINET, CLINIC, CABINET)
    assert isinstance(found, Professional)
    assert (found.rpps, found.family, found.given, found.profession) == ("10000000001", "EXEMPLE", "Alpha", "10")
    assert found.specialties == ("SM26", "SM53")
    cabinet, clinic = found.places
    assert (cabinet.siret, cabinet.finess, cabinet.rank) == ("12345678900011", "", "10000000001001")
    assert (cabinet.address, cabinet.insee, cabinet.phone) == ("3 B rue de l'Essai", "13214", "0400000001")
    assert (clinic.finess, clinic.rank, clinic.name) == ("130000001", "", "CLINIQUE EXEMPLE")


def test_an_older_spelling_and_absent_columns_are_read_too() -> None:
    heading = "Identifiant PP|Nom d'exercice|Code profession|Code commune (structure)|"
    [found] = read("810000000002|EXEMPLE|60|2A004|", heading=heading)
    assert isinstance(found, Professional)
    assert (found.rpps, found.places[0].insee) == ("10000000002", "2A004")


def test_prefixed_numbers_lose_their_prefix() -> None:
    [found] = read(CABINET.replace("12345678900011||", "312345678900011|1130000002|"))
    assert isinstance(found, Professional)
    assert (found.places[0].siret, found.places[0].finess) == ("12345678900011", "130000002")


@pytest.mark.parametrize(
    ("siret", "finess", "former", "key"),
    [
        ("12345678900011", "130000002", "410000000001001", "finess:130000002"),
        ("12345678900011", "", "410000000001001", "siret:12345678900011"),
        ("", "", "410000000001001", "rang:10000000001001"),
        ("", "", "10000000001001", "rang:10000000001001"),
        ("", "", "R10100000012345", "structure:R10100000012345"),
        ("", "", "", "rpps:10000000001:13214:3 b rue de l'essai"),
    ],
)
def test_a_place_is_known_by_finess_before_siret_before_rank(siret: str, finess: str, former: str, key: str) -> None:
    row = CABINET.replace("12345678900011||", f"{siret}|{finess}|").replace("410000000001001", former)
    [found] = read(row)
    assert isinstance(found, Professional)
    assert found.places[0].key(found.rpps) == key


def test_a_person_without_any_place_is_kept_without_one() -> None:
    [found] = read("8|10000000003|810000000003|EXEMPLE|Beta|21|" + "|" * 15)
    assert isinstance(found, Professional)
    assert found.places == ()


def test_only_who_practises_in_the_asked_communes_is_kept() -> None:
    [found] = read(CABINET, CLINIC, communes={"13215"})
    assert isinstance(found, Professional)
    assert [place.insee for place in found.places] == ["13215"]


def test_a_number_that_is_none_is_reported_with_its_column() -> None:
    [bad] = read(CABINET.replace("10000000001", "ABC"))
    assert isinstance(bad, BadRow)
    assert (bad.line, bad.column, bad.value) == (2, "Identifiant PP", "ABC")


@pytest.mark.reference
def test_the_published_headings_are_all_recognised(reference: Path) -> None:
    folder = reference / "annuaire/extraction"
    published = (folder / "PS_LibreAcces_Personne_activite.columns.txt").read_text().splitlines()
    heading = "|".join(line.split("\t")[1] for line in published) + "|"
    row = ["" for _ in published]
    for index, value in ((1, "10000000004"), (7, "EXEMPLE"), (9, "10"), (15, "SM54"), (36, "48095"), (46, "4x")):
        row[index] = value
    [found] = read("|".join(row) + "|", heading=heading)
    assert isinstance(found, Professional)
    assert (found.specialties, found.places[0].insee, found.places[0].other) == (("SM54",), "48095", "4x")
    older = (folder / "Extraction_ProSanteConnect.header-only.txt").read_text().splitlines()[0]
    assert read(heading=older) == []
