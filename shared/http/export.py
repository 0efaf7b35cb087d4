"""Lists as files: CSV for any spreadsheet, XLSX for those who have Excel. One shape for every list of every service.

A spreadsheet set to the reader's language opens either without a click: dates are dates, numbers are numbers.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

import xlsxwriter
from fastapi.responses import Response
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import database_now
from shared.db.clock import day_at, zone_at
from shared.wording.labels import Wording

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
Cell = str | int | float | date | None
"""Aware instants are told by the clocks of the territory; nothing is an empty cell."""
Rows = Sequence[Sequence[Cell]]
NOT_IN_A_SHEET_NAME = re.compile(r"[\[\]:*?/\\']")
LONGEST_SHEET_NAME = 31


class FileKind(StrEnum):
    """What a list may leave as."""

    CSV = "csv"
    XLSX = "xlsx"


MEDIA = {
    FileKind.CSV: "text/csv; charset=utf-8",
    FileKind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True)
class ListName:
    """What a file is called: which list, of which CPTS and day; and by which clocks and in which language it is."""

    title: str
    owner: str
    day: date
    zone: ZoneInfo
    language: str

    @property
    def file(self) -> str:
        """The name of the file, without its ending: letters, digits and dashes."""
        plain = unicodedata.normalize("NFKD", f"{self.title} {self.owner}").encode("ascii", "ignore").decode().lower()
        return f"{'-'.join(re.findall('[a-z0-9]+', plain))}-{self.day.isoformat()}"

    @property
    def sheet(self) -> str:
        """The name of the sheet."""
        return NOT_IN_A_SHEET_NAME.sub(" ", f"{self.title} {self.owner}")[:LONGEST_SHEET_NAME].strip()


async def name_list(session: AsyncSession, words: Wording, name: str, cpts_id: str, cpts_name: str) -> ListName:
    """What the file of a list of a CPTS is called today."""
    zone = await zone_at(session, cpts_id)
    day = day_at(await database_now(session), zone)
    return ListName(words.say(f"export.title.{name}"), cpts_name or cpts_id, day, zone, words.language)


def inert(cell: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


def as_csv(rows: Rows, name: ListName) -> bytes:
    """Semicolons and a byte-order mark: what spreadsheets set to French open without asking."""
    french = name.language == "fr"

    def say(cell: Cell) -> str | int:
        match cell:
            case datetime():
                return cell.astimezone(name.zone).strftime("%d/%m/%Y %H:%M" if french else "%Y-%m-%d %H:%M")
            case date():
                return cell.strftime("%d/%m/%Y" if french else "%Y-%m-%d")
            case float():
                return str(cell).replace(".", ",") if french else str(cell)
            case str():
                return inert(cell)
            case _:
                return "" if cell is None else cell

    written = io.StringIO()
    csv.writer(written, delimiter=";").writerows([say(cell) for cell in row] for row in rows)
    return written.getvalue().encode("utf-8-sig")


def as_xlsx(rows: Rows, name: ListName) -> bytes:
    """One sheet, the header frozen and filterable; text is never taken for a formula or a link."""
    written = io.BytesIO()
    safe = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(written, safe) as book:
        sheet = book.add_worksheet(name.sheet)
        instant, day = (book.add_format({"num_format": each}) for each in ("dd/mm/yyyy hh:mm", "dd/mm/yyyy"))
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(1, len(rows) - 1), len(rows[0]) - 1)
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                if isinstance(cell, datetime):
                    sheet.write_datetime(number, column, cell.astimezone(name.zone).replace(tzinfo=None), instant)
                elif isinstance(cell, date):
                    sheet.write_datetime(number, column, cell, day)
                elif cell is not None:
                    sheet.write(number, column, inert(cell) if isinstance(cell, str) else cell)
        sheet.autofit()
    return written.getvalue()


def as_file(name: ListName, kind: FileKind, rows: Rows) -> Response:
    """A list to keep: the header first, then one row an element."""
    content = as_csv(rows, name) if kind is FileKind.CSV else as_xlsx(rows, name)
    where = {"Content-Disposition": f'attachment; filename="{name.file}.{kind}"'}
    return Response(content, media_type=MEDIA[kind], headers=where)
