"""A document as PDF: a title, a period, and tables that go on from page to page with their header."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

from shared.http.export import Cell, Rows

MARGIN = 18 * mm
WIDTH = A4[0] - 2 * MARGIN


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a document: its title, a table, the header first, and the share of the width of each column."""

    title: str
    rows: Rows
    widths: Sequence[float]


def write_pdf(title: str, period: str, sections: Sequence[Section], *, language: str) -> bytes:
    """A document that is the same file for the same content."""
    styles, written = getSampleStyleSheet(), io.BytesIO()
    cell = styles["BodyText"]
    cell.fontSize, cell.leading = 8, 10
    document = SimpleDocTemplate(
        written, pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN,
        title=title, author="Aiguillage", lang=language, invariant=1,
    )  # fmt: skip
    story = [Paragraph(_safe(title), styles["Title"]), Paragraph(_safe(period), styles["Normal"]), Spacer(0, 6 * mm)]
    for section in sections:
        story.append(Paragraph(_safe(section.title), styles["Heading2"]))
        widths = [WIDTH * share for share in section.widths]
        body = [[Paragraph(_safe(_say(each, language)), cell) for each in row] for row in section.rows]
        story.append(LongTable(body, colWidths=widths, repeatRows=1, style=LINES))
        story.append(Spacer(0, 5 * mm))
    document.build(story, onFirstPage=_number_page, onLaterPages=_number_page)
    return written.getvalue()


LINES = TableStyle(
    [
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, colors.black),
        ("LINEBELOW", (0, 1), (-1, -1), 0.3, colors.lightgrey),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("TOPPADDING", (0, 0), (-1, -1), 1),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
    ]
)


def _number_page(canvas: Canvas, _document: SimpleDocTemplate) -> None:
    canvas.setFont("Helvetica", 8)
    canvas.drawRightString(A4[0] - MARGIN, MARGIN / 2, str(canvas.getPageNumber()))


def _say(value: Cell, language: str) -> str:
    if isinstance(value, float):
        return f"{value:g}".replace(".", "," if language == "fr" else ".")
    return "" if value is None else str(value)


def _safe(text: str) -> str:
    """A text of the fonts that every reader of PDF has: their signs are those of Windows-1252."""
    plain = text.replace("\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}")
    return escape(plain.encode("cp1252", "replace").decode("cp1252"))
