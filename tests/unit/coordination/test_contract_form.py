"""A contract as people write it: read, refused with what to change, and begun from the terms."""

import tomllib
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import services.coordination as coordination
from services.coordination.core.contract_form import draft, read_contract
from services.coordination.core.terms import AciTerms, read_terms
from tests.unit.coordination.rows import rules, told

SHIPPED = Path(str(coordination.__file__)).with_name("terms.toml")


@pytest.fixture(scope="module")
def terms() -> AciTerms:
    """The terms that an installation starts from."""
    found, broken = read_terms(tomllib.loads(SHIPPED.read_text(encoding="utf-8")))
    assert not broken, [told(each) for each in broken]
    return found


def a_contract(terms: AciTerms, population: int = 100_000) -> dict[str, Any]:
    """What a coordinator of so many inhabitants begins from."""
    return draft(
        terms, starts_on=date(2026, 4, 15), population=population, label_set="avenant_2", remainder="À préciser"
    )


@pytest.mark.parametrize("population", [12_000, 60_000, 100_000, 300_000])
def test_what_one_begins_from_keeps_every_rule(terms: AciTerms, population: int) -> None:
    given = a_contract(terms, population)
    contract, broken = read_contract(given, terms)
    assert not broken, [told(each) for each in broken]
    assert contract.ends_on == date(2031, 4, 14)
    assert {mission.code for mission in contract.missions} == {"acces_soins", "parcours", "prevention", "crise"}


def test_the_real_size_three_contract_pays_what_it_says(terms: AciTerms) -> None:
    contract, _ = read_contract(a_contract(terms), terms)
    weights = {mission.code: sum(each.weight_cents for each in mission.indicators) for mission in contract.missions}
    assert weights == {"acces_soins": 3_500_000, "parcours": 4_500_000, "prevention": 1_750_000, "crise": 6_750_000}


def test_the_sum_that_a_real_contract_got_wrong_is_told(terms: AciTerms) -> None:
    given = a_contract(terms)
    given["missions"][0]["indicators"][1] |= {"target": 68_811, "stated_gap": 700}
    _, broken = read_contract(given, terms)
    assert rules(broken) == [("missions.acces_soins.indicators.1.target", "gap")]
    assert "66\u202f111 + 700 = 66\u202f811, mais le contrat écrit 68\u202f811" in told(broken[0])


@pytest.mark.parametrize(
    ("path", "value", "field", "rule"),
    [
        (("starts_on",), "15/04/2026", "starts_on", "not_a_day"),
        (("starts_on",), None, "starts_on", "missing"),
        (("ends_on",), "2026-04-15", "ends_on", "ends_first"),
        (("size",), 2, "size", "size"),
        (("population",), -1, "population", "not_whole"),
        (("missions",), "toutes", "missions", "not_a_list"),
        (("missions", 0), "acces_soins", "missions.0", "not_an_object"),
        (("missions", 0, "parts", "variable"), "beaucoup", "missions.0.parts.variable", "not_a_number"),
        (
            ("missions", 0, "indicators", 5, "formula"),
            "open(1)",
            "missions.0.indicators.5.formula",
            "formula_name_unknown",
        ),
        (
            ("missions", 0, "indicators", 0, "weight_eur"),
            8999,
            "missions.acces_soins.indicators.0.steps",
            "steps_weight",
        ),
        (("missions", 0, "indicators", 0, "kind"), "magic", "missions.0.indicators.0.kind", "not_one_of"),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(
    terms: AciTerms, path: tuple[str | int, ...], value: object, field: str, rule: str
) -> None:
    given = deepcopy(a_contract(terms))
    at: Any = given
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    _, broken = read_contract(given, terms)
    assert (field, rule) in rules(broken)
    assert all(told(each, language) for each in broken for language in ("fr", "en"))


@pytest.mark.parametrize(
    "given", [{}, {"missions": None}, {"missions": [None, 3, []]}, {"size": "NaN", "missions": {}}]
)
def test_nonsense_is_refused_never_a_crash(terms: AciTerms, given: dict[str, Any]) -> None:
    assert read_contract(given, terms)[1]
