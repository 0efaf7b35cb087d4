"""The board as a file: CSV for any spreadsheet, XLSX for those who have Excel. No patient's data is in it."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime

import xlsxwriter

from shared.clock import PARIS
from shared.contracts import RequestView
from shared.labels import Wording

COLUMNS = (
    "submitted_at", "urgency", "commune", "motive", "state", "deadline_at", "blocks", "next_step_at", "reason"
)  # fmt: skip
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
Cell = str | int


def table(
    requests: Sequence[RequestView], words: Wording, communes: Mapping[str, str], motives: Mapping[str, str]
) -> list[list[Cell]]:
    """The header, then one row per request; times are those of Paris."""
    header: list[Cell] = [words.say(f"export.{column}") for column in COLUMNS]
    return [header, *(_row(request, words, communes, motives) for request in requests)]


def _row(request: RequestView, words: Wording, communes: Mapping[str, str], motives: Mapping[str, str]) -> list[Cell]:
    blocks = sorted(request.blockers.items(), key=lambda item: -item[1])
    return [
        _time(request.submitted_at),
        f"P{request.urgency}",
        communes.get(request.insee, request.insee),
        motives.get(request.act, request.act),
        words.label("request_state", request.state),
        _time(request.deadline_at),
        ", ".join(f"{count} {words.label('blocker', code)}" for code, count in blocks),
        _time(request.next_step_at),
        words.label("closure", request.reason) if request.reason else "",
    ]


def _time(at: datetime | None) -> str:
    return at.astimezone(PARIS).strftime("%Y-%m-%d %H:%M") if at else ""


def inert(cell: Cell) -> Cell:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell


def as_csv(rows: Sequence[Sequence[Cell]]) -> bytes:
    """Semicolons and a byte-order mark: what spreadsheets set to French open without asking."""
    written = io.StringIO()
    csv.writer(written, delimiter=";").writerows([inert(cell) for cell in row] for row in rows)
    return written.getvalue().encode("utf-8-sig")


def as_xlsx(rows: Sequence[Sequence[Cell]]) -> bytes:
    """One sheet, the header frozen and filterable; text is never taken for a formula or a link."""
    written = io.BytesIO()
    with xlsxwriter.Workbook(
        written, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(1, len(rows) - 1), len(rows[0]) - 1)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
        sheet.autofit()
    return written.getvalue()
