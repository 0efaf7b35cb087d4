"""Lists as a spreadsheet set to French reads them without a click: dates, numbers, and nothing that runs."""

import io
import zipfile
from datetime import UTC, date, datetime
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest

from shared.http.export import Cell, FileKind, ListName, as_csv, as_file, as_xlsx

NAME = ListName("Demandes [en] cours", "CPTS de l'Île : Été", date(2026, 11, 24), ZoneInfo("Indian/Reunion"), "fr")
SHEETS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
AT = datetime(2026, 11, 24, 20, 30, tzinfo=UTC)
ROWS: list[list[Cell]] = [["Quand", "Jour", "Part", "Nombre", "Texte", "Rien"], [AT, AT.date(), 12.5, -3, "=1+1", None]]


def test_a_french_csv_has_dates_of_the_place_commas_and_no_formula() -> None:
    written = as_csv(ROWS, NAME)
    assert written.startswith(b"\xef\xbb\xbf")
    _, row = written.decode("utf-8-sig").splitlines()
    assert row == "25/11/2026 00:30;24/11/2026;12,5;-3;'=1+1;"


def test_an_english_csv_has_points_and_days_that_sort() -> None:
    english = ListName("Requests", "CPTS", NAME.day, NAME.zone, "en")
    assert as_csv(ROWS, english).decode("utf-8-sig").splitlines()[1] == "2026-11-25 00:30;2026-11-24;12.5;-3;'=1+1;"


def test_a_workbook_has_real_dates_and_numbers_and_a_sheet_named_after_the_list() -> None:
    with zipfile.ZipFile(io.BytesIO(as_xlsx(ROWS, NAME))) as book:
        names, sheet, styles = (
            ElementTree.fromstring(book.read(f"xl/{part}.xml"))  # noqa: S314  ours
            for part in ("workbook", "worksheets/sheet1", "styles")
        )
    assert [each.get("name") for each in names.iter(f"{SHEETS}sheet")] == ["Demandes  en  cours CPTS de l Î"]
    cells = [each for each in sheet.iter(f"{SHEETS}c") if str(each.get("r")).endswith("2")]
    kinds = [(each.get("t"), each.findtext(f"{SHEETS}v")) for each in cells]
    serial = (date(2026, 11, 25) - date(1899, 12, 30)).days
    assert [kind for kind, _ in kinds[:4]] == [None] * 4
    half_past_midnight = serial + 30 / (24 * 60)
    assert [float(value or "") for _, value in kinds[:4]] == pytest.approx([half_past_midnight, serial - 1, 12.5, -3])
    assert [kind for kind, _ in kinds[4:]] == ["s"]
    formats = {each.get("numFmtId"): each.get("formatCode") for each in styles.iter(f"{SHEETS}numFmt")}
    looks = [each.get("numFmtId") for each in styles.findall(f"{SHEETS}cellXfs/{SHEETS}xf")]
    shown = [formats.get(looks[int(each.get("s", "0"))]) for each in cells[:2]]
    assert shown == ["dd/mm/yyyy hh:mm", "dd/mm/yyyy"]


def test_a_file_is_named_after_its_list_its_cpts_and_its_day() -> None:
    answer = as_file(NAME, FileKind.CSV, ROWS)
    said = answer.headers["content-disposition"]
    assert said == 'attachment; filename="demandes-en-cours-cpts-de-l-ile-ete-2026-11-24.csv"'
