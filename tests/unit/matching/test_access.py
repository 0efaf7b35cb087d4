"""Who may see whom directly: conditions, the questions that decide, and what is said of the others."""

from datetime import date

from services.matching.sameday.access import Condition, DirectAccess, KnownPatient, answers_to, who_may

DAY = date(2026, 11, 24)
GP = DirectAccess("cystitis", "10")
PHARMACIST = DirectAccess(
    "cystitis", "21", 16, 65, "f", ("fever_or_pregnant", "recurrent"), "cystitis", valid_from=date(2024, 6, 19)
)
PHYSIO = (
    DirectAccess("sprain", "70", structures=("cds", "esp", "msp"), valid_from=date(2023, 8, 1)),
    DirectAccess("sprain", "70", departements=("2B", "83", "974"), valid_from=date(2025, 7, 15)),
)


def known(
    *, insee: str = "48095", day: date = DAY, age: int | None = 30, sex: str = "f", **answers: bool
) -> KnownPatient:
    return KnownPatient(day, insee, age, sex, answers)


def test_only_what_decides_is_asked_and_three_questions_at_most() -> None:
    rows = (GP, PHARMACIST)
    assert who_may(rows, known(sex="", age=None)).questions == ("age", "sex", "fever_or_pregnant")
    assert who_may(rows, known()).questions == ("fever_or_pregnant", "recurrent")
    assert who_may(rows, known(sex="m")).questions == ()
    assert who_may((GP, DirectAccess("cystitis", "10", sex="f")), known(sex="")).questions == ()
    decided = who_may(rows, known(fever_or_pregnant=False, recurrent=False))
    assert (decided.tokens, decided.professions, decided.questions) == (("10", "21+cystitis"), ["10", "21"], ())


def test_a_refusal_names_the_condition_and_who_comes_next() -> None:
    for patient, condition, flag in (
        (known(age=15), Condition.AGE, ""),
        (known(age=66), Condition.AGE, ""),
        (known(sex="m"), Condition.SEX, ""),
        (known(fever_or_pregnant=True), Condition.FLAG, "fever_or_pregnant"),
        (known(day=date(2024, 6, 18)), Condition.DATE, ""),
    ):
        [closed] = who_may((GP, PHARMACIST), patient).closed
        assert (closed.profession, closed.condition, closed.flag, closed.instead) == ("21", condition, flag, "10")


def test_a_departement_or_a_structure_opens_what_the_other_does_not() -> None:
    island, listed, elsewhere = ("97411", "83137", "13055")
    for insee in (island, listed):
        assert who_may(PHYSIO, known(insee=insee)).tokens == ("70+cds", "70+esp", "70+msp", "70")
    assert who_may(PHYSIO, known(insee=elsewhere)).tokens == ("70+cds", "70+esp", "70+msp")
    assert who_may(PHYSIO, known(insee=listed, day=date(2025, 7, 14))).tokens == ("70+cds", "70+esp", "70+msp")
    assert [each.condition for each in who_may(PHYSIO[1:], known(insee=elsewhere)).closed] == [Condition.DEPARTEMENT]


def test_who_gives_the_care_answers_with_their_training_and_structures() -> None:
    assert answers_to(["21+cystitis"], "21", ["cystitis"])
    assert not answers_to(["21+cystitis"], "21", ["msp"])
    assert not answers_to(["21+?"], "21", ["cystitis"])
    both = DirectAccess("x", "60", training="ipa", structures=("msp",)).tokens
    assert answers_to(both, "60", ["ipa", "msp"])
    assert not answers_to(both, "60", ["msp"])
