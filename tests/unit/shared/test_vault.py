"""Patients' fields at rest."""

import pytest

from shared.patients.vault import KeyLost, Vault

OLD, NEW = {"2025": bytes(32)}, {"2025": bytes(32), "2026": bytes(range(32))}
PATIENT = {"name": "Test TEST", "phone": "+33100000000"}


def test_what_is_sealed_opens_again_and_does_not_show() -> None:
    sealed = Vault(NEW).seal(PATIENT, cpts_id="c", row_id="r")
    assert b"TEST" not in sealed
    assert Vault(NEW).open(sealed, cpts_id="c", row_id="r") == PATIENT


def test_a_former_key_still_opens_and_the_new_one_seals() -> None:
    sealed = Vault(OLD).seal(PATIENT, cpts_id="c", row_id="r")
    assert Vault(NEW).open(sealed, cpts_id="c", row_id="r") == PATIENT
    assert Vault(NEW).seal(PATIENT, cpts_id="c", row_id="r").startswith(b"2026:")


@pytest.mark.parametrize(("cpts_id", "row_id"), [("other", "r"), ("c", "other")])
def test_a_sealed_value_moved_to_another_row_or_cpts_does_not_open(cpts_id: str, row_id: str) -> None:
    sealed = Vault(NEW).seal(PATIENT, cpts_id="c", row_id="r")
    with pytest.raises(KeyLost):
        Vault(NEW).open(sealed, cpts_id=cpts_id, row_id=row_id)


def test_a_changed_byte_does_not_open() -> None:
    sealed = bytearray(Vault(NEW).seal(PATIENT, cpts_id="c", row_id="r"))
    sealed[-1] ^= 1
    with pytest.raises(KeyLost):
        Vault(NEW).open(bytes(sealed), cpts_id="c", row_id="r")


def test_a_key_that_is_gone_or_is_another_under_the_same_name_is_said_to_be_lost() -> None:
    sealed = Vault(NEW).seal(PATIENT, cpts_id="c", row_id="r")
    for other in (OLD, {"2026": bytes(32)}):
        with pytest.raises(KeyLost):
            Vault(other).open(sealed, cpts_id="c", row_id="r")
