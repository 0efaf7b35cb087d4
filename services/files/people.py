"""Files about people, without any identity: a line that holds a NIR is refused, and not repeated."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from services.files.table import BadRow, Cells, Column, read_table
from shared.outside.nir import INS_OID, holds_nir

REFERENCE = r"[\w./-]{1,60}"
COMMUNE = "un code INSEE de cinq caractères, comme 13214 ou 2A004"
Line = TypeVar("Line")


def read_people(
    lines: Iterable[bytes], columns: Sequence[Column], read: Callable[[Cells, str], Line]
) -> Iterator[Line | BadRow]:
    """The lines of a file that has a column `reference`; one used twice keeps its first line.

    `read` makes a line of its cells and its reference; what it finds wrong there keeps the line out.
    """
    seen: dict[str, int] = {}
    for cells in read_table(lines, columns):
        if isinstance(cells, BadRow):
            # What could not be read is not shown: it may hold anything.
            yield BadRow(cells.line, cells.column, "", cells.change)
            continue
        found = None if _identified(cells) else read(cells, _reference(cells, seen))
        if found is None or cells.bad:
            yield from cells.bad
        else:
            seen[cells.values["reference"]] = cells.line
            yield found


def _identified(cells: Cells) -> bool:
    """Whether the line says who somebody is."""
    if not (holds_nir(cells.raw) or INS_OID.search(cells.raw)):
        return False
    column = next((name for name, value in cells.values.items() if holds_nir(value)), "")
    change = "retirer le numéro de sécurité sociale (NIR, INS) : il n'est jamais enregistré ici"
    cells.wrong(column, change, value="…")
    return True


def _reference(cells: Cells, seen: dict[str, int]) -> str:
    reference = cells.text("reference", REFERENCE, "une référence de 60 signes au plus, sans espace ni nom")
    if reference in seen:
        cells.wrong("reference", f"cette référence est déjà celle de la ligne {seen[reference]}")
    return reference
