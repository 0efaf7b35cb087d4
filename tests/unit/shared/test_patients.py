"""What is said of a patient, taken as it was meant or refused by its name."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from shared.outside.asked import is_national_number
from shared.patients.patient import Patient, show_patient
from shared.refusals import Invalid

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("1951-07-14", "1951-07-14"), ("1951", "1951"), ("1951-07", "1951-07"), ("14/07/1951", "1951-07-14"),
        ("4.7.1951", "1951-07-04"), ("1951\u201107\u201114", "1951-07-14"), ("١٩٥١", "1951"), ("", None), (None, None),
    ],
)  # fmt: skip
def test_a_date_of_birth_is_kept_as_far_as_it_is_known(said: str | None, kept: str | None) -> None:
    assert Patient.model_validate({"birth_date": said}).birth_date == kept


@pytest.mark.parametrize(
    "said",
    ["0", "86400", 0, 86400, "202510", "19510714", "1800-01-01", "31/02/1951", "1951-13", "hier", "51", "07/14/1951"],
)
def test_a_number_of_seconds_or_no_day_is_no_date_of_birth(said: object) -> None:
    with pytest.raises(ValidationError) as refused:
        Patient.model_validate({"birth_date": said})
    assert refused.value.errors()[0]["type"] == "birth_date"


@pytest.mark.parametrize("said", ["2090-01-01", "2090", "2026-12", "2026-11-26"])
def test_nobody_is_born_tomorrow(said: str) -> None:
    with pytest.raises(Invalid) as refused:
        Patient(birth_date=said).refuse_unborn(NOW)
    assert refused.value.extra["field"] == "patient.birth_date"


@pytest.mark.parametrize("said", ["2026", "2026-11", "2026-11-24", None])
def test_a_child_may_be_of_today_or_of_this_year(said: str | None) -> None:
    Patient(birth_date=said).refuse_unborn(NOW)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("06\u00a000\u00a000\u00a000\u00a000", "06 00 00 00 00"),
        ("06\u202f00\u202f00\u202f00\u202f00", "06 00 00 00 00"),
        ("06/00/00/00/00", "06/00/00/00/00"), ("tel:+33600000000", "+33600000000"), ("Tél : 0600000000", "0600000000"),
        ("0600000000 poste 12", "0600000000 poste 12"), ("06‑00‑00‑00‑00", "06-00-00-00-00"), ("  ", ""),
        ("0262 00 00 00 ou 0692 00 00 00", "0262 00 00 00 ou 0692 00 00 00"), ("07 00 00 00 00", "07 00 00 00 00"),
    ],
)  # fmt: skip
def test_a_phone_is_taken_as_people_write_it(said: str, kept: str) -> None:
    assert Patient(phone=said).phone == kept


@pytest.mark.parametrize("said", ["06 00 00", "voisine", "12", "06 00 00 00 0", "06 00 00 00 00 0"])
def test_a_number_nobody_can_call_is_refused(said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Patient(phone=said)
    assert refused.value.errors()[0]["type"] == "phone_number"


def test_signs_nobody_sees_do_not_hide_a_national_number() -> None:
    hidden = "1 85 05\u200b 78 006 084 91".replace("8", "٨")
    with pytest.raises(ValidationError) as refused:
        Patient(note=hidden)
    assert is_national_number(refused.value.errors()[0])


def test_the_link_to_call_is_made_where_the_patient_is_shown() -> None:
    assert show_patient({"phone": "+33 (0)6 00 00 00 00"})["call"] == "tel:+33600000000"
    assert "call" not in show_patient({"name": "FICTIF", "phone": ""})
