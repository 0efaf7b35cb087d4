"""A contract as people write it, read into its value; and a first one made of the terms, to be corrected."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from services.coordination.core.broken import Broken
from services.coordination.core.contract import PAID_BY_INDICATORS, AciContract, Mission, add_months, check_contract
from services.coordination.core.formula import FormulaWrong, read_formula
from services.coordination.core.indicators import Goal, Indicator, Part
from services.coordination.core.measures import MEASURES
from services.coordination.core.rows import DataRow
from services.coordination.core.terms import AciTerms, read_indicator

YEARS = 5
MOST_MISSIONS, MOST_INDICATORS = 20, 60


def read_contract(given: Mapping[str, Any], terms: AciTerms) -> tuple[AciContract, list[Broken]]:
    """The contract of a form and every rule that it breaks, those of each value first."""
    row = DataRow("", given)
    rows = [row]
    starts_on, ends_on = row.day("starts_on") or _miss(row, "starts_on"), row.day("ends_on") or _miss(row, "ends_on")
    contract = AciContract(
        starts_on=starts_on,
        ends_on=ends_on,
        size=row.whole("size") or 0,
        population=row.whole("population") or 0,
        label_set=row.text("label_set"),
        missions=tuple(_missions(row, rows)),
    )
    broken = [Broken(each.field.lstrip("."), each.rule, each.values) for found in rows for each in found.broken]
    broken += [] if broken else check_contract(contract, terms)
    return contract, broken


def draft(terms: AciTerms, *, starts_on: date, population: int, label_set: str, remainder: str) -> dict[str, Any]:
    """A first contract for so many inhabitants: the compulsory missions, their sums, and the examples of indicators.

    What the examples leave of an envelope is one indicator called `remainder`: the sums are right from the start.
    """
    size = min(terms.sizes_of(population, starts_on), default=1)
    missions = []
    for code, mission in terms.missions_of(label_set, starts_on).items():
        if not mission.compulsory:
            continue
        parts = {part: row.cents for part, row in terms.amounts_of(size, code, starts_on).items()}
        paid = next((part for part in PAID_BY_INDICATORS if parts.get(part)), None)
        examples = [each for of, each in terms.examples if of == code] if paid else []
        left = parts.get(paid, 0) - sum(each.weight_cents for each in examples) if paid else 0
        if left < 0:
            examples, left = [], parts[paid] if paid else 0
        rest = [Indicator(remainder, Goal.DELIVERABLE, left, part=paid)] if left and paid else []
        missions.append(
            {
                "code": code,
                "parts": {part: _euros(cents) for part, cents in parts.items()},
                "indicators": [_write(each) for each in [*examples, *rest]],
            }
        )
    return {
        "starts_on": starts_on.isoformat(),
        "ends_on": (add_months(starts_on, 12 * YEARS) - timedelta(days=1)).isoformat(),
        "size": size,
        "population": population,
        "label_set": label_set,
        "missions": missions,
    }


def _missions(row: DataRow, rows: list[DataRow]) -> Iterator[Mission]:
    for path, values in _each(row, "missions", MOST_MISSIONS):
        mission = DataRow(path, values)
        rows.append(mission)
        parts = values.get("parts")
        sums = DataRow(f"{path}.parts", parts if isinstance(parts, Mapping) else {})
        rows.append(sums)
        yield Mission(
            code=mission.text("code"),
            parts={part: sums.cents(part) for part in Part if sums.values.get(part) is not None},
            indicators=tuple(_indicators(mission, rows)),
            started_on=mission.day("started_on"),
            deployed_on=mission.day("deployed_on"),
        )


def _indicators(mission: DataRow, rows: list[DataRow]) -> Iterator[Indicator]:
    for path, values in _each(mission, "indicators", MOST_INDICATORS):
        row = DataRow(path, values)
        rows.append(row)
        indicator = read_indicator(row)
        if indicator.formula:
            try:
                read_formula(indicator.formula, MEASURES)
            except FormulaWrong as wrong:
                row.broken.append(Broken(f"{path}.formula", wrong.broken.rule, wrong.broken.values))
        yield indicator


def _each(row: DataRow, name: str, most: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    found = row.values.get(name, [])
    if not isinstance(found, list) or len(found) > most:
        row.wrong(name, "not_a_list")
        return
    for at, values in enumerate(found):
        if isinstance(values, Mapping):
            yield f"{row.path}.{name}.{at}", values
        else:
            row.wrong(f"{name}.{at}", "not_an_object")


def _miss(row: DataRow, name: str) -> date:
    if not any(each.field.endswith(name) for each in row.broken):
        row.wrong(name, "missing")
    return date.min


def _write(indicator: Indicator) -> dict[str, Any]:
    found: dict[str, Any] = {
        "label": indicator.label,
        "kind": indicator.goal,
        "weight_eur": _euros(indicator.weight_cents),
        "value_from": indicator.value_from,
    }
    if indicator.direction:
        found["direction"] = indicator.direction
    for name in ("baseline", "target", "stated_gap"):
        if (value := getattr(indicator, name)) is not None:
            found[name] = _plain(value)
    if indicator.steps:
        found["steps"] = [[_plain(step.at), _euros(step.cents)] for step in indicator.steps]
    if indicator.formula:
        found["formula"] = indicator.formula
    if indicator.part is not Part.VARIABLE:
        found["part"] = indicator.part
    return found


def _euros(cents: int) -> int | float:
    return _plain(Decimal(cents).scaleb(-2))


def _plain(number: Decimal) -> int | float:
    return int(number) if number == int(number) else float(number)
