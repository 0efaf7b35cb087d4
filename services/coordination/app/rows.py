"""What leaves as rows, in a file or a document: the header first, in the reader's language."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.coordination.core.figures import CLASSES
from services.coordination.core.measures import MEASURES
from services.coordination.core.year import Happened
from shared.http.export import Cell
from shared.wording.labels import Wording

FIGURE = ("figure", "value", "above", "below", "formula")
FACTS = "facts"
"""The source of a figure that is reckoned from our own facts."""


def figure_rows(figures: Iterable[Sequence[Cell]], words: Wording) -> list[list[Cell]]:
    """Figures, a row each: label, value, what was divided by what, formula."""
    return [head(FIGURE, words), *(list(each) for each in figures)]


def contract_rows(indicators: Iterable[Mapping[str, Any]], columns: Sequence[str], words: Wording) -> list[list[Cell]]:
    """Indicators, a row each: of these columns, the values of those names."""

    def say(column: str, value: Any) -> Cell:
        if column == "mission":
            return words.label("mission", value)
        return words.say("coordination.our_facts") if (column, value) == ("source", FACTS) else value

    return [head(columns, words), *([say(column, each[column]) for column in columns] for each in indicators)]


def table_rows(
    communes: Sequence[str], counts: Sequence[Sequence[int | None]], names: Mapping[str, str], words: Wording
) -> list[list[Cell]]:
    """Counts by commune and class with their sums (the last row, the last column); None: too few to be told."""
    few, total = words.say("year.few"), words.say("coordination.column.total")
    first: list[Cell] = [words.say("coordination.column.commune"), *(f"P{n}" for n in CLASSES), total]
    called = [*(names.get(each, each) for each in communes), total] if communes else []
    body: list[list[Cell]] = [
        [name, *(few if count is None else count for count in row)] for name, row in zip(called, counts, strict=False)
    ]
    return [first, *body]


def list_rows(name: str, happened: Happened) -> list[list[Cell]]:
    """The list behind a name: its things, without anybody's name."""
    things = MEASURES[name].list(happened)
    if not things:
        return [["id"]]
    columns = list(things[0]._fields)
    return [list[Cell](columns)] + [[_cell(getattr(each, column)) for column in columns] for each in things]


def head(columns: Iterable[str], words: Wording) -> list[Cell]:
    """The header of these columns."""
    return [words.say(f"coordination.column.{each}") for each in columns]


def _cell(value: Any) -> Cell:
    return " ".join(sorted(value)) if isinstance(value, frozenset) else value
