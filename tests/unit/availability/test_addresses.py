"""Addresses as registers and people write them, in the three parts the SAS wants."""

import pytest

from services.availability.core.addresses import parts_of

TOULOUSE = ("31000", "31100", "31200", "31300", "31400", "31500")


@pytest.mark.parametrize(
    ("written", "line", "code", "town"),
    [
        ("5 RUE DES ESSAIS, 31500", "5 RUE DES ESSAIS", "31500", "Toulouse"),
        ("5 rue des Essais 31500", "5 rue des Essais", "31500", "Toulouse"),
        (", 31500", "Cabinet", "31500", "Toulouse"),
        ("31500", "Cabinet", "31500", "Toulouse"),
        ("31500 Toulouse", "Cabinet", "31500", "Toulouse"),
        ("F-31500 Toulouse", "Cabinet", "31500", "Toulouse"),
        ("5 rue des Essais, 31500 Toulouse", "5 rue des Essais", "31500", "Toulouse"),
        ("5 rue des Essais - 31 500 Toulouse - France", "5 rue des Essais", "31500", "Toulouse"),
        ("5 rue des Essais, Toulouse 31500", "5 rue des Essais", "31500", "Toulouse"),
        ("12345 route de l'Essai 31500 Toulouse", "12345 route de l'Essai", "31500", "Toulouse"),
        ("31250 route de l'Essai", "31250 route de l'Essai", "31000", "Toulouse"),
        ("5 rue des Essais\n31059 TOULOUSE CEDEX 9", "5 rue des Essais", "31059", "TOULOUSE CEDEX 9"),
        ("BP 31500, 5 rue des Essais, 31100 Toulouse", "BP 31500, 5 rue des Essais", "31100", "Toulouse"),
        ("5 rue des Essais", "5 rue des Essais", "31000", "Toulouse"),
        ("", "Cabinet", "31000", "Toulouse"),
    ],
)
def test_what_an_address_leaves_out_is_its_communes(written: str, line: str, code: str, town: str) -> None:
    assert parts_of(written, codes=TOULOUSE, town="Toulouse", name="Cabinet") == (line, code, town)


def test_overseas_and_corsica_keep_their_postal_code() -> None:
    overseas = ("97400", "97417", "97490")
    assert parts_of("1 rue X, 97490", codes=overseas, town="Saint-Denis", name="")[1] == "97490"
    assert parts_of("1 rue X, 20600 Bastia", codes=("20200", "20600"), town="Bastia", name="")[1] == "20600"
    assert parts_of("1 rue X, 13 001 Marseille", codes=("13001",), town="Marseille", name="")[1] == "13001"
