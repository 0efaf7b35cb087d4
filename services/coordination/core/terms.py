"""What a contract may hold, as dated rows: sizes, missions with their deadlines, amounts by part, example indicators.

None of it is a constant of the code: `read_terms` reads rows (the shape of `aci.json`), each with a source, a status
and the days on which it holds, and says what to change in those it refuses.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import combinations
from typing import Any

from services.coordination.core.broken import Broken, under
from services.coordination.core.indicators import Direction, Goal, Indicator, Part, Threshold, check_indicator
from services.coordination.core.rows import DataRow, Validity, read_decimal

COMPULSORY = "socle"
OPTIONAL_MARK = "*"
"""Behind a mission's code in a bare list: it is complementary."""


@dataclass(frozen=True, slots=True)
class SizeBand:
    """A size of CPTS: inhabitants from `low` to `high`; one who stands on a border may be of either size."""

    size: int
    low: int
    high: int | None
    validity: Validity

    @property
    def what(self) -> object:
        """What one row at a time says."""
        return self.size


@dataclass(frozen=True, slots=True)
class MissionTerms:
    """A mission of a label set, compulsory or not, with the months it has to start and to be fully deployed."""

    label_set: str
    code: str
    compulsory: bool
    start_months: int | None
    deploy_months: int | None
    validity: Validity

    @property
    def what(self) -> object:
        """What one row at a time says."""
        return self.label_set, self.code


@dataclass(frozen=True, slots=True)
class Amount:
    """What a part of a mission pays a year at a size."""

    size: int
    mission: str
    part: Part
    cents: int
    validity: Validity

    @property
    def what(self) -> object:
        """What one row at a time says."""
        return self.size, self.mission, self.part


@dataclass(frozen=True, slots=True)
class AciTerms:
    """Every row that was read. `examples`: indicators with the code of their mission."""

    sizes: tuple[SizeBand, ...]
    missions: tuple[MissionTerms, ...]
    amounts: tuple[Amount, ...]
    examples: tuple[tuple[str, Indicator], ...]

    def sizes_of(self, population: int, day: date) -> frozenset[int]:
        """The sizes a CPTS of so many inhabitants may have: one, or two on a border."""
        return frozenset(
            band.size
            for band in self.sizes
            if band.validity.holds_on(day)
            and band.low <= population <= (population if band.high is None else band.high)
        )

    def missions_of(self, label_set: str, day: date) -> dict[str, MissionTerms]:
        """The missions of a label set that day, by code."""
        return {row.code: row for row in self.missions if row.label_set == label_set and row.validity.holds_on(day)}

    def amounts_of(self, size: int, mission: str, day: date) -> dict[Part, Amount]:
        """What a mission pays that day, by part."""
        known = (row for row in self.amounts if (row.size, row.mission) == (size, mission))
        return {row.part: row for row in known if row.validity.holds_on(day)}


def read_terms(given: Mapping[str, Any]) -> tuple[AciTerms, list[Broken]]:
    """The rows of a mapping of the shape of `aci.json`, and every rule that one of them breaks."""
    broken: list[Broken] = []
    rows = _Reader(given, broken)
    terms = AciTerms(
        sizes=tuple(map(_size, rows.each("sizes"))),
        missions=tuple(map(_mission, rows.missions())),
        amounts=tuple(map(_amount, rows.each("amounts"))),
        examples=tuple(map(_example, rows.each("example_indicators"))),
    )
    rows.gather()
    broken += _overlaps("sizes", terms.sizes)
    broken += _overlaps("mission_sets", terms.missions)
    broken += _overlaps("amounts", terms.amounts)
    return terms, broken


class _Reader:
    """The rows of a mapping, with what was found wrong in them once they are read."""

    def __init__(self, given: Mapping[str, Any], broken: list[Broken]) -> None:
        self._given = given
        self._broken = broken
        self._rows: list[DataRow] = []

    def each(self, name: str) -> Iterator[DataRow]:
        found = self._given.get(name, [])
        if not isinstance(found, list):
            self._broken.append(Broken(name, "not_a_list"))
            return
        for at, values in enumerate(found):
            yield from self._row(f"{name}.{at}", values)

    def missions(self) -> Iterator[DataRow]:
        sets = self._given.get("mission_sets", {})
        if not isinstance(sets, Mapping):
            self._broken.append(Broken("mission_sets", "not_an_object"))
            return
        for label_set, missions in sets.items():
            for at, each in enumerate(missions if isinstance(missions, list) else [missions]):
                optional = isinstance(each, str) and each.endswith(OPTIONAL_MARK)
                bare = {"code": str(each).rstrip(OPTIONAL_MARK), "kind": "" if optional else COMPULSORY}
                values = bare if isinstance(each, str) else each
                for row in self._row(f"mission_sets.{label_set}.{at}", values):
                    row.values = {**row.values, "label_set": label_set}
                    yield row

    def gather(self) -> None:
        """Add what each row found wrong."""
        self._broken += [each for row in self._rows for each in row.broken]

    def _row(self, path: str, values: object) -> Iterator[DataRow]:
        if not isinstance(values, Mapping):
            self._broken.append(Broken(path, "not_an_object"))
            return
        self._rows.append(DataRow(path, values))
        yield self._rows[-1]


def _size(row: DataRow) -> SizeBand:
    low, high = row.whole("min", needed=False) or 0, row.whole("max", needed=False)
    if high is not None and high <= low:
        row.wrong("max", "band_reversed", low=low, high=high)
    return SizeBand(row.whole("size") or 0, low, high, row.validity())


def _mission(row: DataRow) -> MissionTerms:
    start, deploy = row.whole("start_months", needed=False), row.whole("deploy_months", needed=False)
    if start is not None and deploy is not None and deploy < start:
        row.wrong("deploy_months", "deployed_before_start", start=start, deploy=deploy)
    compulsory = str(row.values.get("kind", "")).startswith(COMPULSORY)
    return MissionTerms(row.text("label_set"), row.text("code"), compulsory, start, deploy, row.validity())


def _amount(row: DataRow) -> Amount:
    part = row.choose("part", Part, Part.FIXED)
    return Amount(row.whole("size") or 0, row.text("mission"), part, row.cents("eur"), row.validity())


def _example(row: DataRow) -> tuple[str, Indicator]:
    indicator = read_indicator(row)
    row.broken.extend(under(row.path, check_indicator(indicator)))
    return row.text("mission"), indicator


def read_indicator(row: DataRow) -> Indicator:
    """One indicator as it is written; what does not fit is noted on the row."""
    goal = row.choose("kind", Goal, Goal.DELIVERABLE)
    steps = tuple(_thresholds(row))
    direction = row.choose("direction", Direction, Direction.UP) if row.values.get("direction") else None
    target = row.number("target", needed=False)
    since, until = row.day("since"), row.day("until")
    return Indicator(
        label=row.text("label"),
        goal=goal,
        weight_cents=row.cents("weight_eur"),
        direction=direction,
        baseline=row.number("baseline", needed=False),
        target=steps[0].at if goal is Goal.TARGET and target is None and steps else target,
        stated_gap=row.number("stated_gap", needed=False),
        steps=steps if goal is Goal.STEPS else (),
        each_cents=row.cents("each_eur") if row.values.get("each_eur") is not None else None,
        part=row.choose("part", Part, Part.VARIABLE) if row.values.get("part") else Part.VARIABLE,
        value_from=str(row.values.get("value_from") or ""),
        formula=str(row.values.get("formula") or ""),
        proofs=tuple(map(str, row.values.get("proofs") or ())),
        period=(since, until) if since and until else None,
    )


def _thresholds(row: DataRow) -> Iterator[Threshold]:
    for at, pair in enumerate(row.values.get("steps") or ()):
        found = [read_decimal(each) for each in pair] if isinstance(pair, list | tuple) else []
        if len(found) != 2 or None in found:
            row.wrong(f"steps.{at}", "not_a_step", found=pair)
        else:
            reached, eur = (each or Decimal() for each in found)
            yield Threshold(reached, int(eur.scaleb(2)))


def _overlaps(name: str, rows: Iterable[SizeBand | MissionTerms | Amount]) -> Iterator[Broken]:
    """Pairs of rows that say the same thing on one day."""
    for one, other in combinations(rows, 2):
        if one.what == other.what and one.validity.meets(other.validity):
            yield Broken(name, "rows_overlap", {"what": _name(one.what)})


def _name(what: object) -> str:
    return " · ".join(map(str, what)) if isinstance(what, tuple) else str(what)
