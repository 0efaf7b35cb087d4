"""A social security number is recognised however it is written, and other numbers are let through."""

import pytest

from shared.outside.nir import PatientNumberRefused, holds_nir, refuse_nir


def with_key(number: str) -> str:
    """A made-up number with its right key."""
    digits = int(number.replace("2A", "19").replace("2B", "18"))
    return f"{number}{97 - digits % 97:02}"


@pytest.mark.parametrize(
    "number", ["2550814168025", "1991213055999", "284052A004123", "177032B033456", "8991299999999"]
)
@pytest.mark.parametrize("written", ["{0}", "vu {0}.", "{0[0]} {0[1]}{0[2]} {0[3]}{0[4]} {1}", "NIR:{0}!"])
def test_a_valid_number_is_recognised_however_it_is_written(number: str, written: str) -> None:
    whole = with_key(number)
    text = written.format(whole, f"{whole[5:7]} {whole[7:10]} {whole[10:13]} {whole[13:]}")
    assert holds_nir(text)
    with pytest.raises(PatientNumberRefused):
        refuse_nir("note", text)


@pytest.mark.parametrize(
    "text",
    ["", "06 00 00 00 00", "255081416802500", "+33 6 12 34 56 78 90 12 34 5", "FINESS 130012345, SIRET 12345678901234"],
)
def test_other_numbers_are_let_through(text: str) -> None:
    refuse_nir("note", text)


def test_an_ins_identifier_is_refused_by_its_oid() -> None:
    for oid in ("1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.10"):
        with pytest.raises(PatientNumberRefused):
            refuse_nir("note", f"urn:oid:{oid}|…")
    refuse_nir("note", "1.2.250.1.213.1.4.80")
