"""Dated rows as they are read; every rule of the core has its sentence in every language."""

import json
import re
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from services.coordination.core.broken import write_value
from services.coordination.core.indicators import Part
from services.coordination.core.rows import RowStatus
from services.coordination.core.terms import read_terms
from shared.wording.labels import LANGUAGES, wording
from tests.unit.coordination.rows import ROWS, rules, told

CORE = Path(__file__).parents[3] / "services" / "coordination" / "core"
TERMS, _ = read_terms(ROWS)


def test_rows_are_read_with_their_status() -> None:
    assert ROWS["amounts"][0]["eur"] * 100 == TERMS.amounts_of(3, "acces_soins", date(2026, 1, 1))[Part.VARIABLE].cents
    assert TERMS.amounts_of(3, "acces_soins", date(2022, 3, 30)) == {}
    assert {row.validity.status for row in TERMS.missions_of("plaquette", date(2026, 1, 1)).values()} == {
        RowStatus.UNVERIFIED
    }
    assert [row.compulsory for row in TERMS.missions_of("plaquette", date(2026, 1, 1)).values()] == [True, False]


@pytest.mark.parametrize(
    ("name", "change", "field", "rule"),
    [
        ("amounts", {"eur": "beaucoup"}, "amounts.0.eur", "not_a_number"),
        ("amounts", {"eur": float("nan")}, "amounts.0.eur", "not_a_number"),
        ("amounts", {"eur": -1}, "amounts.0.eur", "not_an_amount"),
        ("amounts", {"eur": 0.001}, "amounts.0.eur", "not_an_amount"),
        ("amounts", {"size": 2.5}, "amounts.0.size", "not_whole"),
        ("amounts", {"mission": ""}, "amounts.0.mission", "missing"),
        ("amounts", {"part": "reste"}, "amounts.0.part", "not_one_of"),
        ("amounts", {"status": "sûr"}, "amounts.0.status", "not_one_of"),
        ("amounts", {"source": ""}, "amounts.0.source", "source_missing"),
        ("amounts", {"valid_from": "31/03/2022"}, "amounts.0.valid_from", "not_a_day"),
        ("amounts", {"valid_to": "2022-03-30"}, "amounts.0.valid_to", "validity_reversed"),
        ("sizes", {"max": 30_000}, "sizes.0.max", "band_reversed"),
        ("example_indicators", {"steps": [[219], [50, 9000]]}, "example_indicators.0.steps.0", "not_a_step"),
        ("example_indicators", {"weight_eur": 1}, "example_indicators.0.steps", "steps_weight"),
    ],
)
def test_a_row_that_does_not_fit_says_what_to_change(name: str, change: dict[str, Any], field: str, rule: str) -> None:
    _, broken = read_terms({**ROWS, name: [{**ROWS[name][0], **change}, *ROWS[name][1:]]})
    assert rules(broken) == [(field, rule)]
    assert all(told(each, language) for each in broken for language in LANGUAGES)


def test_what_is_no_row_is_said() -> None:
    twice = {**ROWS["amounts"][0], "eur": 1}
    _, broken = read_terms({"amounts": [ROWS["amounts"][0], twice, 3], "sizes": "3", "mission_sets": []})
    assert rules(broken) == [
        ("sizes", "not_a_list"),
        ("mission_sets", "not_an_object"),
        ("amounts.2", "not_an_object"),
        ("amounts", "rows_overlap"),
    ]
    ended = {**ROWS["amounts"][0], "valid_to": "2023-01-01"}
    assert read_terms({"amounts": [ended, {**twice, "valid_from": "2023-01-02"}]})[1] == []


def test_a_deployment_comes_after_its_start() -> None:
    row = {"code": "acces_soins", "kind": "socle", "start_months": 6, "deploy_months": 5}
    _, broken = read_terms({"mission_sets": {"a": [row]}})
    assert rules(broken) == [("mission_sets.a.0.deploy_months", "deployed_before_start")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_has_its_sentence_and_what_to_change(language: str) -> None:
    """Each rule that a source of the core names is in the catalogue, and the catalogue names no other."""
    texts = wording(language).texts
    said = {key.split(".", 2)[2] for key in texts if key.startswith("coordination.broken.")}
    changed = {key.split(".", 2)[2] for key in texts if key.startswith("coordination.change.")}
    sources = "\n".join(path.read_text("utf-8") for path in CORE.glob("*.py"))
    named = set(re.findall(r'(?:Broken|wrong)\(\s*f?"[^"]*",\s*"(\w+)"', sources))
    assert named - said == set()
    assert said == changed
    assert {rule for rule in said if f'"{rule}"' not in sources} == set()


def test_values_are_written_in_the_language() -> None:
    assert write_value(Decimal("66.260")) == "66,26"
    assert write_value(Fraction(200, 3), "en") == "66.667"
    assert write_value(-1_234_567, "en") == "-1,234,567"
    assert write_value(date(2026, 4, 15)) == "15/04/2026"


@pytest.mark.reference
def test_the_reference_rows_are_read(reference: Path) -> None:
    terms, broken = read_terms(json.loads((reference / "data" / "aci.json").read_text("utf-8")))
    assert broken == []
    weights = sum(each.weight_cents for mission, each in terms.examples if mission == "acces_soins")
    assert weights == terms.amounts_of(3, "acces_soins", date(2026, 1, 1))[Part.VARIABLE].cents == 3_500_000
