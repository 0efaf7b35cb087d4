"""Lists as files: CSV for any spreadsheet, XLSX for those who have Excel. One shape for every list of every service."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import xlsxwriter
from fastapi.responses import Response

from shared.db.clock import PARIS

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
Cell = str | int | float
Rows = Sequence[Sequence[Cell]]


class FileKind(StrEnum):
    """What a list may leave as."""

    CSV = "csv"
    XLSX = "xlsx"


MEDIA = {
    FileKind.CSV: "text/csv; charset=utf-8",
    FileKind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def inert(cell: Cell) -> Cell:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell


def as_csv(rows: Rows) -> bytes:
    """Semicolons and a byte-order mark: what spreadsheets set to French open without asking."""
    written = io.StringIO()
    csv.writer(written, delimiter=";").writerows([inert(cell) for cell in row] for row in rows)
    return written.getvalue().encode("utf-8-sig")


def as_xlsx(rows: Rows) -> bytes:
    """One sheet, the header frozen and filterable; text is never taken for a formula or a link."""
    written = io.BytesIO()
    with xlsxwriter.Workbook(
        written, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(1, len(rows) - 1), len(rows[0]) - 1)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, [inert(cell) for cell in row])
        sheet.autofit()
    return written.getvalue()


def as_file(name: str, kind: FileKind, rows: Rows) -> Response:
    """A list to keep: the header first, then one row an element."""
    content = as_csv(rows) if kind is FileKind.CSV else as_xlsx(rows)
    where = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
    return Response(content, media_type=MEDIA[kind], headers=where)


def moment(at: datetime | None) -> str:
    """An instant as spreadsheets sort it, in Paris; empty when there is none."""
    return at.astimezone(PARIS).strftime("%Y-%m-%d %H:%M") if at else ""
