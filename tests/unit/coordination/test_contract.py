"""The contract: what it must keep; each broken rule says what to change."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from services.coordination.core.contract import (
    AciContract,
    Lateness,
    Mission,
    add_months,
    check_contract,
    deadlines,
)
from services.coordination.core.indicators import (
    DatedFigure,
    Direction,
    Goal,
    Indicator,
    Part,
    Threshold,
    check_figure,
    check_indicator,
    earn,
)
from services.coordination.core.terms import read_terms
from tests.unit.coordination.rows import ROWS, rules, told

TERMS, NOTHING_WRONG = read_terms(ROWS)
WITH_DOCTOR = Indicator(
    "16 ans et plus avec MT", Goal.TARGET, 500_000, Direction.UP, Decimal(66_111), Decimal(66_811), Decimal(700)
)
ALD = TERMS.examples[0][1]
CRISIS = (
    Indicator("Actions", Goal.COUNT, 6_750_000, part=Part.CRISIS_ONLY),
    Indicator("Plan", Goal.DELIVERABLE, 2_250_000, part=Part.FIXED),
)
CONTRACT = AciContract(
    starts_on=date(2022, 4, 15),
    ends_on=date(2027, 4, 14),
    size=3,
    population=121_000,
    label_set="avenant_2",
    missions=(
        Mission("acces_soins", {Part.FIXED: 9_000_000, Part.VARIABLE: 1_400_000}, (WITH_DOCTOR, ALD)),
        Mission("crise", {Part.FIXED: 2_250_000, Part.CRISIS_ONLY: 6_750_000}, CRISIS),
    ),
)


def with_indicator(**changes: Any) -> AciContract:
    access = CONTRACT.missions[0]
    changed = replace(access, indicators=(replace(WITH_DOCTOR, **changes), ALD))
    return replace(CONTRACT, missions=(changed, CONTRACT.missions[1]))


def test_a_sound_contract_breaks_nothing() -> None:
    assert NOTHING_WRONG == []
    assert list(check_contract(CONTRACT, TERMS)) == []


def test_a_contract_that_adds_wrongly_is_told_so() -> None:
    (broken,) = check_contract(with_indicator(target=Decimal(68_811)), TERMS)
    assert (broken.field, broken.rule) == ("missions.acces_soins.indicators.0.target", "gap")
    assert told(broken).replace("\u202f", " ") == (
        "66 111 + 700 = 66 811, mais le contrat écrit 68 811. Écrivez 66 811 comme cible, ou un écart de 2 700."
    )
    assert told(broken, "en").startswith("66,111 + 700 = 66,811, but the contract says 68,811.")


@pytest.mark.parametrize(
    ("changes", "field", "rule"),
    [
        ({"weight_cents": 490_000}, "missions.acces_soins.weights.variable", "weights_below"),
        ({"weight_cents": 500_001}, "missions.acces_soins.weights.variable", "weights_above"),
        ({"direction": None}, "missions.acces_soins.indicators.0.direction", "direction_missing"),
        ({"direction": Direction.DOWN}, "missions.acces_soins.indicators.0.target", "step_behind"),
        ({"label": " "}, "missions.acces_soins.indicators.0.label", "missing"),
        ({"target": None}, "missions.acces_soins.indicators.0.target", "target_missing"),
        (
            {"period": (date(2026, 1, 1), date(2026, 12, 31))},
            "missions.acces_soins.indicators.0.period",
            "period_outside_year",
        ),
        (
            {"period": (date(2021, 4, 15), date(2022, 4, 14))},
            "missions.acces_soins.indicators.0.period",
            "period_outside_contract",
        ),
        ({"period": (date(2026, 4, 15), date(2026, 4, 1))}, "missions.acces_soins.indicators.0.period", "ends_first"),
    ],
)
def test_a_broken_rule_names_its_field(changes: dict[str, Any], field: str, rule: str) -> None:
    assert rules(check_contract(with_indicator(**changes), TERMS)) == [(field, rule)]


def test_a_period_that_fills_its_contract_year_is_right() -> None:
    whole = with_indicator(period=(date(2026, 4, 15), date(2027, 4, 14)))
    assert list(check_contract(whole, TERMS)) == []


@pytest.mark.parametrize(
    ("steps", "rule"),
    [
        (((219, 3000), (100, 6000), (100, 9000)), "step_twice"),
        (((219, 6000), (100, 3000), (50, 9000)), "steps_order"),
        (((219, 3000), (100, 6000)), "steps_weight"),
        (((220, 3000), (50, 9000)), "step_behind"),
        ((), "steps_missing"),
    ],
)
def test_steps_rise_to_the_weight(steps: tuple[tuple[int, int], ...], rule: str) -> None:
    found = replace(ALD, steps=tuple(Threshold(Decimal(at), eur * 100) for at, eur in steps))
    assert [each.rule for each in check_indicator(found)] == [rule]


def test_the_set_of_missions_is_kept() -> None:
    access, crisis = CONTRACT.missions
    several = replace(CONTRACT, missions=(access, access, Mission("snp")))
    assert rules(check_contract(several, TERMS)) == [
        ("missions", "mission_twice"),
        ("missions", "mission_unknown"),
        ("missions", "mission_missing"),
    ]
    assert rules(check_contract(replace(CONTRACT, label_set="autre"), TERMS)) == [("label_set", "label_set_unknown")]
    early = replace(crisis, started_on=date(2022, 4, 14), deployed_on=date(2022, 4, 1))
    assert rules(check_contract(replace(CONTRACT, missions=(access, early)), TERMS)) == [
        ("missions.crise.started_on", "started_before"),
        ("missions.crise.deployed_on", "deployed_unstarted"),
    ]


def test_the_size_is_that_of_the_population() -> None:
    assert rules(check_contract(replace(CONTRACT, size=2), TERMS)) == [("size", "size")]
    assert rules(check_contract(replace(CONTRACT, size=4, population=175_000), TERMS)) == []
    assert rules(check_contract(replace(CONTRACT, ends_on=CONTRACT.starts_on), TERMS)) == [("ends_on", "ends_first")]


def test_contract_years_run_between_anniversaries() -> None:
    assert CONTRACT.year_of(date(2026, 4, 14)) == (date(2025, 4, 15), date(2026, 4, 14))
    assert CONTRACT.year_of(date(2026, 4, 15)) == (date(2026, 4, 15), date(2027, 4, 14))
    assert CONTRACT.year_of(date(2027, 4, 15)) is None
    leap = replace(CONTRACT, starts_on=date(2024, 2, 29), ends_on=date(2029, 2, 27))
    assert leap.year_of(date(2028, 2, 28)) == (date(2027, 2, 28), date(2028, 2, 28))
    assert leap.year_of(date(2028, 2, 29)) == (date(2028, 2, 29), date(2029, 2, 27))
    assert add_months(date(2026, 8, 31), 6) == date(2027, 2, 28)


def test_late_missions_are_seen() -> None:
    access, crisis = CONTRACT.missions
    started = replace(access, started_on=date(2022, 9, 1))
    contract = replace(CONTRACT, missions=(started, crisis, Mission("qualite")))

    def late(today: date) -> list[Lateness | None]:
        return [each.late for each in deadlines(contract, TERMS, today)]

    assert late(date(2022, 10, 15)) == [None, None, None]
    assert late(date(2022, 10, 16)) == [None, Lateness.START, None]
    assert late(date(2023, 10, 16)) == [Lateness.DEPLOYMENT, Lateness.START, None]
    assert [each.deploy_by for each in deadlines(contract, TERMS, date(2023, 1, 1))] == [
        date(2023, 10, 15),
        date(2023, 10, 15),
        None,
    ]


@pytest.mark.parametrize(
    ("value", "eur", "following"),
    [(220, 0, 219), (219, 3000, 100), (101, 3000, 100), (100, 6000, 50), (50, 9000, None), (0, 9000, None)],
)
def test_steps_pay_the_best_reached(value: int, eur: int, following: int | None) -> None:
    earned = earn(ALD, value)
    assert earned
    assert (earned.cents, earned.following and earned.following.at) == (eur * 100, following)


def test_targets_counts_and_deliverables_pay() -> None:
    def cents(indicator: Indicator, value: Any) -> int | None:
        earned = earn(indicator, value)
        return earned.cents if earned else None

    assert [cents(WITH_DOCTOR, n) for n in (66_810, 66_811, None)] == [0, 500_000, None]
    meetings = Indicator("Réunions", Goal.COUNT, 300_000, target=Decimal(4))
    assert [cents(meetings, n) for n in (3, 4)] == [0, 300_000]
    assert [cents(replace(meetings, each_cents=80_000), n) for n in (0, 3, 4)] == [0, 240_000, 300_000]
    assert [cents(CRISIS[1], n) for n in (0, 1)] == [0, 2_250_000]
    share = Indicator("Sein", Goal.TARGET, 1, Direction.UP, target=Decimal("69.70"))
    assert [cents(share, Fraction(697, 10)), cents(share, Fraction(6969, 100))] == [1, 0]


def test_a_figure_has_a_source_a_day_and_its_share() -> None:
    right = DatedFigure(Decimal("66.26"), "CPAM", date(2026, 6, 30), 6_626, 10_000)
    assert list(check_figure(right)) == []
    assert rules(check_figure(replace(right, source="", dated=None))) == [
        ("source", "source_missing"),
        ("dated", "date_missing"),
    ]
    assert rules(check_figure(replace(right, numerator=6_627))) == [("value", "not_the_share")]
    assert rules(check_figure(replace(right, denominator=0))) == [("denominator", "nothing_to_divide_by")]
    assert rules(check_figure(replace(right, value=Decimal("66.3"), numerator=6_626))) == []
    later = (date(2026, 7, 1), date(2026, 12, 31))
    assert rules(check_figure(replace(right, period=later))) == [("dated", "dated_before")]
