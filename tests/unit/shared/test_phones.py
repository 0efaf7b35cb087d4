"""Numbers as French people write them, called as they were meant."""

import pytest

from shared.typed.phones import digits, e164, french, link

MARSEILLE = "+33491000000"


@pytest.mark.parametrize(
    "written",
    [
        "04 91 00 00 00", "04.91.00.00.00", "04-91-00-00-00", "04/91/00/00/00", "0491000000", "(04) 91 00 00 00",
        "+33 4 91 00 00 00", "+33 (0)4 91 00 00 00", "(+33) 4 91 00 00 00", "+330491000000", "0033 4 91 00 00 00",
        "0033 (0)4 91 00 00 00", "33491000000", "330491000000", "491000000", "491000000.0", "tel:+33-4-91-00-00-00",
        "Tél. : 04 91 00 00 00", "04\u202f91\u202f00\u202f00\u202f00", "04\u00a091\u00a000\u00a000\u00a000",
        "\u200b04 91 00 00 00\u200e", "04\u201191\u201100\u201100\u201100", "٠٤٩١٠٠٠٠٠٠", "０４９１００００００",
        "04 91 00 00 00 poste 12", "04 91 00 00 00 #12", "04 91 00 00 00 (secrétariat)",
        "04 91 00 00 00 / 06 12 34 56 78", "04 91 00 00 00/06 12 34 56 78", "04 91 00 00 00 ou 06 12 34 56 78",
        "04/91/00/00/00 / 06/12/34/56/78", "04 91 00 00 00;0612345678", "04910000000612345678",
        "04 91 00 00 00 +33612345678", "04 91 00 00 00/01", "04 91 00 00 00/01/02", "0262 / 04 91 00 00 00",
    ],
)  # fmt: skip
def test_a_number_of_the_mainland_is_read_however_it_is_written(written: str) -> None:
    assert e164(written) == MARSEILLE


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("0692 12 34 56", "+262692123456"), ("0693 12 34 56", "+262693123456"), ("0262 12 34 56", "+262262123456"),
        ("0639 01 23 45", "+262639012345"), ("0269 60 12 34", "+262269601234"), ("0590 12 34 56", "+590590123456"),
        ("0690 12 34 56", "+590690123456"), ("0691 12 34 56", "+590691123456"), ("0596 12 34 56", "+596596123456"),
        ("0696 12 34 56", "+596696123456"), ("0697 12 34 56", "+596697123456"), ("0594 12 34 56", "+594594123456"),
        ("0694 12 34 56", "+594694123456"), ("+262 (0)692 12 34 56", "+262692123456"),
        ("262692123456", "+262692123456"), ("0262692123456", "+262692123456"), ("00262 692 12 34 56", "+262692123456"),
        ("+33 692 12 34 56", "+262692123456"), ("0033 596 12 34 56", "+596596123456"),
        ("0709 00 12 34", "+590709001234"),
    ],
)  # fmt: skip
def test_the_first_digits_name_the_departement_overseas(written: str, expected: str) -> None:
    assert e164(written) == french(written) == expected


@pytest.mark.parametrize(
    ("written", "insee", "expected"),
    [
        ("41 22 33", "97502", "+508412233"),
        ("0508 41 22 33", "97502", "+508412233"),
        ("25 12 34", "98818", "+687251234"),
        ("0976 01 23 45", "97105", "+590976012345"),
        ("04 91 00 00 00", "97411", MARSEILLE),
        ("0692 12 34 56", "13214", "+262692123456"),
    ],
)
def test_the_place_decides_where_the_digits_do_not(written: str, insee: str, expected: str) -> None:
    assert e164(written, insee) == expected


@pytest.mark.parametrize(
    "written", ["", "15", "3114", "04 91 00 00 0", "04910000001", "poste 12", "06 12 34 56", "4.9E8"]
)
def test_what_is_no_number_of_ten_digits_is_none(written: str) -> None:
    assert e164(written) == ""


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("15", "tel:15"),
        ("3114", "tel:3114"),
        ("116 117", "tel:116117"),
        ("112", "tel:112"),
        ("33", ""),
        ("accueil", ""),
    ],
)
def test_short_numbers_can_be_pressed_too(written: str, expected: str) -> None:
    assert link(written) == expected


def test_a_number_of_another_country_is_called_and_not_sent_to_the_sas() -> None:
    assert (e164("+32 2 555 12 12"), french("+32 2 555 12 12")) == ("+3225551212", "")


def test_a_number_whose_block_no_list_knows_yet_is_dialled_as_written() -> None:
    assert (e164("07 00 00 00 00"), link("07 00 00 00 00")) == ("", "tel:0700000000")


def test_a_directory_keeps_the_first_number_as_one_dials_it() -> None:
    assert digits("+33 (0)4 91 00 00 00 / 06 12 34 56 78") == "0491000000"


def test_ten_digits_of_the_mainland_are_dialled_as_written_and_others_with_their_country() -> None:
    assert link("06 00 00 00 00") == "tel:0600000000"
    assert link("0692 12 34 56") == "tel:+262692123456"
    assert link("+33 (0)6 00 00 00 00") == "tel:+33600000000"
