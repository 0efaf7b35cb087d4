"""People without a médecin traitant from a spreadsheet, without any identity: a NIR is refused, and not repeated."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from services.files.communes import INSEE
from services.files.instants import DATE_ALONE
from services.files.people import COMMUNE, REFERENCE, read_people
from services.files.table import BadRow, Cells, Column, normalise, read_instant

COLUMNS = (
    Column("reference", ("ref", "numero"), required=True),
    Column("commune", ("insee", "code commune", "code insee"), required=True),
    Column("age"),
    Column("criteres", ("critere", "priorite", "situation")),
    Column("domicile", ("visites a domicile",)),
    Column("depuis", ("cherche depuis", "inscrit le")),
    Column("foyer", ("meme foyer que",)),
    Column("trajet_max_min", ("trajet max", "trajet")),
    Column("source", ("origine",)),
)
FLAGS = {"grossesse": "pregnancy", "c2s": "c2s_ame", "ame": "c2s_ame", "handicap": "disability"}
SOURCES = {"patient": "patient", "cabinet": "practice", "pharmacie": "pharmacy", "mairie": "mairie", "cpam": "cpam"}
SOURCES |= {"sas": "sas", "ehpad": "ehpad", "association": "association", "autre": "other"}
DATE_RULE = "une date, comme 2026-03-01 ou 01/03/2026"


@dataclass(frozen=True, slots=True)
class AttachmentLine:
    """One person. `reference` is the caller's own: the same one is the same person; `with_reference`: of a household
    already entered."""

    line: int
    reference: str
    insee: str
    age: int | None
    flags: tuple[str, ...]
    home_visits: bool
    waiting_since: datetime | None
    with_reference: str
    max_travel_minutes: int | None
    source: str


def read_attachments(lines: Iterable[bytes]) -> Iterator[AttachmentLine | BadRow]:
    """The people of a file, as written; a reference used twice keeps its first line."""
    return read_people(lines, COLUMNS, _person)


def _person(cells: Cells, reference: str) -> AttachmentLine:
    return AttachmentLine(
        line=cells.line,
        reference=reference,
        insee=cells.text("commune", INSEE, COMMUNE),
        age=cells.whole("age", 0, 130) if cells.values.get("age") else None,
        flags=tuple(sorted({_flag(word) for word in cells.words("criteres")})),
        home_visits=cells.yes("domicile"),
        waiting_since=_since(cells),
        with_reference=cells.text("foyer", REFERENCE, "la référence d'une autre ligne", needed=False),
        max_travel_minutes=cells.whole("trajet_max_min", 1, 240) if cells.values.get("trajet_max_min") else None,
        source=cells.choice("source", SOURCES, default="other"),
    )


def _flag(word: str) -> str:
    plain = normalise(word)
    return FLAGS.get(plain, plain.replace(" ", "_"))


def _since(cells: Cells) -> datetime | None:
    value = cells.values.get("depuis", "")
    if not value:
        return None
    found = read_instant(f"{value} 00:00" if DATE_ALONE.fullmatch(value) else value, cells.zone)
    if isinstance(found, datetime):
        return found
    cells.wrong("depuis", DATE_RULE)
    return None
