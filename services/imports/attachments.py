"""People without a médecin traitant from a spreadsheet, without any identity: a NIR is refused, and not repeated."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from services.imports.communes import INSEE
from services.imports.table import BadRow, Cells, Column, normalised, read_instant, read_table
from shared.nir import INS_OID, holds_nir

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
    seen: dict[str, int] = {}
    for cells in read_table(lines, COLUMNS):
        if isinstance(cells, BadRow):
            # What could not be read is not shown: it may hold anything.
            yield BadRow(cells.line, cells.column, "", cells.change)
            continue
        found = _person(cells, seen)
        if found is None:
            yield from cells.bad
        else:
            yield found


def _person(cells: Cells, seen: dict[str, int]) -> AttachmentLine | None:
    if holds_nir(cells.raw) or INS_OID.search(cells.raw):
        column = next((name for name, value in cells.values.items() if holds_nir(value)), "")
        change = "retirer le numéro de sécurité sociale (NIR, INS) : il n'est jamais enregistré ici"
        cells.wrong(column, change, value="…")
        return None
    reference = cells.text("reference", r"[\w./-]{1,60}", "une référence de 60 signes au plus, sans espace ni nom")
    if reference in seen:
        cells.wrong("reference", f"cette référence est déjà celle de la ligne {seen[reference]}")
    found = AttachmentLine(
        line=cells.line,
        reference=reference,
        insee=cells.text("commune", INSEE, "un code INSEE de cinq caractères, comme 13214 ou 2A004"),
        age=cells.whole("age", 0, 130) if cells.values.get("age") else None,
        flags=tuple(sorted({_flag(word) for word in cells.words("criteres")})),
        home_visits=cells.yes("domicile"),
        waiting_since=_since(cells),
        with_reference=cells.text("foyer", r"[\w./-]{1,60}", "la référence d'une autre ligne", needed=False),
        max_travel_minutes=cells.whole("trajet_max_min", 1, 240) if cells.values.get("trajet_max_min") else None,
        source=cells.choice("source", SOURCES, default="other"),
    )
    if cells.bad:
        return None
    seen[reference] = cells.line
    return found


def _flag(word: str) -> str:
    plain = normalised(word)
    return FLAGS.get(plain, plain.replace(" ", "_"))


def _since(cells: Cells) -> datetime | None:
    value = cells.values.get("depuis", "")
    if not value:
        return None
    dated = re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}", value)
    found = read_instant(f"{value} 00:00" if dated else value)
    if isinstance(found, datetime):
        return found
    cells.wrong("depuis", DATE_RULE)
    return None
