"""Requests from a spreadsheet, without any identity: a line that holds a NIR is refused, and not repeated."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from services.files.communes import INSEE
from services.files.people import COMMUNE, read_people
from services.files.slots import MODES
from services.files.table import BadRow, Cells, Column

COLUMNS = (
    Column("reference", ("ref", "numero"), required=True),
    Column("cpts", ("finess cpts",), required=True),
    Column("commune", ("insee", "code commune", "code insee"), required=True),
    Column("urgence", ("priorite",), required=True),
    Column("motif", ("code motif", "acte"), required=True),
    Column("avant", ("echeance", "au plus tard")),
    Column("des", ("a partir de", "au plus tot")),
    Column("reponse_avant", ("repondre avant",)),
    Column("profession", ("professions",)),
    Column("modes", ("mode",)),
    Column("source", ("origine",)),
    Column("age"),
    Column("personnes", ("nombre de personnes",)),
    Column("transport", ("a un vehicule", "vehicule")),
    Column("trajet_max_min", ("trajet max", "trajet")),
    Column("fauteuil", ("fauteuil roulant",)),
    Column("praticien_habituel", ("rpps habituel", "medecin traitant")),
)
URGENCIES = {"p1": "1", "p2": "2", "p3": "3", "p4": "4", "1": "1", "2": "2", "3": "3", "4": "4"}
SOURCES = {"sas": "sas", "samu": "sas", "cabinet": "practice", "practice": "practice", "pharmacie": "pharmacy"}
SOURCES |= {"pharmacy": "pharmacy", "infirmier": "nurse", "nurse": "nurse", "ehpad": "ehpad"}
SOURCES |= {"patient": "patient", "autre": "other", "other": "other"}
DEFAULT_TRAVEL_MIN = 30


@dataclass(frozen=True, slots=True)
class RequestLine:
    """One request, instants in UTC. `reference` is the caller's own: the same one is the same request.

    Empty `professions` and `modes`: those of the motive. No deadline: the one of the class.
    """

    line: int
    reference: str
    cpts: str
    insee: str
    urgency: int
    earliest_at: datetime | None
    deadline_at: datetime | None
    answer_by: datetime | None
    professions: tuple[str, ...]
    motive: str
    modes: tuple[str, ...]
    source: str
    age: int | None
    party: int
    on_foot: bool
    max_travel_minutes: int
    wheelchair: bool
    habitual_rpps: str


def read_requests(lines: Iterable[bytes]) -> Iterator[RequestLine | BadRow]:
    """The requests of a file, as written; a reference used twice keeps its first line."""
    return read_people(lines, COLUMNS, _request)


def _request(cells: Cells, reference: str) -> RequestLine:
    deadline_at, earliest_at = cells.instant("avant", needed=False), cells.instant("des", needed=False)
    found = RequestLine(
        line=cells.line,
        reference=reference,
        cpts=cells.text("cpts", r"[0-9AB]{9}", "le FINESS de la CPTS, 9 caractères"),
        insee=cells.text("commune", INSEE, COMMUNE),
        urgency=int(cells.choice("urgence", URGENCIES) or 4),
        earliest_at=earliest_at,
        deadline_at=deadline_at,
        answer_by=cells.instant("reponse_avant", needed=False),
        professions=tuple(cells.words("profession")),
        motive=cells.text("motif", r"[A-Za-z0-9_.-]{1,40}", "un code de motif, comme fever_adult"),
        modes=cells.choices("modes", MODES, ()),
        source=cells.choice("source", SOURCES, default="other"),
        age=cells.whole("age", 0, 130) if cells.values.get("age") else None,
        party=cells.whole("personnes", 1, 8, default=1),
        on_foot=not cells.yes("transport", default=True),
        max_travel_minutes=cells.whole("trajet_max_min", 1, 240, default=DEFAULT_TRAVEL_MIN),
        wheelchair=cells.yes("fauteuil"),
        habitual_rpps=cells.text("praticien_habituel", r"8?[0-9]{11}", "un numéro RPPS de 11 chiffres", needed=False)[
            -11:
        ],
    )
    _check_together(cells, found)
    return found


def _check_together(cells: Cells, found: RequestLine) -> None:
    if any(len(code) != 2 or not code.isdigit() for code in found.professions):
        cells.wrong("profession", "des codes de profession à deux chiffres (TRE_G15), comme 10 ou 60")
    if cells.bad:
        return
    if found.earliest_at and found.deadline_at and found.earliest_at >= found.deadline_at:
        cells.wrong("avant", "un instant après « des »")
    if found.answer_by and found.deadline_at and found.answer_by > found.deadline_at:
        cells.wrong("reponse_avant", "un instant qui ne dépasse pas « avant »")
